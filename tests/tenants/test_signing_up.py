"""Somebody makes an account: user, organisation and membership together, and no page before the address is proved."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from portal.events.models import AuditEvent
from portal.tenants import signing_up
from portal.tenants.models import Member, Role, Tenant
from portal.tenants.verifying import must_prove
from tests.factories import PASSWORD, StaffFactory, UserFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

SIGN_UP = "/accounts/signup/"
SENT = "/accounts/confirm-email/"
FORM = {
    "email": "Sam@Example.org",
    "password1": PASSWORD,
    "organisation": "  Northgate   Training ",
    "time_zone": "Europe/Dublin",
}


def link_in(message: Any) -> str:
    """The path of the link in a mail."""
    found = re.search(r"https?://[^/\s]+(/accounts/\S+)", str(message.body))
    assert found is not None
    return found[1]


def log_in(client: Client, login: str, password: str = PASSWORD) -> Any:
    return client.post("/accounts/login/", {"login": login, "password": password})


def test_signing_up_founds_an_organisation_with_its_owner(client: Client) -> None:
    response = client.post(SIGN_UP, FORM)
    assert (response.status_code, response.headers["Location"]) == (302, SENT)
    member = Member.objects.select_related("user", "tenant").get()
    assert (member.role, member.tenant.name, member.tenant.time_zone) == (
        Role.OWNER, "Northgate Training", "Europe/Dublin",
    )  # fmt: skip
    assert (member.user.username, member.user.email) == ("sam@example.org", "sam@example.org")
    event = AuditEvent.objects.get()
    assert (event.verb, event.who, event.tenant_id) == ("person.signed_up", "sam@example.org", member.tenant_id)


def test_the_link_in_the_mail_lets_people_in(client: Client) -> None:
    client.post(SIGN_UP, FORM)
    assert client.get("/transactions/").status_code == 302
    assert (mail.outbox[0].to, mail.outbox[0].subject) == (["sam@example.org"], "Postroom: Confirm your address")
    page = link_in(mail.outbox[0])
    assertContains(client.get(page), "Confirm your address")
    assert not EmailAddress.objects.get().verified, "programs that look into mails open links, too"
    assert client.post(page).status_code == 302
    assert EmailAddress.objects.get().verified
    assert client.get("/transactions/").status_code == 200


def test_in_another_browser_the_link_proves_the_address_and_logs_nobody_in(client: Client) -> None:
    client.post(SIGN_UP, FORM)
    other = Client()
    other.post(link_in(mail.outbox[0]))
    assert EmailAddress.objects.get().verified
    assert other.get("/transactions/").status_code == 302
    assert log_in(other, "sam@example.org").headers["Location"] == "/"


def test_without_the_proof_nobody_is_let_in(client: Client) -> None:
    client.post(SIGN_UP, FORM)
    for login in ("sam@example.org", "SAM@example.org"):
        other = Client()
        assert log_in(other, login).headers["Location"] == SENT
        assert other.get("/transactions/").status_code == 302
    assert User.objects.get().last_login is None


def test_the_page_after_it_says_where_to_look_and_sends_again(client: Client) -> None:
    client.post(SIGN_UP, FORM)
    assertContains(client.get(SENT), "sam@example.org")
    again = reverse("desk:confirmation-again")
    assertContains(client.post(again, follow=True), "less than three minutes ago")
    assert len(mail.outbox) == 1
    cache.clear()
    assertNotContains(client.post(again, follow=True), "less than three minutes ago")
    assert [message.to for message in mail.outbox] == [["sam@example.org"]] * 2
    client.post(link_in(mail.outbox[1]))
    assert client.get("/transactions/").status_code == 200


def test_nobody_learns_whether_there_is_an_account(client: Client) -> None:
    """An address that is taken is answered like one that is free; what its owner reads is another mail."""
    UserFactory.create(username="sam", email="sam@example.org")
    stranger = client.post(SIGN_UP, {**FORM, "email": "new@example.org"})
    known = Client()
    taken = known.post(SIGN_UP, FORM)
    assert (taken.status_code, taken.headers["Location"]) == (stranger.status_code, stranger.headers["Location"])
    pages = {
        re.sub(r' value="\w{64}"', "", browser.get(SENT).content.decode().replace(name, ""))
        for browser, name in ((client, "new@example.org"), (known, "sam@example.org"))
    }
    assert len(pages) == 1
    assert [message.subject for message in mail.outbox] == [
        "Postroom: Confirm your address",
        "Postroom: You have an account",
    ]
    assert Tenant.objects.count() == 1
    known.post(reverse("desk:confirmation-again"))
    assert len(mail.outbox) == 2, "neither is flooded with mails"


def test_nothing_is_made_when_something_is_wrong_and_the_field_says_so(client: Client) -> None:
    wrong = {"organisation": "Win at https://example.org", "time_zone": "Europe/Londn", "email": "no", "password1": "x"}
    response = client.post(SIGN_UP, wrong)
    assert set(response.context["form"].errors) == set(wrong)
    too_long = {**FORM, "email": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 20}.org"}
    assert set(client.post(SIGN_UP, too_long).context["form"].errors) == {"email"}
    assertContains(response, "A name has no web address in it")
    assert (User.objects.count(), Tenant.objects.count(), len(mail.outbox)) == (0, 0, 0)


def test_user_organisation_and_membership_are_made_together_or_not_at_all(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr(signing_up, "tell", broken)
    with pytest.raises(RuntimeError):
        client.post(SIGN_UP, FORM)
    assert (User.objects.count(), Tenant.objects.count(), EmailAddress.objects.count()) == (0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_sign_ups_at_once_with_one_address_make_one_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked whether the address is free before either is written."""
    together, make = threading.Barrier(2, timeout=10), signing_up.SignUpForm.save
    answers: list[str] = []

    def save(form: Any, request: Any) -> User:
        together.wait()
        return make(form, request)

    def sign_up() -> None:
        answers.append(Client().post(SIGN_UP, FORM).headers["Location"])
        connections.close_all()

    monkeypatch.setattr(signing_up.SignUpForm, "save", save)
    threads = [threading.Thread(target=sign_up) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [SENT, SENT]
    assert (User.objects.count(), Tenant.objects.count()) == (1, 1)
    assert must_prove(User.objects.get())


def test_who_signed_up_last_with_a_taken_address_never_slips_in_unproved(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other sign-up was written after this one had looked whether the address is free."""
    make = signing_up.SignUpForm.save

    def save(form: Any, request: Any) -> User:
        if not User.objects.exists():
            other = UserFactory.create(username="somebody")
            EmailAddress.objects.create(user=other, email="sam@example.org", verified=False)
        return make(form, request)

    monkeypatch.setattr(signing_up.SignUpForm, "save", save)
    assert client.post(SIGN_UP, FORM).headers["Location"] == SENT
    assert list(User.objects.values_list("username", flat=True)) == ["somebody"]
    assert client.get("/transactions/").status_code == 302


def test_where_people_come_in_with_an_invitation_there_is_no_form(client: Client, settings: Any) -> None:
    settings.SIGN_UP = "invited"
    assertContains(client.get(SIGN_UP), "People come in with an invitation")
    client.post(SIGN_UP, FORM)
    assert User.objects.count() == 0
    assertNotContains(client.get("/accounts/login/"), SIGN_UP)


def test_a_mail_server_that_is_away_costs_nobody_the_account(client: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "nowhere.Backend"
    response = client.post(SIGN_UP, FORM, follow=True)
    assertContains(response, "could not be sent at this moment")
    assert User.objects.count() == 1


def test_sign_ups_are_limited(client: Client) -> None:
    statuses = [client.post(SIGN_UP, {}).status_code for _ in range(21)]
    assert (statuses[:20], statuses[20]) == ([200] * 20, 429)
    assertContains(client.post(SIGN_UP, {}), "Too many tries", status_code=429)


@pytest.mark.parametrize("rights", [{}, {"is_staff": True}])
def test_whom_staff_made_on_the_server_logs_in_as_before(client: Client, rights: dict[str, bool]) -> None:
    UserFactory.create(username="customer", email="", **rights)
    assert log_in(client, "customer").headers["Location"] == "/"
    assert (client.get("/transactions/").status_code, len(mail.outbox)) == (200, 0)


def test_staff_log_in_whatever_is_known_of_their_address(client: Client) -> None:
    boss = StaffFactory.create(username="boss", email="boss@example.org")
    EmailAddress.objects.create(user=boss, email="boss@example.org", verified=False)
    assert log_in(client, "boss@example.org").headers["Location"] == "/"


def test_looking_at_ones_address_locks_nobody_out(client: Client) -> None:
    """The page notes the address that staff had entered as one that is not proved."""
    UserFactory.create(username="customer", email="customer@example.org")
    log_in(client, "customer")
    assert client.get("/accounts/email/").status_code == 200
    assert EmailAddress.objects.get().verified is False
    assert log_in(Client(), "customer@example.org").headers["Location"] == "/"


def test_the_only_proved_address_cannot_be_taken_away(client: Client) -> None:
    client.post(SIGN_UP, FORM)
    client.post(link_in(mail.outbox[0]))
    client.post("/accounts/email/", {"email": "sam@example.org", "action_remove": "yes"})
    assert EmailAddress.objects.get().verified
    assert User.objects.get().email == "sam@example.org"
