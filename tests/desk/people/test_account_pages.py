"""Every page of log-in, sign-up and second factor: in our look, without anything inline, one heading, labels."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from allauth.account import app_settings
from allauth.account.models import EmailAddress
from allauth.urls import urlpatterns
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import URLResolver, reverse

from tests.desk.test_frame import FROM_OUTSIDE, INLINE
from tests.factories import PASSWORD, UserFactory
from tests.tenants.people import with_app

pytestmark = pytest.mark.django_db

OURS: Final = 'class="brand"'


def visitor() -> Client:
    return Client()


def signed_up() -> Client:
    client = Client()
    data = {"email": "new@example.org", "password1": PASSWORD, "organisation": "North", "time_zone": "UTC"}
    client.post("/accounts/signup/", data)
    return client


def person(*, app: bool = False, fresh: bool = False) -> Client:
    user = UserFactory.create(username="sam", email="sam@example.org")
    client = Client()
    client.force_login(user)
    if app:
        with_app(user)
    if fresh:
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def half_way() -> Client:
    user = UserFactory.create(username="sam")
    with_app(user)
    client = Client()
    client.post("/accounts/login/", {"login": "sam", "password": PASSWORD})
    return client


def changing() -> Client:
    client = person()
    client.post("/accounts/email/", {"email": "other@example.org", "action_add": "yes"})
    return client


def without_password() -> Client:
    user = UserFactory.create()
    user.set_unusable_password()
    user.save()
    client = Client()
    client.force_login(user)
    return client


def link_of(message: Any) -> str:
    found = re.search(r"https?://[^/\s]+(/accounts/\S+)", str(message.body))
    assert found is not None
    return found[1]


PAGES: Final[dict[str, tuple[Callable[[], Client], str]]] = {
    "account_login": (visitor, "/accounts/login/"),
    "account_signup": (visitor, "/accounts/signup/"),
    "account_logout": (person, "/accounts/logout/"),
    "account_inactive": (visitor, "/accounts/inactive/"),
    "account_email_verification_sent": (signed_up, "/accounts/confirm-email/"),
    "account_confirm_email": (visitor, "/accounts/confirm-email/nonsense/"),
    "account_reset_password": (visitor, "/accounts/password/reset/"),
    "account_reset_password_done": (visitor, "/accounts/password/reset/done/"),
    "account_reset_password_from_key": (visitor, "/accounts/password/reset/key/1-nonsense/"),
    "account_reset_password_from_key_done": (visitor, "/accounts/password/reset/key/done/"),
    "account_change_password": (person, "/accounts/password/change/"),
    "account_set_password": (without_password, "/accounts/password/set/"),
    "account_email": (changing, "/accounts/email/"),
    "account_reauthenticate": (person, "/accounts/reauthenticate/"),
    "mfa_index": (lambda: person(app=True), "/accounts/2fa/"),
    "mfa_authenticate": (half_way, "/accounts/2fa/authenticate/"),
    "mfa_reauthenticate": (lambda: person(app=True), "/accounts/2fa/reauthenticate/"),
    "mfa_activate_totp": (lambda: person(fresh=True), "/accounts/2fa/totp/activate/"),
    "mfa_deactivate_totp": (lambda: person(app=True, fresh=True), "/accounts/2fa/totp/deactivate/"),
    "mfa_generate_recovery_codes": (lambda: person(app=True, fresh=True), "/accounts/2fa/recovery-codes/generate/"),
}
# They are walked beside these: codes only exist once they are made; the rest are for ways of logging in that are off.
ELSEWHERE: Final = frozenset({"mfa_view_recovery_codes", "mfa_download_recovery_codes"})
ASKS_FOR_AN_ADDRESS: Final = frozenset({"account_login", "account_signup", "account_reset_password", "account_email"})
OFF: Final = frozenset({"account_confirm_login_code"})


def names(patterns: Any) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        found |= names(pattern.url_patterns) if isinstance(pattern, URLResolver) else {pattern.name}
    return found


def check(body: str) -> None:
    assert OURS in body, "in our look"
    assert (INLINE.findall(body), FROM_OUTSIDE.findall(body)) == ([], [])
    assert len(re.findall(r"<h1\b", body)) == 1
    fields = re.findall(r'<(?:input|select|textarea)\b(?![^>]*type="hidden")[^>]*\sid="([^"]+)"', body)
    assert [field for field in fields if f'<label for="{field}">' not in body] == []


def test_every_page_of_theirs_is_looked_at() -> None:
    assert names(urlpatterns) == set(PAGES) | ELSEWHERE | OFF


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_ours(name: str) -> None:
    make, address = PAGES[name]
    response = make().get(address)
    assert response.status_code == 200, response.headers
    check(response.content.decode())


@pytest.mark.parametrize("name", PAGES)
def test_an_address_is_called_the_same_everywhere(name: str) -> None:
    make, address = PAGES[name]
    body = make().get(address).content.decode()
    asked = re.findall(r'<input [^>]*name="(?:login|email)"[^>]*id="([^"]+)"', body)
    assert all(f'<label for="{field}">E-mail address</label>' in body for field in asked)
    assert bool(asked) is (name in ASKS_FOR_AN_ADDRESS)
    assert re.findall(r"[Ee]mail address|Username or|placeholder=\"[^\"]*mail", body) == []


@pytest.mark.parametrize("name", ["sam", "sam@example.org"])
def test_whoever_was_given_a_username_logs_in_with_it_as_well(name: str) -> None:
    UserFactory.create(username="sam", email="sam@example.org")
    wrong = Client().post("/accounts/login/", {"login": name, "password": "wrong"}).content.decode()
    assert "This e-mail address and password are not correct together." in wrong
    answer = Client().post("/accounts/login/", {"login": name, "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("desk:home"))


@pytest.mark.parametrize(
    ("address", "data"),
    [
        ("/accounts/login/", {"login": "sam", "password": "wrong"}),
        ("/accounts/signup/", {}),
        ("/accounts/password/reset/", {"email": "no"}),
    ],
)
def test_what_is_wrong_is_said_at_the_top_too(address: str, data: dict[str, str]) -> None:
    body = Client().post(address, data).content.decode()
    check(body)
    assert 'role="alert"' in body


def test_the_links_in_mails_lead_to_pages_of_ours() -> None:
    signed_up()
    check(Client().get(link_of(mail.outbox[0])).content.decode())
    UserFactory.create(email="sam@example.org")
    client = Client()
    client.post("/accounts/password/reset/", {"email": "sam@example.org"})
    response = client.get(link_of(mail.outbox[1]), follow=True)
    check(response.content.decode())
    action = response.context["action_url"]
    response = client.post(action, {"password1": f"{PASSWORD}!", "password2": f"{PASSWORD}!"}, follow=True)
    assert "The password is changed" in response.content.decode()


def test_recovery_codes_are_shown_once_and_cannot_be_downloaded() -> None:
    client = person(app=True, fresh=True)
    client.post("/accounts/2fa/recovery-codes/generate/")
    for _ in range(2):
        check(client.get(reverse("mfa_view_recovery_codes")).content.decode())
    assert client.get(reverse("mfa_download_recovery_codes")).status_code == 403


def test_whoever_has_no_account_is_answered_like_everybody_who_forgot_the_password() -> None:
    UserFactory.create(email="sam@example.org")
    for address in ("sam@example.org", "nobody@example.org"):
        response = Client().post("/accounts/password/reset/", {"email": address})
        assert response.headers["Location"] == "/accounts/password/reset/done/"
    assert [message.subject for message in mail.outbox] == [
        "Postroom: Choose a new password",
        "Postroom: There is no account",
    ]
    assert app_settings.PREVENT_ENUMERATION is True


def test_the_policy_of_the_page_with_the_code_needs_no_images_from_nowhere() -> None:
    response = person(fresh=True).get("/accounts/2fa/totp/activate/")
    body = response.content.decode()
    assert "<svg" in body
    assert "data:" not in body


@pytest.mark.parametrize("is_proved", [False, True])
@pytest.mark.parametrize("has_app", [False, True])
def test_an_address_changes_when_the_new_one_is_proved_and_not_before(is_proved: bool, has_app: bool) -> None:
    client = person(app=has_app)
    user = User.objects.get()
    if is_proved:
        EmailAddress.objects.create(user=user, email="sam@example.org", verified=True, primary=True)
    for address in ("typo@example.org", "other@example.org"):
        client.post("/accounts/email/", {"email": address, "action_add": "yes"})
    page = client.get("/accounts/email/").content.decode()
    assert "Until then everything stays with sam@example.org" in page
    assert "typo@example.org" not in page.split("</ul>")[-1]
    user.refresh_from_db()
    assert user.email == "sam@example.org"
    client.post(link_of(mail.outbox[-1]))
    user.refresh_from_db()
    assert user.email == "other@example.org"
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("other@example.org", True)]


def test_a_change_of_address_can_be_taken_back_and_the_address_itself_not() -> None:
    client = changing()
    for address in ("other@example.org", "sam@example.org"):
        client.post("/accounts/email/", {"email": address, "action_remove": "yes"})
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["sam@example.org"]
    assert User.objects.get().email == "sam@example.org"
