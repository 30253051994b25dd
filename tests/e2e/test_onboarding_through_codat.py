"""A stranger keeps the books in Xero, which is linked through Codat: a no first, then the wrong company, then the right
one, and in the end a journal number of theirs. The installation has its account at Codat; we do nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, expect

from integrations.codat.standin.furniture import ENTITIES
from tests.e2e import onboarding_steps as steps
from tests.e2e import through_codat
from tests.e2e.browser import Watched, shots_directory
from tests.e2e.conftest import visitors
from tests.e2e.people import look
from tests.e2e.processes import There, Town
from tests.e2e.unlinked import WITHIN, approve, booked, fill, number_there, open_transaction
from tests.operations.running import get

pytestmark = pytest.mark.e2e
CODAT, XERO = "Codat", "Xero"
# Xero takes purchase orders, too.
ADDRESSES: Final = {**steps.ADDRESSES, "Purchase orders": "purchase_order"}
NAME: Final = "Skerry Lane Veterinary Ltd"
ADDRESS: Final = "vera@skerry.example"
RIGHT, WRONG = f"Approve for {ENTITIES[0]}", f"Approve for {ENTITIES[1]}, the wrong company"


@pytest.fixture
def stranger(town: Town, browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    """Somebody who was never here."""
    with visitors(browser, town.portal, shots_directory(tmp_path)) as visitor:
        yield visitor()


def test_a_stranger_links_xero_through_codat_and_ends_with_a_journal_number(
    town: Town, codat: None, stranger: Watched, icompleat: Watched
) -> None:
    page, there = stranger.page, steps.in_icompleat(town, NAME)
    steps.signed_up(stranger, town, "Skerry Lane", ADDRESS)
    path = steps.founded(stranger, NAME)
    company = There(NAME, path.split("/")[2], there.company_id, {})
    steps.chosen(stranger, XERO)
    _says_no(stranger)
    _links_the_wrong_company(stranger)
    _links_the_right_one(stranger)

    steps.set_up(stranger, path).locator("#do-source").click()
    steps.icompleat_connected(stranger, town, there)
    steps.set_up(stranger, path).locator("#do-addresses").click()
    steps.aimed(stranger, icompleat, company, ADDRESSES)
    _synchronises(stranger, path)
    _maps(stranger, town, path)
    _goes_live(stranger, path)

    before = booked(town, "codat", _there(town)["id"])
    number, said = approve(icompleat, town, company, "invoice")
    expect(said).to_contain_text(re.compile(r"was posted: journal number SI-\d+"))
    standing = open_transaction(stranger, number)
    expect(standing.locator("#standing .badge")).to_have_text("Posted", timeout=WITHIN)
    look(stranger, "codat-60-transaction")
    [made] = [each for each in booked(town, "codat", _there(town)["id"]) if each not in before]
    assert number_there(page, XERO).inner_text() == made["number"]
    expect(said).to_contain_text(f"journal number {made['number']}")


def _says_no(stranger: Watched) -> None:
    """Cancelled at the vendor's page: the portal says so, and what to do."""
    page = stranger.page
    steps.sent_to(stranger, CODAT, "codat-10", "Cancel")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing was linked: you said no")
    look(stranger, "codat-11-cancelled")
    page.locator("main .form-buttons .button-main").click()


def _links_the_wrong_company(stranger: Watched) -> None:
    """It is shown by name before anything is read, and is let go of again."""
    page = stranger.page
    steps.sent_to(stranger, CODAT, "codat-20", WRONG)
    expect(page.get_by_role("heading", name="Is this the right company?")).to_be_visible()
    expect(page.get_by_role("heading", name=ENTITIES[1])).to_be_visible()
    look(stranger, "codat-21-wrong-company")
    page.get_by_role("link", name="Wrong company? Start again").click()
    look(stranger, "codat-22-start-again")
    page.get_by_role("button", name="End it and start again").click()
    page.wait_for_url("**/accounting/")
    look(stranger, "codat-23-let-go")
    page.locator("main .button-main").click()


def _links_the_right_one(stranger: Watched) -> None:
    page = stranger.page
    steps.sent_to(stranger, CODAT, "codat-30", RIGHT)
    expect(page.get_by_role("heading", name=ENTITIES[0])).to_be_visible()
    look(stranger, "codat-31-right-company")
    page.get_by_role("button", name="Yes, this is it").click()
    expect(steps.step(page, "confirm")).to_contain_text("is the right one.")
    look(stranger, "codat-32-set-up")


def _synchronises(stranger: Watched, path: str) -> None:
    """The first one began before iCompleat was there; departments have no list in this new company of iCompleat's."""
    page = steps.set_up(stranger, path)
    expect(steps.step(page, "sync")).to_contain_text("and not sent there: suppliers", timeout=WITHIN)
    page.get_by_role("button", name="Sync now").click()
    expect(steps.step(page, "sync")).to_contain_text("Not come to its end: dimensions.", timeout=WITHIN)
    page.get_by_role("button", name="Leave dimensions out").click()
    left = "3 of 4 kinds have been read and sent to iCompleat. Left out: dimensions."
    expect(steps.step(page, "sync")).to_contain_text(left)
    look(stranger, "codat-40-synchronised")


def _maps(stranger: Watched, town: Town, path: str) -> None:
    """Suppliers and departments have other codes in Xero than in iCompleat: rules first, then a file of codes."""
    page = stranger.page
    stranger.open(f"{path}mapping/rules/")
    for name, value in through_codat.TABLED.items():
        fill(page.locator(f"[name={name}]"), value)
    look(stranger, "codat-41-rules")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    stranger.open(f"{path}mapping/import/")
    rows = through_codat.rows_by_name(town, _connection(town)["id"]).encode()
    page.get_by_label("CSV file").set_input_files({"name": "c.csv", "mimeType": "text/csv", "buffer": rows})
    page.get_by_role("button", name="Look at it").click()
    look(stranger, "codat-42-import")
    page.locator("main form .button-main").last.click()
    expect(page.get_by_text(re.compile("^Codes added: "))).to_be_visible()


def _goes_live(stranger: Watched, path: str) -> None:
    page = steps.set_up(stranger, path)
    page.locator("#do-go-live").click()
    look(stranger, "codat-50-go-live")
    page.get_by_role("button", name="Go live all the same", exact=True).click()
    stranger.open(f"{path}go-live/")
    expect(page.get_by_role("heading", name=f"{NAME} is live")).to_be_visible()


def _there(town: Town) -> dict[str, Any]:
    """The latest of this name over there: what was let go of is another one, or has no connection any more."""
    every = get(f"{town.sandbox}/codat/control/companies").json()["companies"]
    return dict([one for one in every if one["name"] == NAME][-1])


def _connection(town: Town) -> dict[str, Any]:
    [linked] = [one for one in _there(town)["dataConnections"] if one["status"] == "Linked"]
    return dict(linked)
