"""Raising and reference data between iCompleat, the portal and Demo Books, in a browser: real processes, real HTTP."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from portal.raising.template import COLUMNS, ROWS
from portal.spreadsheet import csv_line
from tests.e2e.browser import Watched
from tests.e2e.people import SOON, look, press, row, until
from tests.e2e.processes import There, Town

pytestmark = pytest.mark.e2e
SUPPLIERS = 250


def csv(*rows: dict[str, str]) -> bytes:
    return (csv_line(COLUMNS) + "".join(csv_line([each.get(name, "") for name in COLUMNS]) for each in rows)).encode()


def upload(customer: Watched, company: There, stage: str, content: bytes) -> None:
    customer.open(f"/companies/{company.id}/raise/")
    page = customer.page
    page.get_by_label(stage).check()
    page.get_by_label("CSV file").set_input_files({"name": "raise.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Look at it").click()


ORDER, INVOICE = ({**each, "account_code": "5010", "tax_code": "T1"} for each in ROWS[:2])


def test_what_is_raised_comes_back_whether_approved_at_once_or_from_a_draft(
    town: Town, customer: Watched, icompleat: Watched
) -> None:
    page, company = customer.page, town.northgate
    before = len(town.transactions(company))
    customer.open(f"/companies/{company.id}/raise/")
    with page.expect_download() as template:
        page.get_by_role("link", name="Download the template").click()
    content = template.value.path().read_bytes().replace(b"600.00,,", b"600.00,5010,T1")
    upload(customer, company, "Fully approved at once", content + csv({**ORDER, "key": "order-2"}).split(b"\n", 1)[1])
    expect(page.get_by_text("up to 2 e-mails go out to suppliers now")).to_be_visible()
    look(customer, "journey-raise-preview")
    assert len(town.transactions(company)) == before
    page.get_by_role("button", name="Raise 4 in iCompleat").click()
    expect(page.get_by_text("4 taken in.")).to_be_visible()

    upload(customer, company, "As drafts", csv({**INVOICE, "key": "draft-1", "title": "Draft of November"}))
    expect(page.get_by_text("e-mail")).to_have_count(0)
    page.get_by_role("button", name="Raise 1 in iCompleat").click()
    until(page, page.locator("#raised-head ~ table").get_by_text("Posted", exact=True), 5)

    raised = town.transactions(company)[before:]
    [draft] = [each for each in raised if each["tray"] == "unprocessed"]
    approved = [each for each in raised if each is not draft]
    assert [each["tray"] for each in approved] == ["approved"] * 4
    icompleat.open(f"/companies/{company.icompleat_id}")
    for each in approved:
        expect(row(icompleat.page, each["number"])).to_contain_text(re.compile(r"(JNL|MEM)-\d{6}"))
    icompleat.page.get_by_role("link", name=draft["number"], exact=True).click()
    expect(press(icompleat, "Submit")).to_contain_text("lies in Awaiting approval")
    expect(press(icompleat, "Approve")).to_contain_text(re.compile(r"was posted: journal number JNL-\d{6}"))
    look(icompleat, "journey-raise-there")

    back = page.locator("td[data-label='Came back as'] a")
    until(page, back, 5)
    look(customer, "journey-raise-back")
    expect(page.locator("#raised-head ~ table").get_by_text("Approved", exact=True)).to_have_count(5)
    there = {each["number"]: each["journal_number"] for each in town.transactions(company)[before:]}
    assert sorted(back.all_inner_texts()) == sorted(there)
    for key in ("draft-1", "invoice-2026-001", "order-2"):
        customer.open(f"/companies/{company.id}/raise/")
        link = page.locator("tr").filter(has=page.get_by_role("rowheader", name=key, exact=True)).locator("a")
        number = link.inner_text()
        link.click()
        card = page.get_by_role("region", name="Raised from here")
        expect(card).to_contain_text(key)
        expect(page.locator("#standing")).to_contain_text(there[number])
        expect(page.locator("#standing .badge")).to_have_text("Posted")
        look(customer, f"journey-raised-{key}")
        card.get_by_role("link").click()
        expect(page.get_by_role("region", name="Raised from here").get_by_role("link", name=number)).to_be_visible()


def test_a_file_with_errors_names_line_and_column_and_raises_nothing(town: Town, customer: Watched) -> None:
    page, company = customer.page, town.northgate
    before = town.transactions(company)
    wrong = csv(
        {**INVOICE, "key": "bad-1", "account_code": "4711"},
        {**INVOICE, "key": "bad-2", "gross": "299.00"},
        {**INVOICE, "key": "bad-3", "net": "1,250"},
        {**INVOICE, "key": "good-1"},
    )
    upload(customer, company, "Fully approved at once", wrong)
    expect(page.get_by_role("heading", name="This file cannot be raised yet")).to_be_visible()
    problems = page.get_by_role("region", name="things to mend").locator("tbody tr")
    told = [each.locator("td").all_inner_texts()[:3] for each in problems.all()]
    look(customer, "journey-raise-errors")
    assert told == [["2", "account_code", "bad-1"], ["3", "gross", "bad-2"], ["4", "net", "bad-3"]]
    expect(page.get_by_role("button", name="Raise")).to_have_count(0)
    customer.open(f"/companies/{company.id}/raise/")
    expect(page.get_by_text("good-1")).to_have_count(0)
    assert town.transactions(company) == before


# --- reference data ---


def suppliers(page: Page) -> Locator:
    return page.locator("tr", has=page.get_by_role("link", name="Suppliers", exact=True))


def test_suppliers_that_would_disappear_wait_for_a_person(
    town: Town, customer: Watched, icompleat: Watched, books: Watched
) -> None:
    page, company = customer.page, town.harbour
    books.open("/control/companies/harbour-street/suppliers")
    before = town.suppliers_in_demo_books()
    assert len(before) == 3
    for code in list(before)[1:]:
        row(books.page, code).get_by_role("button", name="Take out of use").click()
        expect(row(books.page, code).get_by_role("button", name="Put back into use")).to_be_visible()
    left = next(iter(before))
    customer.open(f"/companies/{company.id}/reference/")
    page.get_by_role("button", name="Sync now Suppliers").click()
    expect(suppliers(page)).to_contain_text("3 rows at iCompleat would become 1. Nothing was sent.", timeout=SOON)
    look(customer, "journey-guard-list")
    page.get_by_role("link", name="Look and decide").click()
    expect(page.get_by_role("heading", name="2 rows would disappear from iCompleat")).to_be_visible()
    expect(page.locator("#run")).to_contain_text("Waiting for confirmation")
    look(customer, "journey-guard")
    page.get_by_label("Why it is discarded").fill("They come back tomorrow.")
    page.get_by_role("button", name="Discard: change nothing").click()
    expect(page.get_by_text("Discarded. Nothing was sent.")).to_be_visible()
    look(customer, "journey-guard-discarded")
    assert town.suppliers_there(company) == before

    customer.open(f"/companies/{company.id}/reference/")
    page.get_by_role("button", name="Sync now Suppliers").click()
    page.get_by_role("link", name="Look and decide").click(timeout=SOON)
    page.get_by_role("button", name="Confirm: 2 rows disappear").click()
    expect(page.locator("#run").get_by_text("Complete", exact=True)).to_be_visible(timeout=SOON)
    look(customer, "journey-guard-confirmed")
    icompleat.open(f"/companies/{company.icompleat_id}/lists")
    icompleat.page.get_by_role("link", name="Suppliers").click()
    expect(icompleat.page.locator("tbody tr")).to_have_count(1)
    expect(row(icompleat.page, left)).to_be_visible()


def test_a_refresh_that_breaks_off_goes_on_by_itself(
    town: Town, customer: Watched, icompleat: Watched, books: Watched
) -> None:
    page, company = customer.page, town.harbour
    books.open("/control/companies/harbour-street/suppliers")
    books.page.get_by_label("Count").first.fill(str(SUPPLIERS))
    books.page.get_by_role("button", name="Generate").click()
    expect(row(books.page, f"GEN-{SUPPLIERS + 3:06}")).to_be_visible()
    icompleat.open("/faults")
    icompleat.page.locator("[name=chunk_error]").fill("2")
    icompleat.page.locator("[name=slow_ms]").fill("700")
    icompleat.page.get_by_role("button", name="Save").click()
    expect(icompleat.page.get_by_text("chunk_error, ").or_(icompleat.page.get_by_text("slow_ms,"))).to_be_visible()

    customer.open(f"/companies/{company.id}/reference/")
    page.get_by_role("button", name="Sync now Suppliers").click()
    expect(suppliers(page)).to_contain_text("goes on by itself", timeout=SOON)
    expect(suppliers(page)).to_contain_text("the sync broke off in the middle. It is sent again from the first row.")
    look(customer, "journey-broke-off")
    expect(suppliers(page).get_by_text("Complete", exact=True)).to_be_visible(timeout=90_000)
    expect(suppliers(page)).not_to_contain_text("incomplete")
    look(customer, "journey-went-on")
    assert len(town.suppliers_there(company)) > SUPPLIERS
    assert town.suppliers_there(company) == town.suppliers_in_demo_books()
    icompleat.page.locator("[name=slow_ms]").fill("0")
    icompleat.page.get_by_role("button", name="Save").click()
