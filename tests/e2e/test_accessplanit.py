"""A customer links accessplanit in a browser, has it read, and sees an invoice and its payment with their numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from integrations.documents import Kind
from ledger.models import EntryAllocation
from portal.connections.models import Connection
from portal.intake.feeds import leases, reading
from portal.intake.feeds.hints import follow
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.models import MappedCode
from portal.reference.rules import How, Missing, Rule, from_json
from portal.reference.services import save_rules
from tests.desk.scene import Scene, a_scene
from tests.desk.sources.platform import KEY, Platform, running
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.e2e.people import look
from tests.factories import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def mapped(connection: Connection) -> None:
    """As a bookkeeper would: all that is sold to one account, all money to the bank."""
    rule = Rule(how=How.TABLE, absent=Missing.DEFAULT, unknown=Missing.DEFAULT, default="4000")
    money = replace(rule, default="1200")
    save_rules(connection, replace(from_json(connection.mapping), revenue=rule, bank=money), who="tests")
    MappedCode.objects.create(connection=connection, family="sales_tax", source_code="20", accounting_code="T1")


def read() -> None:
    """What the workers do: every reader that is due."""
    for reader in leases.due(timezone.now()):
        reading.perform(reader, lambda *_: None)


def entered(visit: Visit, scene: Scene) -> Watched:
    watched = visit()
    watched.open(reverse("desk:company", args=[scene.company.pk]))
    watched.log_in(scene.user.username, PASSWORD)
    return watched


def link(watched: Watched, platform: Platform) -> None:
    """With a wrong key first, and a user who does not see everything."""
    page = watched.page
    page.get_by_role("link", name="Sources", exact=True).click()
    page.get_by_role("link", name="Choose accessplanit").click()
    expect(page.get_by_role("heading", name="Link accessplanit first")).to_be_visible()
    page.get_by_label("Address of the platform").fill(platform.base_url)
    page.get_by_label("API key", exact=False).nth(0).fill("typed in haste")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#field-secret__api_key_error")).to_contain_text("does not accept this")
    look(watched, "accessplanit-wrong-key")
    page.locator("#field-secret__api_key").fill(KEY)
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("accessplanit answers as")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Credit notes are not read.")).to_be_visible()
    look(watched, "accessplanit-linked")

    platform.change(hidden=[])
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_text("Not everything can be seen")).to_have_count(0)


def choose_names(watched: Watched) -> None:
    page = watched.page
    page.get_by_role("link", name="Check the field names").click()
    page.get_by_role("button", name="Read the field list").click()
    expect(page.get_by_text("The field list was read:")).to_be_visible()
    look(watched, "accessplanit-fields")


def read_it(watched: Watched, scene: Scene) -> None:
    page = watched.page
    watched.open(reverse("desk:fed-source", args=[scene.company.pk, "accessplanit"]))
    page.get_by_role("button", name="Read now").click()
    expect(page.get_by_text("Waits for its turn").first).to_be_visible()
    read()
    expect(page.get_by_text("new or changed.").first).to_be_visible(timeout=15_000)
    look(watched, "accessplanit-read")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_text("Copy it now: it is shown this once")).to_be_visible()
    look(watched, "accessplanit-token")


def test_from_the_link_to_an_invoice_that_is_paid(visit: Visit, tmp_path: Path) -> None:
    scene = a_scene(name="Northgate Training Ltd")
    mapped(scene.connection)
    with running(tmp_path) as platform:
        platform.change(hidden=["CreditNote"])
        watched = entered(visit, scene)
        link(watched, platform)
        choose_names(watched)
        read_it(watched, scene)
        page = watched.page
        invoice = platform.tell(
            "POST", "/control/platforms/northgate/invoices", customer="BRIGHT7kQ2",
            lines=[{"label": "First Aid at Work", "amount": "297.00", "source_type": "UserCourseDate"}],
        )  # fmt: skip
        platform.tell(
            "POST", f"/control/platforms/northgate/invoices/{invoice['ID']}/pay", amount="297.00", method="BACS"
        )
        watched.open(reverse("desk:fed-source", args=[scene.company.pk, "accessplanit"]))
        page.get_by_role("button", name="Read now").click()
        expect(page.get_by_text("Every feed is read now.")).to_be_visible()
        read()
        follow(str(Connection.objects.get(integration="accessplanit").pk), lambda *_: None)

        watched.open(reverse("desk:fed-log", args=[scene.company.pk, "accessplanit"]) + f"?q={invoice['ID']}")
        found = page.locator("tr", has_text=invoice["Reference"])
        expect(found).to_contain_text("Taken in")
        look(watched, "accessplanit-log")
        found.get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(invoice["Reference"])
        look(watched, "accessplanit-invoice")
        posting = Posting.objects.get(transaction__source_number=invoice["Reference"], kind=Kind.SALES_INVOICE)
        assert posting.state == State.POSTED
        expect(page.get_by_text(posting.external_number).first).to_be_visible()
        assert EntryAllocation.objects.filter(settled__id=posting.external_id or "").count() == 1
