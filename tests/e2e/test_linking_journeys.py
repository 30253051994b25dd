"""Staff link companies at AccountsIQ and Codat in a browser, lose the access and win it back: nothing posts twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from integrations.accountsiq.standin.furniture import COMPANY_ID
from integrations.accountsiq.standin.tokens import CLIENT_ID
from integrations.codat.standin.furniture import ENTITIES
from tests.e2e import through_codat
from tests.e2e.browser import Watched
from tests.e2e.people import look, until
from tests.e2e.processes import There, Town
from tests.e2e.through_codat import CODAT, PLATFORM, XERO
from tests.e2e.unlinked import (
    WITHIN,
    approve,
    audited,
    authorise,
    booked,
    depart,
    link,
    number_there,
    open_transaction,
    secret_of,
    status,
    tell,
    unlinked,
)

pytestmark = pytest.mark.e2e
AIQ: Final = "AccountsIQ"
NAMES: Final = (
    "Mill Lane Printing Ltd", "Quayside Joinery Ltd", "Tern Street Catering Ltd", "Wharf Road Dental Ltd",
)  # fmt: skip
RIGHT, WRONG = f"Approve for {ENTITIES[0]}", f"Approve for {ENTITIES[1]}, the wrong company"
NO_ACCESS: Final = "no longer accepts our access. It is sent as soon as the company is linked again."


@pytest.fixture(scope="module")
def companies(town: Town) -> dict[str, There]:
    return {one.name: one for one in unlinked(town, *NAMES)}


def test_a_company_is_linked_at_accountsiq_and_survives_that_its_access_is_revoked(
    town: Town, staff: Watched, customer: Watched, icompleat: Watched, companies: dict[str, There]
) -> None:
    company, linked = companies[NAMES[0]], f"{NAMES[0]} is linked to Northgate Training Ltd (sandbox) at AccountsIQ."
    before = booked(town, "accountsiq")
    connection = link(staff, company, AIQ, accountsiq(town))
    expect(status(staff.page)).to_have_text("PendingAuth")
    look(staff, "linking-accountsiq-pending")
    expect(authorise(staff, connection, AIQ)).to_contain_text(linked)
    expect(status(staff.page)).to_have_text("Linked")
    look(staff, "linking-accountsiq-linked")
    first, said = approve(icompleat, town, company, "invoice")
    expect(said).to_contain_text(re.compile(r"was posted: journal number PI\d+"))

    with revoked(town):
        second, _ = approve(icompleat, town, company, "credit-note")
        staff.open(connection)
        expect(status(staff.page)).to_have_text("Deauthorised")
        look(staff, "linking-accountsiq-deauthorised")
        expect(open_transaction(customer, second).locator("#standing")).to_contain_text(NO_ACCESS)
        look(customer, "linking-waiting")
        third, _ = approve(icompleat, town, company, "invoice")
    for number in (second, third):
        expect(number_there(open_transaction(customer, number), AIQ)).to_have_text("None yet")

    expect(authorise(staff, connection, AIQ)).to_contain_text(linked)
    here = posted(customer, AIQ, first, second, third)
    look(customer, "linking-posted")
    there = [each for each in booked(town, "accountsiq") if each not in before]
    assert sorted(here) == sorted(each["number"] for each in there)
    expect(audited(staff, connection, "connection.deauthorised")).to_have_count(1)
    look(staff, "linking-audited")


def test_a_person_who_says_no_at_accountsiq_has_linked_nothing(
    town: Town, staff: Watched, customer: Watched, companies: dict[str, There]
) -> None:
    page, backs = staff.page, list[str]()
    page.on("request", lambda request: backs.append(request.url) if "/link/back/" in request.url else None)
    connection = link(staff, companies[NAMES[1]], AIQ, accountsiq(town))
    away = depart(staff, connection, AIQ)
    [state] = parse_qs(urlsplit(away.url).query)["state"]
    forged = [f"/link/back/?code=made-up&state={each}" for each in (state, "made-up")]
    plain = [refused(customer, each) for each in forged]

    away.get_by_role("button", name="Cancel", exact=True).click()
    page.wait_for_url(f"{staff.base}{connection}")
    expect(page.locator(".messagelist .warning")).to_have_text(
        "The connection was not authorised in AccountsIQ. Nothing was linked."
    )
    expect(status(page)).to_have_text("PendingAuth")
    look(staff, "linking-accountsiq-cancelled")
    [used] = [each.removeprefix(staff.base) for each in backs]
    assert f"state={state}" in used
    plain += [refused(staff, each) for each in (used, forged[1], "/link/back/")]
    look(staff, "linking-not-this-way")
    assert len(set(plain)) == 1
    staff.open(connection)
    expect(status(page)).to_have_text("PendingAuth")


def test_a_company_is_linked_through_codat_and_its_webhooks_are_heard(
    town: Town, staff: Watched, customer: Watched, icompleat: Watched, companies: dict[str, There], codat: None
) -> None:
    page, company = staff.page, companies[NAMES[2]]
    linked = f"{company.name} is linked to {ENTITIES[0]} at Codat."
    connection = link(staff, company, CODAT, {"Accounting software": XERO})
    through_codat.return_to(town, "")
    page.get_by_role("link", name="Authorise", exact=True).click()
    page.get_by_role("button", name="Authorise", exact=True).click()
    told = page.locator(".messagelist .error")
    expect(told).to_contain_text("People would not find back from Codat. Enter this redirect URL in its portal:")
    look(staff, "linking-codat-redirect")
    through_codat.return_to(town, told.inner_text().split("portal: ")[1].strip())
    expect(authorise(staff, connection, CODAT, RIGHT)).to_contain_text(linked)
    expect(status(page)).to_have_text("Linked")
    look(staff, "linking-codat-linked")
    through_codat.map_by_names(staff, town, connection)

    bill, said = approve(icompleat, town, company, "invoice")
    expect(said).to_contain_text(re.compile(r"was posted: journal number SI-\d+"))
    note, _ = approve(icompleat, town, company, "credit-note")
    until(open_transaction(customer, note), customer.page.get_by_text("Ask for the outcome", exact=True))
    look(customer, "linking-codat-awaiting")
    staff.open("/admin/intake/vendormessage/?q=billCreditNotes.write.successful")
    look(staff, "linking-codat-messages")
    page.locator("#result_list tbody a").first.click()
    expect(page.locator("#content")).to_contain_text(re.compile(r"The operation \S+ is asked for\."))
    look(staff, "linking-codat-message")
    posted(customer, PLATFORM, bill, note)
    look(customer, "linking-codat-posted")

    there = through_codat.there(town, staff, connection)
    tell(town, f"/codat/control/connections/{there['id']}", status="Deauthorized")
    until(page, status(page).get_by_text("Deauthorised", exact=True))
    look(staff, "linking-codat-deauthorised")
    later, _ = approve(icompleat, town, company, "invoice")
    expect(open_transaction(customer, later).locator("#standing")).to_contain_text(NO_ACCESS)
    expect(authorise(staff, connection, CODAT, RIGHT)).to_contain_text(linked)
    here = posted(customer, PLATFORM, bill, note, later)
    assert sorted(here) == sorted(each["number"] for each in booked(town, "codat", there["company"]))
    expect(audited(staff, connection, "connection.deauthorised")).to_have_count(1)


def test_another_company_than_before_is_refused_by_name_and_nothing_is_posted_there(
    town: Town, staff: Watched, customer: Watched, icompleat: Watched, companies: dict[str, There], codat: None
) -> None:
    page, company = staff.page, companies[NAMES[3]]
    connection = link(staff, company, CODAT, {"Accounting software": XERO})
    expect(authorise(staff, connection, CODAT, RIGHT)).to_contain_text(f"is linked to {ENTITIES[0]} at Codat.")
    through_codat.map_by_names(staff, town, connection)
    before = through_codat.there(town, staff, connection)["company"]
    expect(authorise(staff, connection, CODAT, WRONG)).to_contain_text(
        f"In Codat this led to {ENTITIES[1]} (GBP), but it was linked to {ENTITIES[0]} (GBP)."
    )
    look(staff, "linking-another-company")
    expect(page.get_by_label("External company id")).to_have_value(before)
    expect(page.get_by_label("External company name")).to_have_value(ENTITIES[0])

    number, _ = approve(icompleat, town, company, "invoice")
    assert booked(town, "codat", before) == []
    expect(open_transaction(customer, number).locator("#standing")).to_contain_text(NO_ACCESS)
    expect(authorise(staff, connection, CODAT, RIGHT)).to_contain_text(f"is linked to {ENTITIES[0]} at Codat.")
    assert posted(customer, PLATFORM, number) == [each["number"] for each in booked(town, "codat", before)]


def accountsiq(town: Town) -> dict[str, str]:
    """What staff enter, by the labels of the form."""
    return {
        "Interface": "REST",
        "Address": f"{town.sandbox}/accountsiq/api",
        "Company": str(COMPANY_ID),
        "Client ID": CLIENT_ID,
        "Client secret": secret_of(town, "accountsiq-secret"),
        "Authorisation page": f"{town.sandbox}/accountsiq/oauth2/authorize",
        "Token address": f"{town.sandbox}/accountsiq/oauth2/token",
    }


@contextmanager
def revoked(town: Town) -> Iterator[None]:
    """The customer has taken the application's rights away, and gives them back."""
    tell(town, "/accountsiq/control/application/revoke")
    try:
        yield
    finally:
        tell(town, "/accountsiq/control/application/restore")


def refused(person: Watched, address: str) -> str:
    """The plain page that somebody gets for an address of return; its text."""
    person.expected.add(address)
    person.open(address)
    expect(person.page.get_by_role("heading", name="Nothing was linked")).to_be_visible()
    return person.page.content()


def posted(customer: Watched, system: str, *numbers: str) -> list[str]:
    """Wait until each is posted: its number there."""
    return [_posted(open_transaction(customer, number), system) for number in numbers]


def _posted(page: Page, system: str) -> str:
    expect(page.locator("#standing .badge")).to_have_text("Posted", timeout=WITHIN)
    return number_there(page, system).inner_text()
