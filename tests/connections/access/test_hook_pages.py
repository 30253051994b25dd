"""The address that a vendor's webhook goes to: made by staff, shown once, refused when a newer one is made."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils.html import escape

from portal.connections.access.models import HookToken
from portal.connections.models import Connection, IntegrationSettings, Status
from portal.digests import digest
from portal.events.models import AuditEvent
from portal.staff.asking import CONFIRMED
from tests.factories import DemoConnectionFactory, StaffFactory

pytestmark = pytest.mark.django_db
ADDRESS = re.compile(r"http://[a-z.0-9:]+/hooks/accountsiq/[0-9a-f-]{36}/\?token=(prh_[A-Za-z0-9_-]{43})")


@pytest.fixture
def connection() -> Connection:
    made: Connection = DemoConnectionFactory.create(integration="accountsiq", settings={"transport": "rest"})
    return made


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(StaffFactory.create(is_superuser=True))
    return client


def page(connection: Connection) -> str:
    return f"/admin/connections/connection/{connection.pk}/change/"


def hook(connection: Connection) -> str:
    return f"/admin/connections/connection/{connection.pk}/hook/"


def test_an_address_is_made_and_shown_once(staff: Client, connection: Connection) -> None:
    assert hook(connection) in staff.get(page(connection)).content.decode()
    asked = staff.get(hook(connection)).content.decode()
    assert "refused at once" in asked
    assert not HookToken.objects.exists()
    shown = staff.post(hook(connection), {CONFIRMED: "1"}).content.decode()
    found = ADDRESS.search(shown)
    assert found
    assert HookToken.objects.get().digest == digest(found[1])
    for address in (page(connection), "/admin/events/auditevent/"):
        assert found[1] not in staff.get(address).content.decode()
    assert AuditEvent.objects.filter(verb="connection.hook_issued").count() == 1


@pytest.mark.parametrize(("integration", "status"), [("demo", Status.LINKED), ("accountsiq", Status.UNLINKED)])
def test_there_is_none_where_nobody_would_call(staff: Client, integration: str, status: Status) -> None:
    connection = DemoConnectionFactory.create(integration=integration, status=status)
    assert hook(connection) not in staff.get(page(connection)).content.decode()


def test_the_address_of_the_installation_stands_beside_its_key(staff: Client) -> None:
    row = IntegrationSettings.objects.create(
        integration="codat", secrets={"api_key": "k"}, refused_why="The key is not accepted."
    )
    address = f"/admin/connections/integrationsettings/{row.pk}/change/"
    text = staff.get(address).content.decode()
    assert "/hooks/codat/" in text
    assert "/link/back/?state={state}&amp;" in text
    assert escape(row.refused_why) not in text
    IntegrationSettings.objects.filter(pk=row.pk).update(refused_at="2026-11-21T12:00:00Z")
    assert escape(row.refused_why) in staff.get(address).content.decode()
