"""What staff see and do: a connection that waits for a visit, its buttons, and what the installation has at vendors."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.linking import Token
from integrations.metadata import Setting
from portal.connections import registry
from portal.connections.access import grants
from portal.connections.access.addresses import lead_elsewhere
from portal.connections.access.installation import is_offered
from portal.connections.access.linked import unlink
from portal.connections.access.models import AccessGrant, IntegrationSettings
from portal.connections.admin import forms
from portal.connections.models import Connection, Status
from portal.connections.services import link_of
from portal.events.models import AuditEvent
from tests.connections.access.conftest import linked
from tests.connections.access.vendor import CLIENT_SECRET, SLUG, Agreed, Vendor
from tests.factories import CompanyFactory, StaffFactory, UserFactory

pytestmark = pytest.mark.django_db

ADD = "/admin/connections/connection/add/"
SETTINGS = "/admin/connections/integrationsettings/"
APP_KEY = "the-key-of-the-installation"


class Shared(Agreed):
    """The same vendor, for which the installation has the address and a key."""

    metadata = replace(
        Agreed.metadata,
        slug="shared",
        settings=(
            Setting(key="base_url", label="Address", of_installation=True),
            Setting(key="app_key", label="App key", secret=True, of_installation=True),
            *Agreed.metadata.settings[1:],
        ),
    )


@pytest.fixture(autouse=True)
def installed(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both connectors are known everywhere."""
    known = {**registry.accounting_systems(), SLUG: Agreed, "shared": Shared}
    monkeypatch.setattr(registry, "accounting_systems", lambda: known)
    monkeypatch.setattr(forms, "accounting_systems", lambda: known)


@pytest.fixture
def staff(client: Client) -> Client:
    """A browser in which a superuser is logged in."""
    client.force_login(StaffFactory.create(username="sam"))
    return client


def page(connection: Connection, name: str = "change") -> str:
    return reverse(f"admin:connections_connection_{name}", args=[connection.pk])


def sent(vendor: Vendor, **changed: object) -> dict[str, object]:
    """The form of a connection as it is sent."""
    return {
        "external_company_id": "", "external_company_name": "", "setting__base_url": vendor.url,
        "setting__way": "visit", "secret__client_secret": "", **changed,
    }  # fmt: skip


def buttons(client: Client, connection: Connection) -> list[str]:
    """The names of the buttons on its page."""
    return [button.name for _, button in client.get(page(connection)).context["buttons"]]


def told(answered: Any) -> list[str]:
    """What the page says at its top."""
    return [str(one) for one in answered.context["messages"]]


def test_a_connection_that_is_linked_by_a_visit_starts_as_pending(staff: Client, vendor: Vendor) -> None:
    data = sent(vendor, company=str(CompanyFactory.create().pk), secret__client_secret=CLIENT_SECRET)
    assert staff.post(f"{ADD}?integration={SLUG}", data).status_code == 302
    connection = Connection.objects.get(integration=SLUG)
    assert (connection.status, connection.linked_at, connection.secrets) == (
        Status.PENDING_AUTH, None, {"client_secret": CLIENT_SECRET},
    )  # fmt: skip
    assert list(AuditEvent.objects.filter(subject_id=str(connection.pk)).values_list("verb", flat=True)) == [
        "connection.prepared"
    ]
    assert buttons(staff, connection) == ["pause", "authorise", "unlink"]


def test_one_that_is_linked_by_its_form_is_linked_at_once(staff: Client, vendor: Vendor) -> None:
    company = CompanyFactory.create()
    data = sent(vendor, company=str(company.pk), setting__way="form", secret__client_secret=CLIENT_SECRET)
    staff.post(f"{ADD}?integration={SLUG}", data)
    connection = Connection.objects.get(company=company)
    assert connection.status == Status.LINKED
    assert buttons(staff, connection) == ["pause", "survey", "unlink"]


def test_the_button_explains_and_its_form_leads_to_the_door_of_visits(staff: Client, vendor: Vendor) -> None:
    connection = linked(vendor, status=Status.PENDING_AUTH)
    text = staff.get(page(connection, "authorise")).content.decode()
    assert f'<form method="post" action="/link/{connection.pk}/"' in text
    assert f'<input type="hidden" name="next" value="{page(connection)}">' in text
    left = staff.post(f"/link/{connection.pk}/", {"next": page(connection)}).content.decode()
    assert "Continue to Agreed Books" in left
    assert f'href="{vendor.url}/authorize?' in left


def test_what_a_button_does_not_fit_is_not_offered(staff: Client, vendor: Vendor) -> None:
    known = linked(vendor, status=Status.DEAUTHORISED)
    Connection.objects.update(external_company_id="1042")
    assert buttons(staff, known) == ["pause", "authorise", "relink", "unlink"]
    unlink(known, who="tests", why="It moves.")
    assert buttons(staff, known) == ["pause"]


