"""What somebody sees who opens the link of an invitation, and what they can do with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from portal.events.models import AuditEvent
from portal.tenants import inviting, signing_up
from portal.tenants.inviting import revoke, send_again
from portal.tenants.models import Invitation, Member, Role
from tests.factories import PASSWORD, UserFactory
from tests.tenants.people import an_owner, invited, token_in_the_last_mail

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

PAGE = "/invitation/"
SIGN_UP = "/accounts/signup/"


@pytest.fixture
def owner(db: None) -> Member:
    return an_owner(username="sam@example.org")


def opened(client: Client, token: str) -> Any:
    return client.get(PAGE, {"token": token}, follow=True)


def of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_somebody_new_chooses_a_password_and_is_in(client: Client, owner: Member, settings: Any) -> None:
    settings.SIGN_UP = "invited"
    row, token = invited(owner)
    response = opened(client, token)
    assertRedirects(response, PAGE)
    assertContains(response, "sam@example.org invites k…@example.org")
    assertContains(response, "Choose a password and join")
    assertContains(client.get(SIGN_UP), 'value="kim@example.org"')
    assertNotContains(client.get(SIGN_UP), "Time zone")
    client.post(SIGN_UP, {"password1": PASSWORD, "email": "somebody.else@example.org"})
    kim = User.objects.get(email="kim@example.org")
    assert Member.objects.get(user=kim).role == Role.OPERATOR
    assert EmailAddress.objects.get(user=kim).verified, "the link came by mail"
    assert client.get("/transactions/").status_code == 200
    assert len(mail.outbox) == 1, "nothing more is to be proved"
    verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", "who"))
    assert verbs[1:] == [("person.signed_up", "kim@example.org"), ("member.joined", "kim@example.org")]
    assert User.objects.count() == 2
    row.refresh_from_db()
    assert row.accepted_at is not None


def test_opening_the_link_changes_nothing_and_leaves_no_token_behind(client: Client, owner: Member) -> None:
    _, token = invited(owner)
    assert opened(client, token).status_code == 200
    assert client.head(PAGE, {"token": token}).status_code == 302
    before = Invitation.objects.get()
    assert (before.accepted_at, before.revoked_at) == (None, None)
    sessions = [str(session.get_decoded()) for session in Session.objects.all()]
    assert sessions
    assert not any(token in session for session in sessions)


def test_somebody_with_an_account_logs_in_and_joins(client: Client, owner: Member) -> None:
    kim = UserFactory.create(email="kim@example.org")
    _, token = invited(owner)
    assertContains(opened(client, token), "This address has an account here")
    response = client.post("/accounts/login/", {"login": "kim@example.org", "password": PASSWORD})
    assertRedirects(response, PAGE)
    assertContains(client.get(PAGE), ">Join</button>")
    assert not Member.objects.filter(user=kim).exists()
    assertRedirects(client.post(PAGE), "/", fetch_redirect_response=False)
    assert Member.objects.get(user=kim).tenant == owner.tenant


def test_another_person_is_told_whom_it_is_for_and_how_to_go_on(owner: Member) -> None:
    alex = UserFactory.create(username="alex", email="alex@example.org")
    client = of(alex)
    _, token = invited(owner)
    response = opened(client, token)
    assertContains(response, "k…@example.org")
    assertContains(response, "You are logged in as alex")
    assertNotContains(response, "kim@example.org")
    client.post(PAGE)
    assert not Member.objects.filter(user=alex).exists()
    response = client.post("/invitation/as-another/", follow=True)
    assertContains(response, "Choose a password and join")
    assert client.get("/transactions/").status_code == 302


def test_an_invitation_can_be_put_aside(owner: Member) -> None:
    kim = UserFactory.create(email="kim@example.org")
    client = of(kim)
    row, token = invited(owner)
    opened(client, token)
    client.post(PAGE, {"forget": "yes"})
    assertContains(client.get(PAGE), "There is no such invitation", status_code=404)
    row.refresh_from_db()
    assert row.accepted_at is None


@pytest.mark.parametrize(
    ("stand", "said"),
    [
        ("revoked", "This invitation was revoked"),
        ("replaced", "There is a newer invitation"),
        ("accepted", "This invitation was used"),
        ("expired", "This invitation has run out"),
    ],
)
def test_each_end_of_an_invitation_says_so_and_lets_nobody_in(
    client: Client, owner: Member, settings: Any, stand: str, said: str
) -> None:
    settings.SIGN_UP = "invited"
    row, token = invited(owner)
    endings: dict[str, Any] = {
        "revoked": lambda: revoke(row, who="sam"),
        "replaced": lambda: send_again(row, by=owner.user),
        "accepted": lambda: inviting.accept(row, UserFactory.create(email="kim@example.org")),
        "expired": lambda: None,
    }
    endings[stand]()
    later = timezone.now() + timedelta(days=8 if stand == "expired" else 1)
    with time_machine.travel(later, tick=False):
        assertContains(opened(client, token), said, status_code=410)
        assertContains(client.get(SIGN_UP), "People come in with an invitation")
        before = Member.objects.count()
        client.post(PAGE)
        client.post(SIGN_UP, {"password1": PASSWORD})
    assert Member.objects.count() == before


def test_an_unknown_link_says_so(client: Client, owner: Member) -> None:
    invited(owner)
    for token in ("pri_nonsense", "", "\x00", "é" * 300):
        assertContains(opened(client, token), "There is no such invitation", status_code=404)
    assert not Session.objects.exists(), "strangers leave nothing behind"


def test_a_second_click_leads_to_the_start_page(owner: Member) -> None:
    kim = UserFactory.create(email="kim@example.org")
    client, other_tab = of(kim), of(kim)
    _, token = invited(owner)
    for browser in (client, other_tab):
        opened(browser, token)
    client.post(PAGE)
    assertRedirects(other_tab.post(PAGE), "/", fetch_redirect_response=False)
    assert Member.objects.filter(user=kim).count() == 1


def test_an_invitation_that_ends_while_the_form_is_filled_in_makes_no_account(
    client: Client, owner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, token = invited(owner)
    opened(client, token)
    make = signing_up.SignUpForm.save

    def save(form: Any, request: Any) -> User:
        revoke(row, who="sam")
        return make(form, request)

    monkeypatch.setattr(signing_up.SignUpForm, "save", save)
    response = client.post(SIGN_UP, {"password1": PASSWORD}, follow=True)
    assertContains(response, "This invitation was revoked", status_code=410)
    assert not User.objects.filter(email="kim@example.org").exists()


def test_the_first_mail_is_dead_once_it_was_sent_again(client: Client, owner: Member) -> None:
    row, old = invited(owner)
    send_again(row, by=owner.user)
    assertContains(opened(client, old), "There is a newer invitation", status_code=410)
    assertContains(opened(client, token_in_the_last_mail()), "Choose a password and join")
