"""Roles change and people go, but a tenant always keeps an owner who can log in."""

from __future__ import annotations

from functools import partial

import pytest

from portal.events.models import AuditEvent
from portal.tenants.membership import change_organisation, change_role, is_only_owner, remove
from portal.tenants.models import Member, Role, Tenant
from portal.tenants.refusing import Refused
from tests.factories import MemberFactory
from tests.tenants.people import an_owner, at_once

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def owners_of(tenant: Tenant) -> int:
    return Member.objects.filter(tenant=tenant, role=Role.OWNER).count()


def test_a_role_changes_with_an_audit_event() -> None:
    owner = an_owner(username="sam")
    other = MemberFactory.create(tenant=owner.tenant, role=Role.VIEWER, user__username="kim")
    assert change_role(other, Role.OPERATOR, who="sam")
    assert not change_role(other, Role.OPERATOR, who="sam")
    assert Member.objects.get(pk=other.pk).role == Role.OPERATOR
    event = AuditEvent.objects.get()
    assert (event.verb, event.who, event.tenant_id) == ("member.role_changed", "sam", owner.tenant.pk)
    assert event.message == f"kim is operator of {owner.tenant} now, viewer before."


def test_the_last_owner_can_neither_be_demoted_nor_taken_out() -> None:
    owner = an_owner()
    MemberFactory.create(tenant=owner.tenant, role=Role.OPERATOR)
    an_owner()
    with pytest.raises(Refused, match="is the only owner"):
        change_role(owner, Role.VIEWER, who="sam")
    with pytest.raises(Refused, match="is the only owner"):
        remove(owner, who="sam")
    assert Member.objects.get(pk=owner.pk).role == Role.OWNER
    assert not AuditEvent.objects.exists()


def test_an_owner_who_cannot_log_in_does_not_count() -> None:
    owner = an_owner()
    gone = an_owner(owner.tenant, is_active=False)
    assert is_only_owner(owner)
    with pytest.raises(Refused):
        remove(owner, who="sam")
    remove(gone, who="sam")
    assert owners_of(owner.tenant) == 1


def test_whoever_goes_oneself_left_and_others_were_removed() -> None:
    owner = an_owner(username="sam")
    second = an_owner(owner.tenant, username="kim")
    remove(second, who="kim")
    with pytest.raises(Refused, match="any more"):
        remove(second, who="sam")
    third = MemberFactory.create(tenant=owner.tenant, role=Role.VIEWER, user__username="pat")
    remove(third, who="sam")
    assert list(AuditEvent.objects.order_by("pk").values_list("message", flat=True)) == [
        f"kim left {owner.tenant}.",
        f"pat was removed from {owner.tenant}.",
    ]


def test_name_and_time_zone_change_together() -> None:
    tenant = an_owner().tenant
    assert change_organisation(tenant, name="North plc", time_zone="Europe/Paris", who="sam") == ["name", "time_zone"]
    assert change_organisation(tenant, name="North plc", time_zone="Europe/Paris", who="sam") == []
    tenant.refresh_from_db()
    assert (tenant.name, tenant.time_zone) == ("North plc", "Europe/Paris")
    event = AuditEvent.objects.get()
    assert (event.verb, event.details["now"]) == (
        "organisation.changed", {"name": "North plc", "time_zone": "Europe/Paris"},
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_go_at_once_leave_one_behind() -> None:
    for _ in range(5):
        first = an_owner()
        second = an_owner(first.tenant)
        at_once(partial(remove, first, who="a"), partial(change_role, second, Role.VIEWER, who="b"))
        assert owners_of(first.tenant) == 1
