"""Conformance runs in the staff site: a list and a page to read, and a part of their connection's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from portal.connections.models import Conformance
from tests.admin.world import World
from tests.connections.runs import kept_run

pytestmark = pytest.mark.django_db
LIST = "/admin/connections/conformance/"
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_of_a_connection_shows_its_latest_runs(staff: Client, world: World) -> None:
    kept_run(world.demo, AT, trusted=False)
    text = text_of(staff, f"/admin/connections/connection/{world.demo.pk}/change/")
    assert "Conformance" in text
    assert "20 Nov 2026 12:00" in text
    assert "Not trusted" in text
    assert "1 of 1" in text


def test_a_connection_without_a_run_says_how_to_make_one(staff: Client, world: World) -> None:
    Conformance.objects.all().delete()
    text = text_of(staff, f"/admin/connections/connection/{world.demo.pk}/change/")
    assert f"No run yet. Run: manage.py conformance demo --connection {world.demo.pk}" in text


def test_what_books_inside_or_sends_has_nothing_to_check(staff: Client, world: World) -> None:
    for connection in (world.ledger, world.source):
        text = text_of(staff, f"/admin/connections/connection/{connection.pk}/change/")
        assert "Conformance</h2>" not in text
        assert "No run yet" not in text


def test_a_run_shows_each_check_and_cannot_be_changed(staff: Client, world: World) -> None:
    checks = [
        {"name": "a", "title": "Double send", "outcome": "failed", "seen": "Two <b>", "documents": 2, "counts": True},
        {"name": "b", "title": "Late retry", "outcome": "not_possible", "seen": "", "documents": None, "counts": True},
    ]
    run = kept_run(world.demo, AT, checks=checks, trusted=False)
    text = text_of(staff, f"{LIST}{run.pk}/change/")
    for word in ("Double send", "Failed", "Two &lt;b&gt;", "Not possible", "not counted", "Harbour Street Studios Ltd"):
        assert word in text
    assert staff.get(f"{LIST}add/").status_code == 403
    assert staff.post(f"{LIST}{run.pk}/delete/", {"post": "yes"}).status_code == 403
    assert staff.post(f"{LIST}{run.pk}/change/", {"trusted": "on"}).status_code == 403
    run.refresh_from_db()
    assert not run.trusted


def test_the_list_names_the_company_here_or_there(staff: Client, world: World) -> None:
    kept_run(None, AT, external_company_name="Sandbox Ltd")
    text = text_of(staff, LIST)
    assert "Sandbox Ltd" in text
    assert "Harbour Street Studios Ltd" in text
    assert "0 of 1" not in text


def test_it_is_for_those_who_may_see_it(world: World, staff_with: Callable[..., Client]) -> None:
    assert staff_with("connections.view_connection").get(LIST).status_code == 403
    assert staff_with("connections.view_conformance").get(LIST).status_code == 200
