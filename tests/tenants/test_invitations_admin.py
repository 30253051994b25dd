"""What staff see of invitations, and may do with them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from portal.events.models import AuditEvent
from portal.tenants.inviting import Stand, stand
from portal.tenants.models import Invitation
from tests.factories import StaffFactory, UserFactory
from tests.tenants.people import an_owner, invited

pytestmark = pytest.mark.django_db
LIST = "/admin/tenants/invitation/"


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(StaffFactory.create(username="boss"))
    return client


def test_staff_see_them_without_the_digest(staff: Client) -> None:
    row, _ = invited(an_owner())
    for page in (LIST, reverse("admin:tenants_invitation_change", args=[row.pk])):
        response = staff.get(page)
        assertContains(response, "kim@example.org")
        assertContains(response, "Open")
        assertNotContains(response, row.digest)


def test_the_list_asks_the_same_however_many_there_are(staff: Client, django_assert_num_queries: Any) -> None:
    owner = an_owner()
    invited(owner, "a@example.org")
    Invitation.objects.update(revoked_at=owner.created_at)
    staff.get(LIST)
    with django_assert_num_queries(8, exact=False) as one:
        staff.get(LIST)
    for number in range(5):
        invited(owner, f"b{number}@example.org")
    Invitation.objects.update(revoked_at=owner.created_at)
    with django_assert_num_queries(len(one)):
        staff.get(LIST)


def test_staff_revoke_one_after_being_asked(staff: Client) -> None:
    row, _ = invited(an_owner())
    page = reverse("admin:tenants_invitation_revoke", args=[row.pk])
    assertContains(staff.get(page), "is good no more")
    row.refresh_from_db()
    assert stand(row) is Stand.OPEN
    for _ in range(2):
        assert staff.post(page, {"confirmed": "yes"}).status_code == 302
    row.refresh_from_db()
    assert stand(row) is Stand.REVOKED
    assert list(AuditEvent.objects.filter(verb="invitation.revoked").values_list("who", flat=True)) == ["boss"]


def test_nobody_adds_changes_or_deletes_one_and_looking_is_not_revoking(staff: Client) -> None:
    row, _ = invited(an_owner())
    assert staff.get(f"{LIST}add/").status_code == 403
    for name in ("change", "delete"):
        assert (
            staff.post(reverse(f"admin:tenants_invitation_{name}", args=[row.pk]), {"post": "yes"}).status_code == 403
        )
    reader = UserFactory.create(is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_invitation"))
    client = Client()
    client.force_login(reader)
    assert client.get(reverse("admin:tenants_invitation_change", args=[row.pk])).status_code == 200
    assert (
        client.post(reverse("admin:tenants_invitation_revoke", args=[row.pk]), {"confirmed": "yes"}).status_code == 403
    )