def test_staff_who_only_look_have_no_buttons_and_no_doors(client: Client, vendor: Vendor) -> None:
    connection = linked(vendor)
    user: User = UserFactory.create(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_connection"))
    client.force_login(user)
    assert buttons(client, connection) == []
    assert [client.get(page(connection, name)).status_code for name in ("authorise", "survey")] == [403, 403]
    assert client.post(f"/link/{connection.pk}/").status_code == 404


def test_the_page_shows_when_the_token_ends_and_what_came_of_visits_and_no_token(staff: Client, vendor: Vendor) -> None:
    connection = linked(vendor)
    token = Token(access="planted-access", refresh="planted-refresh", expires_at=timezone.now() + timedelta(hours=1))
    grants.put(connection, token, asked_at=timezone.now())
    connection.visits.create(
        state_digest="s", session_digest="s", return_url="/", next_url="/", began_at=timezone.now(),
        good_until=timezone.now(), outcome="cancelled", message="You did not agree.", secrets={"verifier": "planted-v"},
    )  # fmt: skip
    Connection.objects.update(told={"kinds": ["invoice"]}, told_at=timezone.now())
    text = staff.get(page(connection)).content.decode()
    for shown in (
        "Good until",
        "Renewed</dt><dd>0 times",
        "Cancelled there",
        "You did not agree.",
        "&quot;invoice&quot;",
    ):
        assert shown in text
    assert "planted" not in text


def test_a_survey_says_what_came_of_it(staff: Client, vendor: Vendor) -> None:
    connection = linked(vendor)
    grants.put(connection, vendor.grant(), asked_at=timezone.now())
    assert "Nothing is written" in staff.get(page(connection, "survey")).content.decode()
    asked = [staff.post(page(connection, "survey"), {"confirmed": "yes"}, follow=True) for _ in range(2)]
    assert [told(one) for one in asked] == [["Something has changed."], ["Nothing has changed."]]
    vendor.revoke()
    [message] = told(staff.post(page(connection, "survey"), {"confirmed": "yes"}, follow=True))
    assert "The consent was withdrawn" in message
    connection.refresh_from_db()
    assert connection.status == Status.DEAUTHORISED


# What a change of the form means for the access that there is


def changed(staff: Client, connection: Connection, vendor: Vendor, **fields: object) -> str:
    """The form is sent with these changes; the status that the connection has then."""
    grants.put(connection, vendor.grant(), asked_at=timezone.now())
    staff.post(page(connection), sent(vendor, setting__way=connection.settings["way"], **fields))
    connection.refresh_from_db()
    return connection.status


def test_what_a_person_agreed_to_stays_while_it_goes_to_the_same_address(staff: Client, vendor: Vendor) -> None:
    connection = linked(vendor)
    assert changed(staff, connection, vendor, secret__client_secret="a new one") == Status.LINKED
    assert connection.secrets == {"client_secret": "a new one"}
    assert AccessGrant.objects.count() == 1


def test_another_address_needs_the_secret_again_and_then_another_visit(staff: Client, vendor: Vendor) -> None:
    connection, elsewhere = linked(vendor), "http://127.0.0.2:9"
    assert changed(staff, connection, vendor, setting__base_url=elsewhere) == Status.LINKED
    assert (connection.settings["base_url"], AccessGrant.objects.count()) == (vendor.url, 1)
    fields = {"setting__base_url": elsewhere, "secret__client_secret": CLIENT_SECRET}
    assert changed(staff, connection, vendor, **fields) == Status.PENDING_AUTH
    assert (connection.settings["base_url"], AccessGrant.objects.count()) == (elsewhere, 0)
    assert AuditEvent.objects.filter(verb="connection.to_authorise").count() == 1


def test_a_token_that_other_credentials_gave_is_forgotten(staff: Client, vendor: Vendor) -> None:
    connection = linked(vendor, way="form")
    assert changed(staff, connection, vendor, secret__client_secret="a new one") == Status.LINKED
    assert AccessGrant.objects.count() == 0


def test_a_change_that_touches_no_setting_touches_no_token(staff: Client, vendor: Vendor) -> None:
    connection = linked(vendor, way="form")
    assert changed(staff, connection, vendor, external_company_name="Northgate") == Status.LINKED
    assert AccessGrant.objects.count() == 1


@pytest.mark.parametrize(
    "before,after,elsewhere",
    [
        ({"base_url": "https://a.example/x"}, {"base_url": "https://A.example/y"}, False),
        ({"base_url": "https://a.example"}, {"base_url": "http://a.example"}, True),
        ({"base_url": "https://a.example"}, {"base_url": "https://a.example:444"}, True),
        ({"base_url": "https://a.example"}, {}, False),
        ({"token_url": ""}, {"token_url": "https://b.example/token"}, True),
        ({}, {"token_url": "https://b.example/token"}, True),
        ({"name": "a"}, {"name": "https://b.example"}, False),
        ({"base_url": "https://a.example"}, {"base_url": "https://[broken"}, True),
    ],
)
def test_each_address_among_the_settings_counts(before: Any, after: Any, elsewhere: bool) -> None:
    assert lead_elsewhere(before, after) is elsewhere


# What the installation has


def given(vendor: Vendor) -> IntegrationSettings:
    """Its address and key at the vendor."""
    return IntegrationSettings.objects.create(
        integration="shared", settings={"base_url": vendor.url}, secrets={"app_key": APP_KEY}
    )


def installation_page(kept: IntegrationSettings) -> str:
    return reverse("admin:connections_integrationsettings_change", args=[kept.pk])


def test_what_the_installation_has_is_entered_once_and_its_secret_is_never_shown(staff: Client, vendor: Vendor) -> None:
    assert not is_offered("shared")
    chosen = staff.get(f"{SETTINGS}add/").content.decode()
    assert "?integration=shared" in chosen
    assert f"?integration={SLUG}" not in chosen
    data = {"setting__base_url": vendor.url, "secret__app_key": APP_KEY}
    answered = staff.post(f"{SETTINGS}add/?integration=shared", data, follow=True)
    [kept] = IntegrationSettings.objects.all()
    assert (kept.integration, kept.settings, kept.secrets) == (
        "shared", {"base_url": vendor.url}, {"app_key": APP_KEY},
    )  # fmt: skip
    assert is_offered("shared")
    pages = [answered, staff.get(installation_page(kept)), staff.get(SETTINGS)]
    assert [APP_KEY in one.content.decode() for one in pages] == [False] * 3
    assert "Stored, never shown" in pages[1].content.decode()
    again = staff.post(f"{SETTINGS}add/?integration=shared", data).content.decode()
    assert "was entered already" in again
    assert IntegrationSettings.objects.count() == 1


def test_an_empty_secret_keeps_the_stored_one_and_another_address_asks_for_it_again(
    staff: Client, vendor: Vendor
) -> None:
    kept = given(vendor)
    data = {"setting__base_url": f"{vendor.url}/v2", "secret__app_key": ""}
    assert staff.post(installation_page(kept), data).status_code == 302
    kept.refresh_from_db()
    assert (kept.settings["base_url"], kept.secrets) == (f"{vendor.url}/v2", {"app_key": APP_KEY})
    refused = staff.post(installation_page(kept), {**data, "setting__base_url": "http://127.0.0.2:9"})
    assert "Enter the app key again" in refused.content.decode()
    kept.refresh_from_db()
    assert kept.settings["base_url"] == f"{vendor.url}/v2"


def test_connections_have_it_among_their_own_and_their_form_does_not_ask_for_it(staff: Client, vendor: Vendor) -> None:
    given(vendor)
    connection = linked(vendor)
    Connection.objects.update(integration="shared", settings={"way": "visit"})
    connection.refresh_from_db()
    link = link_of(connection)
    assert (link.settings["base_url"], link.secrets) == (
        vendor.url, {"client_secret": CLIENT_SECRET, "app_key": APP_KEY},
    )  # fmt: skip
    form = staff.get(page(connection)).content.decode()
    assert "setting__way" in form
    assert "setting__base_url" not in form
    assert "secret__app_key" not in form


def test_another_address_of_the_installation_lets_all_its_connections_be_authorised_anew(
    staff: Client, vendor: Vendor
) -> None:
    kept, connection = given(vendor), linked(vendor)
    Connection.objects.update(integration="shared", settings={"way": "visit"})
    grants.put(connection, vendor.grant(), asked_at=timezone.now())
    data = {"setting__base_url": "http://127.0.0.2:9", "secret__app_key": "another-key"}
    staff.post(installation_page(kept), data)
    connection.refresh_from_db()
    assert (connection.status, AccessGrant.objects.count()) == (Status.PENDING_AUTH, 0)
    event = AuditEvent.objects.get(verb="installation.changed")
    assert event.details == {"settings": ["base_url"]}


def test_what_an_integration_that_is_gone_had_is_still_looked_at(staff: Client) -> None:
    kept = IntegrationSettings.objects.create(integration="gone", settings={}, secrets={"app_key": APP_KEY})
    shown = [staff.get(url) for url in (installation_page(kept), SETTINGS)]
    assert [one.status_code for one in shown] == [200, 200]
    assert "Not installed any more" in shown[0].content.decode()
