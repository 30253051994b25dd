"""Invitations: one mail with one link, good once, for one address, until it is revoked, replaced or too old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone

from portal.events.models import AuditEvent
from portal.tenants import inviting
from portal.tenants.inviting import Stand, accept, invitation_behind, invite, revoke, send_again, stand
from portal.tenants.models import Invitation, Member, Role
from portal.tenants.refusing import Refused
from tests.factories import MemberFactory, UserFactory
from tests.tenants.people import an_owner, at_once, invited, token_in_the_last_mail

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

DAY = timedelta(days=1)


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))


def test_the_mail_has_the_link_and_the_database_only_its_digest() -> None:
    owner = an_owner(username="sam@example.org")
    row, token = invited(owner, "Kim@Example.org")
    message: Any = mail.outbox[0]
    assert (message.to, row.email) == (["kim@example.org"], "kim@example.org")
    assert message.subject == f"Postroom: {owner.tenant.name} invites you"
    assert "sam@example.org invites you" in str(message.body)
    assert f"/invitation/?token={token}" in str(message.alternatives[0][0])
    assert token not in str(list(Invitation.objects.values()))
    assert invitation_behind(token) == row
    event = AuditEvent.objects.get()
    assert (event.verb, event.who, event.tenant_id) == ("member.invited", "sam@example.org", owner.tenant.pk)
    assert token not in f"{event.message} {event.details}"


def test_accepting_makes_a_member_and_uses_the_invitation_up() -> None:
    row, _ = invited(an_owner())
    kim = UserFactory.create(email="kim@example.org")
    member = accept(row, kim)
    assert (member.user, member.tenant, member.role) == (kim, row.tenant, Role.OPERATOR)
    assert EmailAddress.objects.get(user=kim).verified, "the link came by mail"
    row.refresh_from_db()
    assert stand(row) is Stand.ACCEPTED
    with pytest.raises(Refused, match="not open any more"):
        accept(row, kim)
    assert verbs() == ["member.invited", "member.joined"]


def test_another_address_is_not_let_in() -> None:
    row, _ = invited(an_owner())
    with pytest.raises(Refused, match="logged in with another address"):
        accept(row, UserFactory.create(email="alex@example.org"))
    assert stand(row) is Stand.OPEN


def test_an_address_that_somebody_claims_and_has_not_proved_is_not_theirs() -> None:
    row, _ = invited(an_owner())
    claimant = UserFactory.create(email="alex@example.org")
    EmailAddress.objects.create(user=claimant, email="kim@example.org", verified=False)
    with pytest.raises(Refused):
        accept(row, claimant)


def test_a_revoked_invitation_is_good_no_more() -> None:
    owner = an_owner()
    row, _ = invited(owner)
    revoke(row, who="sam")
    row.refresh_from_db()
    assert stand(row) is Stand.REVOKED
    with pytest.raises(Refused):
        accept(row, UserFactory.create(email="kim@example.org"))
    with pytest.raises(Refused):
        revoke(row, who="sam")
    assert verbs() == ["member.invited", "invitation.revoked"]


def test_sending_again_makes_a_new_link_and_the_one_before_is_dead() -> None:
    owner = an_owner()
    first, old = invited(owner)
    second = send_again(first, by=owner.user).invitation
    new = token_in_the_last_mail()
    assert new != old
    assert (second.email, second.role, len(mail.outbox)) == (first.email, first.role, 2)
    found = invitation_behind(old)
    assert found is not None
    assert stand(found) is Stand.REPLACED
    assert invitation_behind(new) == second
    kim = UserFactory.create(email="kim@example.org")
    with pytest.raises(Refused):
        accept(first, kim)
    accept(second, kim)


def test_after_seven_days_it_has_run_out_and_a_new_one_takes_its_place() -> None:
    owner = an_owner()
    row, _ = invited(owner)
    with time_machine.travel(timezone.now() + 7 * DAY + timedelta(minutes=1), tick=False):
        assert stand(row) is Stand.EXPIRED
        with pytest.raises(Refused):
            accept(row, UserFactory.create(email="kim@example.org"))
        again, _ = invited(owner)
        assert stand(again) is Stand.OPEN
        assert invite(owner.tenant, "alex@example.org", Role.VIEWER, by=owner.user).has_left


def test_whoever_is_invited_or_belongs_there_is_not_invited_again() -> None:
    owner = an_owner()
    MemberFactory.create(tenant=owner.tenant, user__email="Alex@example.org")
    invited(owner)
    with pytest.raises(Refused, match="has an invitation") as waiting:
        invite(owner.tenant, "KIM@example.org", Role.VIEWER, by=owner.user)
    with pytest.raises(Refused, match="belongs to") as belongs:
        invite(owner.tenant, "alex@EXAMPLE.org", Role.VIEWER, by=owner.user)
    assert (waiting.value.field, belongs.value.field) == ("email", "email")
    invited(an_owner(), "kim@example.org")


def test_nobody_floods_mailboxes_from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inviting, "MOST_A_DAY", 3)
    owner = an_owner()
    row, _ = invited(owner)
    row = send_again(row, by=owner.user).invitation
    revoke(row, who="sam")
    invited(owner, "alex@example.org")
    with pytest.raises(Refused, match="3 invitations within a day"):
        invited(owner, "pat@example.org")
    with time_machine.travel(timezone.now() + DAY + timedelta(minutes=1), tick=False):
        invited(owner, "pat@example.org")


def test_an_invitation_stands_when_the_mail_server_is_away(settings: Any) -> None:
    settings.EMAIL_BACKEND = "nowhere.Backend"
    owner = an_owner()
    sent = invite(owner.tenant, "kim@example.org", Role.VIEWER, by=owner.user)
    assert (sent.has_left, stand(sent.invitation)) == (False, Stand.OPEN)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_again(sent.invitation, by=owner.user).has_left


def test_whoever_joined_otherwise_meanwhile_keeps_their_role() -> None:
    row, _ = invited(an_owner(), role=Role.VIEWER)
    member = MemberFactory.create(tenant=row.tenant, user__email="kim@example.org", role=Role.OWNER)
    assert accept(row, member.user) == member
    assert Member.objects.get(user=member.user).role == Role.OWNER
    assert "member.joined" not in verbs()


def test_a_proof_of_somebody_else_is_left_alone() -> None:
    row, _ = invited(an_owner())
    EmailAddress.objects.create(user=UserFactory.create(), email="kim@example.org", verified=True)
    kim = UserFactory.create(email="kim@example.org")
    accept(row, kim)
    assert not EmailAddress.objects.filter(user=kim).exists()


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_member() -> None:
    row, _ = invited(an_owner())
    kim = UserFactory.create(email="kim@example.org")
    results = at_once(*(lambda: accept(row, kim),) * 4)
    assert sorted(type(result).__name__ for result in results) == ["Member", "Refused", "Refused", "Refused"]
    assert Member.objects.filter(user=kim).count() == 1


@pytest.mark.django_db(transaction=True)
def test_accepted_or_revoked_at_once_is_one_of_both() -> None:
    row, _ = invited(an_owner())
    kim = UserFactory.create(email="kim@example.org")
    results = at_once(lambda: accept(row, kim), lambda: revoke(row, who="sam"))
    row.refresh_from_db()
    assert (row.accepted_at is None) != (row.revoked_at is None)
    assert Member.objects.filter(user=kim).exists() == (row.accepted_at is not None)
    assert [isinstance(result, Refused) for result in results].count(True) == 1


@pytest.mark.django_db(transaction=True)
def test_two_owners_at_once_send_one_invitation_to_one_person() -> None:
    first = an_owner()
    second = an_owner(first.tenant)
    results = at_once(
        *(lambda by=by: invite(first.tenant, "kim@example.org", Role.VIEWER, by=by.user) for by in (first, second))
    )
    assert sorted(type(result).__name__ for result in results) == ["Refused", "Sent"]
    assert (Invitation.objects.count(), len(mail.outbox)) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_sent_again_twice_at_once_leaves_one_open_link() -> None:
    owner = an_owner()
    row, _ = invited(owner)
    at_once(*(lambda: send_again(row, by=owner.user),) * 2)
    assert Invitation.objects.filter(revoked_at=None).count() == 1
    assert len(mail.outbox) == 2
