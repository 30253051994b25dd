"""Every page of every registered model answers, is closed to others, and keeps to the content security policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import Client
from django.urls import NoReverseMatch, reverse

from portal.connections.models import Endpoint
from portal.staff.base import StaffAdmin
from tests.admin.furniture import ACCESS_SECRET, INSTALLATION_SECRET
from tests.admin.world import CONNECTION_SECRET, PASTED_TOKEN, World
from tests.factories import MemberFactory, UserFactory

pytestmark = pytest.mark.django_db

TOTP_SECRET = "planted-secret-of-the-second-factor"
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)


@pytest.fixture
def everything(world: World, boss: User) -> World:
    """The world, and the people in it."""
    member = MemberFactory.create(tenant=world.demo.company.tenant)
    Group.objects.create(name="Support")
    EmailAddress.objects.create(user=boss, email="sam@example.org")
    Authenticator.objects.create(user=member.user, type=Authenticator.Type.TOTP, data={"secret": TOTP_SECRET})
    return world


def pages() -> Iterator[tuple[type[Model], str]]:
    for model in admin.site._registry:
        for name in ("changelist", "add", "change", "history", "delete"):
            yield model, name


def buttoned() -> Iterator[tuple[type[Model], StaffAdmin[Any]]]:
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, StaffAdmin):
            yield model, model_admin


def addresses() -> Iterator[str]:
    """Every page there is, of every model, for a row of it; and the pages behind the buttons of every row."""
    yield reverse("admin:index")
    for model, name in pages():
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.first()
        assert row is not None, f"the world has no {model.__name__}"
        yield reverse(f"{base}_{name}", args=[] if name in ("changelist", "add") else [quote(row.pk)])
    for model, model_admin in buttoned():
        for button in model_admin.buttons:
            for row in model._default_manager.all():
                yield model_admin.button_url(row, button) + query_of(row)
    for app_label in {model._meta.app_label for model in admin.site._registry}:
        yield reverse("admin:app_list", args=[app_label])


def query_of(row: Model) -> str:
    """What the page of a button needs beside the row."""
    return f"?token={row.tokens.all()[0].pk}" if isinstance(row, Endpoint) else ""


# What staff add and delete by hand. Everything else the portal alone writes, and nobody may, superusers included.
ADDED = {"tenants.tenant", "tenants.company", "connections.connection", "connections.endpoint", "reference.mappedcode"}
ADDED |= {"api.apitoken", "auth.user", "auth.group", "account.emailaddress"}
DELETED = {"tenants.tenant", "tenants.company", "auth.user", "auth.group", "account.emailaddress", "mfa.authenticator"}
ADDED |= {"connections.integrationsettings"}
DELETED |= {"reference.mappedcode"}


def expected(address: str) -> set[int]:
    """How a superuser is answered."""
    _, app_label, model, *rest = [*address.strip("/").split("/"), "", ""]
    if app_label == "ledger":
        return {200, 403}
    by_hand = {"add": ADDED, "delete": DELETED}
    page = next((part for part in rest if part in by_hand), "")
    return {403} if page and f"{app_label}.{model}" not in by_hand[page] else {200}


def test_every_page_answers_and_shows_no_secret_and_nothing_inline(staff: Client, everything: World) -> None:
    secrets = (CONNECTION_SECRET, INSTALLATION_SECRET, ACCESS_SECRET, PASTED_TOKEN, everything.token, TOTP_SECRET)
    seen = 0
    for address in addresses():
        response = staff.get(address)
        assert response.status_code in expected(address), (address, response.status_code)
        text = response.content.decode()
        assert not [secret for secret in secrets if secret in text], address
        assert INLINE.search(text) is None, (address, INLINE.search(text))
        seen += 1
    assert seen > 100


def test_every_page_is_closed_to_visitors_customers_and_staff_without_rights(
    client: Client, everything: World, staff_with: Callable[..., Client]
) -> None:
    customer = Client()
    customer.force_login(UserFactory.create())
    nobody_on_the_staff = staff_with()
    for address in addresses():
        assert client.get(address).status_code == 302, address
        assert customer.get(address).status_code in (302, 403), address
        if address != reverse("admin:index"):
            assert nobody_on_the_staff.get(address).status_code in (403, 404), address


def test_every_room_of_ours_is_registered() -> None:
    names = {model._meta.label_lower for model in admin.site._registry}
    assert {
        "tenants.tenant",
        "tenants.company",
        "connections.connection",
        "connections.endpoint",
        "intake.delivery",
        "intake.refusedcalls",
        "postings.transaction",
        "postings.posting",
        "events.auditevent",
        "reference.codemapping",
        "reference.mappedcode",
    } <= names


def test_log_rows_refuse_every_post(staff: Client, everything: World) -> None:
    for name in (
        "postings_posting",
        "postings_transaction",
        "intake_delivery",
        "intake_refusedcalls",
        "events_auditevent",
    ):
        model = next(m for m in admin.site._registry if f"{m._meta.app_label}_{m._meta.model_name}" == name)
        row = model._default_manager.first()
        assert row is not None
        before = dict(model._default_manager.filter(pk=row.pk).values()[0])
        for page, args in (("add", []), ("change", [row.pk]), ("delete", [row.pk])):
            data = {"state": "posted", "verdict": "accepted", "post": "yes"}
            assert staff.post(reverse(f"admin:{name}_{page}", args=args), data).status_code == 403, (name, page)
        chosen = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
        staff.post(reverse(f"admin:{name}_changelist"), chosen)
        assert dict(model._default_manager.filter(pk=row.pk).values()[0]) == before


def test_what_a_page_of_a_missing_row_says(staff: Client, world: World) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:postings_posting_delete_everything")
    response = staff.get(reverse("admin:postings_posting_retry", args=[999_999]))
    assert response.status_code == 404
