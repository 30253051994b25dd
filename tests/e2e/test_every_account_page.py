"""The pages on which people come in and look after their log-in, each in Chromium in every way (test_every_page.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver, reverse
from playwright.sync_api import expect

from portal.desk.company_settings.readers import Ticket
from portal.tenants.mail_choices import Sort
from portal.tenants.models import Invitation, Member, Role
from tests.e2e.browser import NARROW, WIDE, Watched
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD, CompanyFactory, MemberFactory
from tests.tenants.people import an_owner, invited, with_app

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
# The names of their addresses, without what allauth calls them first.
OPENED = frozenset(
    {
        "account_login", "account_signup", "account_inactive", "account_reset_password", "account_reset_password_done",
        "account_reset_password_from_key", "account_reset_password_from_key_done", "account_email_verification_sent",
        "account_confirm_email", "account_logout", "account_reauthenticate", "account_email",
        "account_change_password", "account_set_password", "mfa_index", "mfa_authenticate", "mfa_reauthenticate",
        "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes",
    }
)  # fmt: skip
NOT_OPENED = {
    "account_confirm_login_code": "nobody logs in by a code in a mail here",
    "mfa_download_recovery_codes": "codes are shown once, on the page",
}


@pytest.fixture(autouse=True)
def _nobody_was_here_before() -> Iterator[None]:
    """allauth counts who tries to log in, in the cache."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def owner(transactional_db: None) -> Member:
    member = an_owner(username="olga", email="olga@example.org")
    CompanyFactory.create(tenant=member.tenant, name="Northgate Training Ltd")
    return member


def test_every_address_of_the_accounts_has_its_place() -> None:
    [accounts] = [one for one in get_resolver().url_patterns if str(one.pattern) == "accounts/"]
    assert sorted(_names(accounts)) == sorted([*OPENED, *NOT_OPENED])


def test_the_pages_of_a_visitor(visit: Visit, owner: Member) -> None:
    visitor = visit()
    page = visitor.page
    look(visitor, "account_login")
    visitor.log_in("nobody", "wrong")
    expect(page.get_by_role("alert")).to_contain_text("are not correct")
    shoot(visitor, "account_login-wrong")
    for name in ("account_inactive", "account_reset_password_done", "account_reset_password_from_key_done"):
        look(visitor, name)
    look(visitor, "account_reset_password")
    page.get_by_role("textbox").first.fill("olga@example.org")
    page.get_by_role("main").get_by_role("button").first.click()
    link = link_of_the_last_mail()
    page.goto(visitor.base + link)
    shoot(visitor, "account_reset_password_from_key")
    page.goto(visitor.base + re.sub(r"-[^/]+/$", "-used-already/", link))
    shoot(visitor, "account_reset_password_from_key-unknown")


def test_the_pages_of_whoever_signs_up(visit: Visit, owner: Member) -> None:
    visitor = visit()
    page = visitor.page
    look(visitor, "account_signup")
    page.get_by_label("Organisation").fill("Quay Group")
    page.get_by_label("E-mail address").fill("quinn@example.org")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_role("button", name="Sign up").click()
    shoot(visitor, "account_signup-wrong")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    shoot(visitor, "account_email_verification_sent")
    page.goto(visitor.base + link_of_the_last_mail())
    shoot(visitor, "account_confirm_email")
    page.goto(visitor.base + reverse("account_confirm_email", args=["unknown"]))
    shoot(visitor, "account_confirm_email-unknown")


def test_the_pages_of_a_member(visit: Visit, owner: Member) -> None:
    visitor = logged_in(visit, owner)
    look(visitor, "account_reauthenticate")
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.page.get_by_role("button", name="Go on").click()
    for name in ("account_email", "account_change_password", "mfa_index", "mfa_activate_totp", "account_logout"):
        look(visitor, name)


