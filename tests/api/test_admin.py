"""API tokens in the staff site: issued once, shown once, revoked for good."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.api.models import ApiToken, Scope
from portal.api.tokens import issue, live_token
from portal.events.models import AuditEvent
from portal.tenants.models import Tenant
from tests.factories import StaffFactory, TenantFactory

pytestmark = pytest.mark.django_db
ADD = "/admin/api/apitoken/add/"


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(StaffFactory.create(username="sam"))
    return client


@pytest.fixture
def tenant(db: None) -> Tenant:
    made: Tenant = TenantFactory.create(name="Northgate Group")
    return made


def form(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    return {
        "tenant": str(tenant.pk), "name": "The shop", "scopes": ["push:read"], "expires_at_0": "", "expires_at_1": "",
        **changes,
    }  # fmt: skip


def page(token: ApiToken, name: str = "change") -> str:
    return reverse(f"admin:api_apitoken_{name}", args=[token.pk])


def test_a_token_is_shown_on_the_page_that_makes_it_and_never_again(staff: Client, tenant: Tenant) -> None:
    response = staff.post(ADD, form(tenant))
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    (clear,) = set(re.findall(r"pra_[\w-]{43}", response.content.decode()))
    token = ApiToken.objects.get()
    assert live_token(clear) == token
    assert (token.tenant, token.name, token.scopes, str(token.created_by)) == (
        tenant, "The shop", ["push:read"], "sam",
    )  # fmt: skip
    for address in (page(token), page(token, "history"), "/admin/api/apitoken/", page(token, "revoke")):
        shown = staff.get(address).content.decode()
        assert clear not in shown
        assert token.digest not in shown
    assert clear not in str(list(AuditEvent.objects.values()))
    assert AuditEvent.objects.filter(verb="api_token.issued", who="sam").count() == 1


def test_sending_the_form_again_makes_no_second_one(staff: Client, tenant: Tenant) -> None:
    staff.post(ADD, form(tenant))
    again = staff.post(ADD, form(tenant)).content.decode()
    assert "Northgate Group has a token of this name. Revoke that one first, or choose another name." in again
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scopes": []}, "This field is required."),
        ({"scopes": ["everything"]}, "everything is not one of the available choices."),
        ({"name": ""}, "This field is required."),
        (
            {"expires_at_0": "2020-01-01", "expires_at_1": "00:00:00"},
            "Choose a moment that is still to come, or leave it empty.",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_told(
    staff: Client, tenant: Tenant, changes: dict[str, Any], sentence: str
) -> None:
    assert sentence in staff.post(ADD, form(tenant, **changes)).content.decode()
    assert ApiToken.objects.count() == 0


def test_revoking_asks_first_and_holds(staff: Client, tenant: Tenant) -> None:
    token, clear = issue(tenant, "The shop", [Scope.PUSH_READ], who="tests")
    assert "Every call with the token The shop" in staff.get(page(token, "revoke")).content.decode()
    staff.post(page(token, "revoke"))
    assert live_token(clear) == token
    response = staff.post(page(token, "revoke"), {"confirmed": "yes"})
    assert response.headers["Location"] == page(token)
    assert live_token(clear) is None
    assert "Revoked" in staff.get(page(token)).content.decode()
    assert page(token, "revoke") not in staff.get(page(token)).content.decode()


def test_nobody_changes_or_deletes_one(staff: Client, tenant: Tenant) -> None:
    token, _ = issue(tenant, "The shop", [Scope.PUSH_READ], who="tests")
    before = ApiToken.objects.values().get()
    assert staff.post(page(token), form(tenant, name="Other")).status_code == 403
    assert staff.post(page(token, "delete"), {"post": "yes"}).status_code == 403
    assert ApiToken.objects.values().get() == before
