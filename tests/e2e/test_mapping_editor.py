"""A company's own people fill in the codes that nothing is sent for, in a real browser."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.reference.models import MappedCode, Record
from portal.reference.rules import How, from_json
from tests.desk.scene import Scene, a_scene
from tests.desk.syncs import a_record
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD, a_line

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    """A company whose last invoice has two accounts that the books do not have."""
    scene = a_scene(name="Harbour Street Studios Ltd")
    record = a_record(scene.connection, "x")
    Record.objects.filter(pk=record.pk).update(kind="account", code="5010", name="Course venue hire")
    scene.receive(number="INV-1", lines=(a_line(account_code="V-1"), a_line(2, account_code="V-2")))
    return scene


@pytest.fixture
def watched(scene: Scene, visit: Visit) -> Watched:
    watched = visit()
    watched.open(reverse("desk:gaps", args=[scene.company.pk]))
    watched.log_in(scene.user.username, PASSWORD)
    return watched


def test_codes_are_filled_in_and_looked_up_from_then_on(watched: Watched, scene: Scene) -> None:
    page = watched.page
    page.get_by_role("link", name="Codes", exact=True).click()
    watched.shoot("mapping-codes-unused")
    page.get_by_role("button", name="Look them up in this table from now on").click()
    expect(page.get_by_text("These codes are looked up in the table now.")).to_be_visible()
    watched.shoot("mapping-codes-gaps")
    page.get_by_role("link", name="Gaps", exact=True).click()
    page.get_by_role("link", name="V-1", exact=True).click()
    page.get_by_label("Sent for V-1, line 1").fill("5010")
    page.get_by_label("Code in iCompleat, new line 4").fill("V-3")
    page.get_by_role("button", name="Save", exact=True).click()
    watched.expected.add(page.url.removeprefix(watched.base))
    expect(page.get_by_text("Saved: 1 added.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="V-1")).to_contain_text("Course venue hire")
    watched.shoot("mapping-codes")
    assert watched.too_narrow() == []
    assert list(MappedCode.objects.values_list("source_code", "accounting_code")) == [("V-1", "5010")]
    scene.connection.refresh_from_db()
    assert from_json(scene.connection.mapping).account.how is How.TABLE


def test_rules_and_import_are_readable_at_every_width(watched: Watched) -> None:
    page = watched.page
    page.get_by_role("link", name="Rules", exact=True).click()
    expect(page.get_by_role("heading", name="Rules for codes")).to_be_visible()
    watched.shoot("mapping-rules")
    assert watched.too_narrow() == []
    page.get_by_role("link", name="Import", exact=True).click()
    csv = b"Family,Source code,Accounting code,Note\naccount,V-1,5010,Venue\naccount,V-2,,\n"
    page.get_by_label("CSV file").set_input_files({"name": "codes.csv", "mimeType": "text/csv", "buffer": csv})
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("Nothing is taken while a line cannot be.")).to_be_visible()
    watched.shoot("mapping-import")
    assert watched.too_narrow() == []
