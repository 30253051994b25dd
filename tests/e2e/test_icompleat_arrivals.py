"""First contact, files, timeline and reconciliation with iCompleat, in a browser: real processes, real HTTP."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Watched
from tests.e2e.people import SOON, aim, look, make, press, until, wrongly_aimed
from tests.e2e.processes import Town

pytestmark = pytest.mark.e2e


def test_the_first_contact_is_captured_and_the_header_of_the_token_is_found(
    town: Town, customer: Watched, icompleat: Watched
) -> None:
    page, company = customer.page, town.northgate
    customer.open(f"/companies/{company.id}/icompleat/")
    page.get_by_role("link", name="Token and first delivery (Credit notes)").click()
    address = page.url
    page.get_by_role("button", name="Capture next delivery").click()
    expect(page.get_by_text("Waiting", exact=True)).to_be_visible()
    url = company.endpoints["credit_note"]["url"]
    aim(icompleat, company, "credit_note", url, "a-token-nobody-knows-here", "x-api-compleat-token")
    made = make(icompleat, town, company, "credit-note")
    expect(press(icompleat, "Approve")).to_contain_text(f"{made['number']} was not posted.")
    expect(page.get_by_text("It was refused (401). No header carried a live token")).to_be_visible(timeout=SOON)
    headers = page.locator("#capture dl div").filter(has=page.get_by_text("x-api-compleat-token", exact=True))
    expect(headers.locator("dd")).to_have_text("***")
    expect(page.get_by_role("region", name="Body")).to_contain_text(made["id"])
    expect(page.get_by_text("a-token-nobody-knows-here")).to_have_count(0)
    look(customer, "journey-captured")

    page.get_by_role("button", name="Make a token").click()
    page.get_by_role("button", name="Copy the token").click()
    token = str(page.evaluate("navigator.clipboard.readText()"))
    customer.page.goto(address)
    page.get_by_role("button", name="Look in every header for 24 hours").click()
    expect(page.get_by_text("Looking", exact=True)).to_be_visible()
    aim(icompleat, company, "credit_note", url, token, "x-northgate-odd-secret")
    icompleat.open(f"/transactions/{made['id']}")
    expect(press(icompleat, "Retry posting")).to_contain_text(re.compile(r"was posted: journal number JNL-\d{6}"))
    page.reload()
    found = page.get_by_role("region", name="Find the header of the token")
    expect(found).to_contain_text("These are tried: x-northgate-odd-secret,")
    expect(found.get_by_text("Looking", exact=True)).to_have_count(0)
    look(customer, "journey-header-found")


def test_the_file_is_handed_over_and_the_timeline_tells_of_the_approval(
    town: Town, customer: Watched, icompleat: Watched, books: Watched
) -> None:
    page = customer.page
    made = make(icompleat, town, town.harbour, "invoice")
    expect(press(icompleat, "Approve")).to_contain_text(re.compile(r"journal number BILL-\d{6}"))
    customer.open("/transactions/")
    page.get_by_role("link", name=made["number"], exact=True).click()
    timeline = page.locator("#at-source")
    expect(timeline).to_contain_text("Approved", timeout=SOON)
    files = page.get_by_role("region", name="Attachments")
    until(page, files.locator("tbody").get_by_text("Handed over", exact=True))
    expect(files.locator("tbody tr")).to_contain_text(re.compile(r"\.pdf"))
    expect(timeline).to_contain_text("Approved", timeout=SOON)
    look(customer, "journey-transaction")
    number = town.transactions(town.harbour)[-1]["journal_number"]
    books.open("/")
    books.page.get_by_role("link", name=number).click()
    expect(books.page.get_by_role("link", name=re.compile(r"\.pdf$"))).to_be_visible()


def test_staff_see_what_was_deleted_there_and_receive_what_never_came(
    town: Town, staff: Watched, customer: Watched, icompleat: Watched
) -> None:
    page, company = staff.page, town.northgate
    order = make(icompleat, town, company, "purchase-order")
    expect(press(icompleat, "Approve")).to_contain_text("was posted: journal number MEM-")
    press(icompleat, "Delete")
    expect(icompleat.page.locator("dl")).to_contain_text("Deleted")
    with wrongly_aimed(icompleat, company, "invoice"):
        invoice = make(icompleat, town, company, "invoice")
        expect(press(icompleat, "Approve")).to_contain_text("was not posted")
    town.made_an_hour_ago(order["id"], invoice["id"])

    staff.open("/admin/connections/connection/?side=source")
    page.locator("tr").filter(has_text=company.name).get_by_role("link").first.click()
    page.get_by_role("link", name="Reconcile with the source").click()
    page.get_by_role("button", name="Reconcile with the source").click()
    until(page, page.get_by_text("Finished", exact=True))
    look(staff, "journey-source-run")

    page.get_by_role("link", name=f"{order['number']}: deleted").click()
    expect(page.get_by_text("the entry must be reversed in the accounting system")).to_be_visible()
    look(staff, "journey-difference-deleted")
    page.get_by_role("link", name="Dismiss", exact=True).click()
    page.get_by_label("Reason").fill("Reversed by hand.")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text(f"Dismissed {order['number']}: deleted.")).to_be_visible()

    staff.open("/admin/intake/sourcedifference/?state=open")
    look(staff, "journey-differences")
    page.get_by_role("link", name=f"{invoice['number']}: never received").click()
    page.get_by_role("link", name="Receive it now").click()
    page.get_by_label("Reason").fill("The token was mistyped over there.")
    look(staff, "journey-receive-it")
    page.get_by_role("button", name="Receive it now").click()
    expect(page.get_by_text("Posted", exact=True)).to_be_visible()
    look(staff, "journey-difference-received")

    customer.open("/transactions/")
    customer.page.get_by_role("link", name=invoice["number"], exact=True).click()
    expect(customer.page.locator("#standing .badge")).to_have_text("Posted", timeout=SOON)
    expect(customer.page.locator("#standing")).to_contain_text(re.compile(r"JNL-\d{6}"))
