"""Who must set a second factor up, what they may still reach before, and that its secret is nobody's to read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import settings as loaded
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from portal.tenants import checks
from portal.tenants.models import Member, Role
from portal.tenants.second_factor import has_second_factor, needs_second_factor, would_need_second_factor
from tests.factories import PASSWORD, CompanyFactory, MemberFactory, StaffFactory, UserFactory
from tests.tenants.people import an_owner, with_app

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

MIDDLEWARE = "portal.tenants.second_factor_first.SecondFactorFirst"
ACTIVATE = "/accounts/2fa/totp/activate/"


@pytest.fixture(autouse=True)
def _early_in_a_code_s_half_minute() -> Iterator[None]:
    """No code runs out between its making and its use."""
    with time_machine.travel(datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC)):
        yield


@pytest.fixture
def required(settings: Any) -> None:
    """An installation that asks for a second factor."""
    settings.SECOND_FACTOR = "required"
    if MIDDLEWARE not in loaded.MIDDLEWARE:
        settings.MIDDLEWARE = [*loaded.MIDDLEWARE, MIDDLEWARE]


@pytest.fixture
def owner(db: None) -> Member:
    """An owner of an organisation with a live company."""
    member = an_owner(username="sam", email="sam@example.org")
    CompanyFactory.create(tenant=member.tenant)
    return member


def browser_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def logged_in(member: Member) -> Client:
    """Through the form, so that the password was given a moment ago."""
    client = Client()
    client.post("/accounts/login/", {"login": member.user.username, "password": PASSWORD})
    return client


def code_of(secret: str) -> str:
    code: str = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    return code


def test_owners_of_live_companies_and_staff_need_one_where_it_is_required(required: None, owner: Member) -> None:
    others = [MemberFactory.create(tenant=owner.tenant, role=role).user for role in (Role.OPERATOR, Role.VIEWER)]
    assert needs_second_factor(owner.user)
    assert needs_second_factor(StaffFactory.create())
    assert [needs_second_factor(user) for user in (*others, UserFactory.create(), an_owner().user)] == [False] * 4
    with_app(owner.user)
    assert has_second_factor(owner.user)
    assert not needs_second_factor(owner.user)


@pytest.mark.parametrize("day", [{"live_at": None}, {"live_at": 1}, {"closed_at": -1}])
def test_a_company_that_is_not_live_asks_for_nothing(required: None, owner: Member, day: dict[str, Any]) -> None:
    moments = {name: day and days and timezone.now() + timedelta(days=days) for name, days in day.items()}
    owner.tenant.companies.update(**moments)
    assert not needs_second_factor(owner.user)
    assert would_need_second_factor(owner.user, owner.tenant), "as soon as it is"


def test_where_it_is_offered_nobody_needs_one(owner: Member) -> None:
    assert not needs_second_factor(owner.user)
    assert not would_need_second_factor(owner.user, owner.tenant)


def test_going_live_asks_owners_alone(required: None, owner: Member) -> None:
    operator = MemberFactory.create(tenant=owner.tenant, role=Role.OPERATOR)
    assert not would_need_second_factor(operator.user, owner.tenant)
    with_app(owner.user)
    assert not would_need_second_factor(owner.user, owner.tenant)


def test_recovery_codes_alone_are_no_second_factor(required: None, owner: Member) -> None:
    Authenticator.objects.create(user=owner.user, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert needs_second_factor(owner.user)


def test_no_page_of_the_organisation_is_seen_before(required: None, owner: Member) -> None:
    client, company = browser_of(owner.user), owner.tenant.companies.get()
    for address in ("/", "/transactions/", f"/companies/{company.pk}/reference/", f"/organisations/{owner.tenant.pk}/"):
        response = client.get(address)
        assert (response.status_code, response.headers["Location"]) == (302, ACTIVATE), address
        assert client.post(address).headers["Location"] == ACTIVATE
    part = client.get("/transactions/", headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == ACTIVATE


def test_account_pages_probes_and_the_way_out_are_reachable(required: None, owner: Member) -> None:
    client = browser_of(owner.user)
    for address in ("/accounts/2fa/", "/accounts/password/change/", "/accounts/logout/", "/healthz", "/invitation/"):
        assert client.get(address).status_code in {200, 404}, address
    assert client.get(ACTIVATE).headers["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/logout/")
    assert client.get("/").headers["Location"].startswith("/accounts/login/")


def test_webhooks_and_the_api_are_not_touched(required: None, owner: Member) -> None:
    client = browser_of(owner.user)
    assert client.post("/webhooks/icompleat/00000000-0000-0000-0000-000000000000/").status_code == 401
    assert client.get("/api/v1/companies").status_code in {401, 404}


def test_the_staff_site_waits_for_it_too(required: None) -> None:
    boss = StaffFactory.create()
    assert browser_of(boss).get("/admin/").headers["Location"] == ACTIVATE
    with_app(boss)
    assert browser_of(boss).get("/admin/").status_code == 200


def test_where_it_is_offered_the_middleware_asks_the_database_nothing(
    settings: Any, owner: Member, django_assert_num_queries: Any
) -> None:
    client = browser_of(owner.user)
    page = f"/organisations/{owner.tenant.pk}/"
    client.get(page)
    with django_assert_num_queries(4) as before:
        client.get(page)
    settings.MIDDLEWARE = [*loaded.MIDDLEWARE, MIDDLEWARE]
    with django_assert_num_queries(len(before)):
        client.get(page)


@pytest.mark.django_db(transaction=True)
def test_setting_it_up_opens_the_page_that_was_asked_for(required: None, owner: Member) -> None:
    client = logged_in(owner)
    wanted = f"/organisations/{owner.tenant.pk}/people/"
    client.get(wanted)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get(ACTIVATE)
    assertContains(page, "A company of yours is live")
    assertContains(page, '<svg class="qr" role="img"')
    secret = page.context["form"].secret
    assertContains(client.post(ACTIVATE, {"code": "000000"}), "Incorrect code")
    response = client.post(ACTIVATE, {"code": code_of(secret)}, follow=True)
    assertContains(response, f'href="{wanted}"')
    assertContains(response, "shown this once")
    assert client.get(wanted).status_code == 200
    assert mail.outbox[-1].subject == "Postroom: A second factor was set up"
    codes = response.context["unused_codes"]
    assertContains(client.get(reverse("mfa_view_recovery_codes")), "10 of 10 codes left")
    assert codes[0] not in client.get(reverse("mfa_view_recovery_codes")).content.decode()


def test_the_log_in_asks_for_the_code_or_a_recovery_code_once(required: None, owner: Member) -> None:
    client = logged_in(owner)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    secret = client.get(ACTIVATE).context["form"].secret
    codes = client.post(ACTIVATE, {"code": code_of(secret)}, follow=True).context["unused_codes"]
    for code, lets_in in ((code_of(secret), True), (codes[3], True), (codes[3], False), ("12345678", False)):
        again = logged_in(owner)
        assert again.get("/transactions/").status_code == 302, "the password alone is not enough"
        assertContains(again.get("/accounts/2fa/authenticate/"), "one of your recovery codes")
        again.post("/accounts/2fa/authenticate/", {"code": code})
        assert (again.get("/transactions/").status_code == 200) is lets_in


def test_the_secret_is_kept_encrypted(owner: Member) -> None:
    secret = with_app(owner.user)
    stored = Authenticator.objects.get(user=owner.user).data
    assert secret not in str(stored)
    assert Authenticator.objects.get(user=owner.user).wrap().validate_code(code_of(secret))


def test_a_secret_from_before_it_was_encrypted_still_works(owner: Member) -> None:
    Authenticator.objects.create(user=owner.user, type=Authenticator.Type.TOTP, data={"secret": "JBSWY3DPEHPK3PXP"})
    assert Authenticator.objects.get(user=owner.user).wrap().validate_code(code_of("JBSWY3DPEHPK3PXP"))


def test_a_word_that_is_unknown_is_the_stricter_one_and_an_error(settings: Any, owner: Member, client: Client) -> None:
    assert checks.check_people() == []
    settings.SECOND_FACTOR, settings.SIGN_UP = "on", "yes"
    assert [error.msg for error in checks.check_people()] == ["SIGN_UP is 'yes'.", "SECOND_FACTOR is 'on'."]
    assert needs_second_factor(owner.user)
    assertContains(client.get("/accounts/signup/"), "People come in with an invitation")
