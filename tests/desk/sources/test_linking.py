"""Choosing what sends, and the page of accessplanit: its form, the test, and what of it is never shown."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings

from portal.connections import registry
from portal.connections.models import Connection, Endpoint, Side, Status
from portal.events.models import AuditEvent
from portal.tenants.models import Member, Role
from tests.desk.scene import Scene
from tests.desk.sources.platform import KEY, Platform
from tests.desk.test_source_page import errors
from tests.factories import SourceConnectionFactory

pytestmark = pytest.mark.engine


def address(scene: Scene, name: str = "fed-source", *more: str) -> str:
    return reverse(f"desk:{name}", args=[scene.company.pk, *(more or ("accessplanit",))])


def sources(scene: Scene) -> str:
    return reverse("desk:sources", args=[scene.company.pk])


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def source_of(scene: Scene) -> Connection:
    return Connection.objects.get(company=scene.company, integration="accessplanit")


def test_the_cards_say_what_each_source_sends(scene: Scene) -> None:
    body = text_of(scene.client.get(sources(scene)))
    icompleat, accessplanit = body.split("<h2>accessplanit</h2>")
    assert '<li class="taken-yes">Purchase orders</li>' in icompleat
    assert '<li class="taken-yes">Sales invoices</li>' in accessplanit
    assert '<li class="taken-yes">Purchase orders</li>' not in accessplanit
    assert f'href="{address(scene)}"' in accessplanit
    assert f'href="{reverse("desk:source", args=[scene.company.pk])}"' in icompleat


def test_where_there_is_but_one_source_nothing_is_chosen(scene: Scene, settings: Settings) -> None:
    settings.SOURCES = ["integrations.icompleat.connector.ICompleat"]
    registry.sources.cache_clear()
    try:
        response = scene.client.get(sources(scene))
        page = text_of(scene.client.get(response.headers["Location"]))
    finally:
        registry.sources.cache_clear()
    assert response.headers["Location"] == reverse("desk:source", args=[scene.company.pk])
    assert "What sends documents" not in page


@pytest.mark.parametrize(
    ("linked", "label"),
    [((), "Sources"), (("icompleat",), "iCompleat"), (("accessplanit",), "accessplanit"),
     (("icompleat", "accessplanit"), "Sources")],
)  # fmt: skip
def test_the_navigation_names_the_only_source(scene: Scene, linked: tuple[str, ...], label: str) -> None:
    for integration in linked:
        SourceConnectionFactory.create(company=scene.company, integration=integration)
    SourceConnectionFactory.create(company=scene.company, integration="accessplanit", status=Status.UNLINKED)
    nav = text_of(scene.client.get(reverse("desk:company", args=[scene.company.pk]))).split("company-nav", 1)[1]
    assert f">{label}</a>" in nav.split("</nav>")[0]


def test_what_is_no_source_that_is_read_has_no_such_page(scene: Scene) -> None:
    for slug in ("icompleat", "nothing"):
        assert scene.client.get(address(scene, "fed-source", slug)).status_code == 404
        assert scene.client.get(address(scene, "fed-log", slug)).status_code == 404


def test_the_form_asks_in_plain_words_and_folds_the_rest(scene: Scene) -> None:
    body = text_of(scene.client.get(address(scene)))
    plain, advanced = body.split('<details class="advanced">')
    assert re.findall(r'<label for="field-(\w+)"', plain) == [
        "setting__base_url", "setting__auth", "secret__api_key", "setting__username", "secret__password",
        "setting__start_date", "setting__time_zone", "setting__amount_mode", "setting__amount_unit",
        "setting__merge_negative_lines",
    ]  # fmt: skip
    assert 'type="date"' in plain
    assert "is left alone: it is never booked" in plain
    assert "Yes: the line says 120.00" in plain
    assert "In pence or cents: 12000" in plain
    assert "The vendor does not publish these." in advanced
    assert "(stored)" not in body
    assert "Link accessplanit first" in body


def test_a_test_says_who_answers_and_keeps_nothing(scene: Scene, platform: Platform) -> None:
    response = scene.client.post(address(scene, "fed-source-test"), platform.form(), headers={"HX-Request": "true"})
    body = text_of(response)
    assert "accessplanit answers as <strong>127.0.0.1" in body
    assert errors(body) == {}
    assert not Connection.objects.filter(side=Side.SOURCE).exists()


def test_saving_links_asks_what_is_seen_and_opens_an_address(scene: Scene, platform: Platform) -> None:
    platform.change(hidden=["CreditNote"])
    response = scene.client.post(address(scene), platform.form(start_date="2025-04-01"))
    assert response.headers["Location"] == address(scene)
    connection = source_of(scene)
    assert (connection.status, connection.settings["start_date"]) == (Status.LINKED, "2025-04-01")
    assert connection.told["feeds"]["credit_note"]["visible"] is False
    assert [one.kind for one in Endpoint.objects.filter(connection=connection)] == [""]
    body = text_of(scene.client.get(address(scene)))
    assert KEY not in body
    assert "(stored)" in body
    assert "Not everything can be seen" in body
    assert "<strong>Credit notes are not read.</strong>" in body
    assert "Payments and refunds are not read" not in body


def test_saving_twice_makes_one_connection_with_one_address(scene: Scene, platform: Platform) -> None:
    scene.client.post(address(scene), platform.form())
    scene.client.post(address(scene), platform.form(key="", start_date="2026-01-01"))
    connection = source_of(scene)
    assert connection.secrets["api_key"] == KEY
    assert Endpoint.objects.filter(connection=connection).count() == 1


def test_a_role_that_was_given_shows_after_looking_again(scene: Scene, platform: Platform) -> None:
    platform.change(hidden=["Transaction"])
    scene.client.post(address(scene), platform.form())
    platform.change(hidden=[])
    response = scene.client.post(address(scene, "fed-look"), follow=True)
    assert "Not everything can be seen" not in text_of(response)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"base_url": ""}, "setting__base_url"),
        ({"start_date": "soon"}, "setting__start_date"),
        ({"time_zone": "Nowhere"}, "setting__time_zone"),
        ({"auth": "password"}, "setting__username"),
        ({"fields": "x", "modules": "nonsense"}, "setting__modules"),
    ],
)
def test_an_error_stands_at_its_field(scene: Scene, platform: Platform, changes: dict[str, str], field: str) -> None:
    response = scene.client.post(address(scene), platform.form(**changes))
    assert response.status_code == 200
    assert list(errors(text_of(response))) == [field]
    assert not Connection.objects.filter(side=Side.SOURCE).exists()


def test_a_key_that_is_not_accepted_is_an_error_of_the_key(scene: Scene, platform: Platform) -> None:
    body = text_of(scene.client.post(address(scene), platform.form(key="another")))
    assert list(errors(body)) == ["secret__api_key"]
    assert "another" not in body


def test_a_stored_key_is_not_sent_to_another_address(scene: Scene, platform: Platform, linked: Connection) -> None:
    body = text_of(scene.client.post(address(scene), platform.form(key="", base_url="http://127.0.0.1:9/x/accessplan")))
    assert "secret__api_key" in errors(body)
    linked.refresh_from_db()
    assert linked.settings["base_url"] == platform.base_url


def test_the_trail_names_what_was_changed_and_no_secret(scene: Scene, platform: Platform, linked: Connection) -> None:
    scene.client.post(address(scene), platform.form(key="", start_date="2026-01-01"))
    event = AuditEvent.objects.filter(verb="connection.changed").get()
    assert "start_date" in event.details["settings"]
    assert KEY not in str(event.details)


def test_a_viewer_looks_only(scene: Scene, linked: Connection) -> None:
    Member.objects.filter(user=scene.user).update(role=Role.VIEWER)
    body = text_of(scene.client.get(address(scene)))
    assert "An owner or an operator of" in body
    for button in ("Read now", "Make a token", "Capture next call", ">Save<"):
        assert button not in body