def test_the_page_of_whoever_has_no_password(visit: Visit, owner: Member) -> None:
    owner.user.set_unusable_password()
    owner.user.save()
    client, visitor = Client(), visit()
    client.force_login(owner.user)
    value = client.cookies["sessionid"].value
    visitor.page.context.add_cookies([{"name": "sessionid", "value": value, "url": visitor.base}])
    look(visitor, "account_set_password")


def test_the_pages_of_whoever_has_an_app(visit: Visit, owner: Member) -> None:
    secret = with_app(owner.user)
    visitor = logged_in(visit, owner)
    shoot(visitor, "mfa_authenticate")
    visitor.page.get_by_label("Code").fill(code_of(secret))
    visitor.page.get_by_role("button", name="Log in").click()
    visitor.page.wait_for_url(lambda address: "accounts" not in address)
    look(visitor, "mfa_reauthenticate")
    look(visitor, "account_reauthenticate", "with-app")
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.page.get_by_role("button", name="Go on").click()
    for name in ("mfa_index", "mfa_deactivate_totp", "mfa_generate_recovery_codes"):
        look(visitor, name, "with-app")
    visitor.page.get_by_role("button", name="Make new codes").click()
    expect(visitor.page.locator(".recovery-codes li")).to_have_count(10)
    shoot(visitor, "mfa_view_recovery_codes-once")
    look(visitor, "mfa_view_recovery_codes")


def test_the_pages_behind_a_mail(visit: Visit, owner: Member) -> None:
    visitor = visit()
    invitation, token = invited(owner)
    visitor.expected |= {reverse("desk:invitation"), f"{reverse('desk:invitation')}?token=made-up"}
    visitor.open(f"{reverse('desk:invitation')}?token={token}")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(f"Join {owner.tenant.name}")
    shoot(visitor, "invitation-open")
    Invitation.objects.filter(pk=invitation.pk).update(revoked_at=invitation.created_at)
    visitor.open(reverse("desk:invitation"))
    shoot(visitor, "invitation-revoked")
    visitor.open(f"{reverse('desk:invitation')}?token=made-up")
    shoot(visitor, "invitation-unknown")
    ticket = Ticket(owner.pk, owner.tenant.companies.get().pk, Sort.ALERTS).text
    visitor.open(reverse("desk:mails-end", args=[ticket]))
    shoot(visitor, "mails-end")


def test_the_pages_that_say_no(visit: Visit, owner: Member) -> None:
    viewer = MemberFactory.create(tenant=owner.tenant, role=Role.VIEWER)
    visitor = logged_in(visit, viewer)
    visitor.expected.add("/no/such/page/")
    visitor.open("/no/such/page/")
    shoot(visitor, "error-404")


def look(visitor: Watched, name: str, mark: str = "") -> None:
    """Open a page by the name of its address."""
    answer = visitor.page.goto(visitor.base + reverse(name))
    assert answer is not None
    assert answer.status == 200, name
    assert visitor.page.url.partition("?")[0] == visitor.base + reverse(name)
    shoot(visitor, "-".join(part for part in (name, mark) if part))


def shoot(visitor: Watched, name: str) -> None:
    visitor.shoot(f"page-{name}", is_brisk=True)
    assert not {NARROW, WIDE} & set(visitor.too_narrow()), name


def logged_in(visit: Visit, member: Member) -> Watched:
    visitor = visit()
    visitor.open("/accounts/login/")
    visitor.log_in(member.user.username, PASSWORD)
    visitor.page.wait_for_url(lambda address: "login" not in address)
    return visitor


def link_of_the_last_mail() -> str:
    """The path that it leads to."""
    found = re.search(r"https?://[^/\s]+(/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def code_of(secret: str) -> str:
    """What the app shows now."""
    return str(format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time()))))


def _names(resolver: Any) -> Iterator[str]:
    for one in resolver.url_patterns:
        if hasattr(one, "url_patterns"):
            yield from _names(one)
        else:
            yield str(one.name)
