"""A stranger signs up in a browser, and ends with a journal number: every page on the way, nothing done by us."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import onboarding_steps as steps
from tests.e2e.browser import Watched, shots_directory
from tests.e2e.conftest import visitors
from tests.e2e.people import look, press
from tests.e2e.processes import There, Town, running
from tests.e2e.unlinked import PATIENT, approve, booked, number_there, open_transaction

pytestmark = pytest.mark.e2e
AIQ = "AccountsIQ"
NAME = "Lantern Street Opticians Ltd"
ADDRESS = "ada@lantern.example"
CODELESS = "invoice-unknown-account"
# What its two lines are coded to, and what that is called in the books.
# Its stand-in of iCompleat has no custom field for the dimensions of AccountsIQ.
RESULTS = {
    "account": "Complete", "currency": "Complete", "dimension": "PrerequisiteNotMet", "supplier": "Complete",
    "tax": "Complete",
}  # fmt: skip
CODES = {"9999": "7502", "7502": "7502"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One of its own: AccountsIQ's stand-in has a single company, which only one company here can be linked to."""
    with running(tmp_path_factory.mktemp("onboarding")) as town:
        yield town


@pytest.fixture
def stranger(town: Town, browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    """Somebody who was never here."""
    with visitors(browser, town.portal, shots_directory(tmp_path)) as visitor:
        yield visitor()


def test_a_stranger_signs_up_and_ends_with_a_journal_number(town: Town, stranger: Watched, icompleat: Watched) -> None:
    page, before = stranger.page, booked(town, "accountsiq")
    there = steps.in_icompleat(town, NAME)
    steps.signed_up(stranger, town, "Lantern Street", ADDRESS)
    path = steps.founded(stranger, NAME)
    company = There(NAME, path.split("/")[2], there.company_id, {})
    _links_accountsiq(stranger, town, path)

    page.locator("#do-source").click()
    steps.icompleat_connected(stranger, town, there)
    steps.set_up(stranger, path, "journey-23-set-up-before-tokens").locator("#do-addresses").click()
    steps.aimed(stranger, icompleat, company)
    page.get_by_role("link", name="I have stored them").click()

    number, said = approve(icompleat, town, company, CODELESS)
    expect(said).to_contain_text("not live yet, nothing was booked")
    _mends_the_mapping(stranger, path, number)
    _synchronises(stranger, path)
    _goes_live(stranger, path)

    said = press(icompleat, "Retry posting")
    said.wait_for(timeout=PATIENT)
    expect(said).to_contain_text(re.compile(r"was posted: journal number PI\d+"))
    _sees_it(stranger, path, number)
    [made] = [each for each in booked(town, "accountsiq") if each not in before]
    assert number_there(open_transaction(stranger, number), AIQ).inner_text() == made["number"]


def _links_accountsiq(stranger: Watched, town: Town, path: str) -> None:
    """Cancelled once, and then with a yes."""
    page = stranger.page
    steps.chosen(stranger, AIQ)
    steps.settings_saved(stranger, town)
    steps.sent_to(stranger, AIQ, "journey-11", "Cancel")
    expect(page.get_by_text("The connection was not authorised in AccountsIQ.").first).to_be_visible()
    look(stranger, "journey-12-cancelled")
    page.locator("main .form-buttons .button-main").click()
    steps.sent_to(stranger, AIQ, "journey-13", "Approve")
    expect(page.get_by_role("heading", name="Is this the right company?")).to_be_visible()
    look(stranger, "journey-14-confirm")
    page.get_by_role("button", name="Yes, this is it").click()
    expect(steps.step(page, "confirm")).to_contain_text("is the right one.")
    look(stranger, "journey-15-set-up")


def _mends_the_mapping(stranger: Watched, path: str, number: str) -> None:
    """What came in is seen, and why it would be refused; its code gets another in the books."""
    page = steps.set_up(stranger, path)
    expect(steps.step(page, "mapping")).to_contain_text("would be refused", timeout=steps.LATER)
    look(stranger, "journey-30-set-up-refused")
    page.locator("#do-mapping").click()
    look(stranger, "journey-31-came-before")
    page.get_by_role("link", name=number, exact=True).click()
    expect(page.get_by_role("heading", name="What AccountsIQ would refuse")).to_be_visible()
    look(stranger, "journey-32-dry-run")
    steps.looked_up(stranger, CODES)
    stranger.open(f"{path}before-live/")
    page.get_by_role("button", name="Run all again that would be refused").click()
    expect(page.get_by_text("Would be posted").first).to_be_visible(timeout=steps.LATER)
    look(stranger, "journey-37-would-be-posted")


def _synchronises(stranger: Watched, path: str) -> None:
    """The first sync began with the confirmation, before iCompleat was there; each kind has a schedule. Once more now,
    and what cannot be told is left out."""
    page = steps.set_up(stranger, path, "journey-40-set-up-mapped")
    expect(steps.step(page, "sync")).to_contain_text("and not sent there: suppliers", timeout=steps.LATER)
    expect(steps.step(page, "schedules")).to_contain_text("Daily at")
    page.locator("#do-schedules").click()
    before = steps.latest_runs(page)
    assert sorted(before) == list(RESULTS)
    page.get_by_role("button", name="Sync all").click()
    look(stranger, "journey-41-syncing")
    for kind, result in RESULTS.items():
        run = page.locator(f"#run-{kind}")
        expect(run).to_have_text(result, timeout=steps.LATER)
        expect(run).not_to_have_attribute("href", before[kind])
    page = steps.set_up(stranger, path)
    expect(steps.step(page, "sync")).to_contain_text("Not come to its end: dimensions.")
    expect(page.locator("#sync-dimension")).to_contain_text("iCompleat has no list custom field named")
    look(stranger, "journey-42-dimensions-not-told")
    page.get_by_role("button", name="Leave dimensions out").click()
    expect(steps.step(page, "sync")).to_contain_text(
        "4 of 5 kinds have been read and sent to iCompleat. Left out: dimensions."
    )
    look(stranger, "journey-43-synchronised")


def _goes_live(stranger: Watched, path: str) -> None:
    page = steps.set_up(stranger, path)
    page.locator("#do-go-live").click()
    look(stranger, "journey-50-go-live")
    page.get_by_role("button", name="Go live", exact=True).click()
    expect(page.get_by_text("press Retry posting, for one document or for all.")).to_be_visible()
    look(stranger, "journey-51-live")


def _sees_it(stranger: Watched, path: str, number: str) -> None:
    page = stranger.page
    stranger.open(path)
    for word in ("Received", "Posted"):
        row = page.locator("table.figures tr").filter(has=page.get_by_role("rowheader", name=word, exact=True))
        expect(row.locator("td")).to_have_text(["1", "1"])
    look(stranger, "journey-60-dashboard")
    stranger.open("/")
    look(stranger, "journey-61-companies")
    stranger.open("/transactions/")
    look(stranger, "journey-62-transactions")
    page.get_by_role("link", name=number, exact=True).click()
    expect(page.locator("#standing .badge")).to_have_text("Posted")
    look(stranger, "journey-63-transaction")
