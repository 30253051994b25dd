"""Before anything is sent: a customer sees the very document, and what the mapping lacks is mended, in a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

import integrations.icompleat.samples
from integrations.accountsiq.standin.furniture import COMPANY_ID
from integrations.accountsiq.standin.tokens import CLIENT_ID
from tests.e2e import unlinked
from tests.e2e.browser import Watched
from tests.e2e.people import look, row
from tests.e2e.processes import There, Town
from tests.e2e.unlinked import WITHIN, approve, booked, link, map_codes, open_transaction

AIQ = "AccountsIQ"
pytestmark = pytest.mark.e2e
SAMPLES = Path(integrations.icompleat.samples.__file__).parent
TABLED = {"account__how": "table"}
ROWS = "Family,Source code,Accounting code,Note\naccount,5010,5010,\n"


@pytest.fixture(scope="module")
def company(town: Town) -> There:
    return unlinked.unlinked(town, "Ferry Lane Bakery Ltd")[0]


def accountsiq(town: Town) -> dict[str, str]:
    return {
        "Interface": "REST",
        "Address": f"{town.sandbox}/accountsiq/api",
        "Company": str(COMPANY_ID),
        "Client ID": CLIENT_ID,
        "Client secret": unlinked.secret_of(town, "accountsiq-secret"),
    }


def body(company: There) -> dict[str, Any]:
    """An invoice of the company, as iCompleat would send it."""
    sample: dict[str, Any] = json.loads((SAMPLES / "invoice.json").read_text())
    sample["Transaction"]["Company"] = {"Id": company.icompleat_id, "Name": company.name}
    return sample


def paste(customer: Watched, company: There, text: str) -> None:
    customer.open(f"/companies/{company.id}/mapping/")
    customer.page.get_by_role("link", name="Dry run of a document").click()
    customer.page.get_by_label("JSON from iCompleat").fill(text)
    customer.page.get_by_role("button", name="Show what would be sent").click()


def test_what_the_mapping_lacks_is_seen_before_it_is_sent_and_mended(
    town: Town, staff: Watched, customer: Watched, icompleat: Watched, company: There
) -> None:
    page = customer.page
    connection = link(staff, company, AIQ, accountsiq(town))
    map_codes(staff, connection, TABLED, ROWS)
    before = booked(town, "accountsiq")
    paste(customer, company, "{")
    expect(page.get_by_text("The body is not valid JSON: its brackets do not match.")).to_be_visible()
    look(customer, "mapping-dry-run-not-json")
    text = json.dumps(body(company), indent=2)
    paste(customer, company, text)
    expect(outcome(page)).to_contain_text("It would be refused: the mapping lacks 1 code. Nothing would be sent.")
    expect(page.get_by_role("region", name="Missing in the mapping")).to_contain_text("Line 3: account code 7504")
    look(customer, "mapping-dry-run-refused")

    number, _ = approve(icompleat, town, company, "invoice")
    customer.open(f"/companies/{company.id}/mapping/")
    expect(found(page)).to_have_count(1)
    expect(row(page, "7504")).to_contain_text("Refused")
    look(customer, "mapping-gaps")
    page.get_by_role("button", name="Read all lists").click()
    lists = page.get_by_role("region", name="Account codes")
    expect(lists.locator("tbody th")).to_have_text(["7504", "5000", "5020", "7502", "7506"])
    look(customer, "mapping-gaps-lists")

    mend(staff, connection)
    customer.open(f"/companies/{company.id}/mapping/")
    expect(page.get_by_text("Nothing is known to be refused.")).to_be_visible()
    expect(found(page)).to_have_count(0)
    look(customer, "mapping-no-gaps")

    paste(customer, company, text)
    expect(outcome(page)).to_contain_text("AccountsIQ would be sent what stands here. Nothing was sent.")
    assert json.loads(page.get_by_label("The body that came in").inner_text()) == json.loads(text)
    assert sent(page) == document(sent(page)["InvoiceNumber"], "P-DRY-RUN", "SI-48213", "ORD000056")
    look(customer, "mapping-dry-run-sent")

    open_transaction(customer, number)
    page.get_by_role("link", name="Dry run").click()
    shown = sent(page)
    look(customer, "mapping-dry-run-transaction")
    assert booked(town, "accountsiq") == before
    retry(staff, connection)
    open_transaction(customer, number)
    expect(page.locator("#standing .badge")).to_have_text("Posted", timeout=WITHIN)
    [there] = [each for each in booked(town, "accountsiq") if each not in before]
    assert (there["external_key"], there["net"], there["gross"]) == (
        shown["InvoiceNumber"], shown["TotalValue"], shown["InvoiceTotal"],
    )  # fmt: skip
    expect(page.locator("#standing")).to_contain_text(there["number"])
    assert shown["Narrative"].startswith(f"{there['reference']} ")


# Description, account, department's id there, quantity, unit price, net, tax code, rate, tax, gross.
LINES: Final = (
    ("Training room, full day", 5010, 5, 3, 245, 735, "T1", 20, 147, 882),
    ("Refreshments per delegate", 5010, 5, 36, 7.95, 286.2, "T1", 20, 57.24, 343.44),
    ("Printed course manuals", 7506, 1, 36, 4.25, 153, "T0", 0, 0, 153),
)
MEMBERS: Final = (
    "Description", "NominalAccountId", "DepartmentId", "Quantity", "UnitPrice", "NetAmount", "TaxCategoryId", "TaxRate",
    "TaxAmount", "GrossAmount",
)  # fmt: skip


def document(key: str, reference: str, number: str, order: str) -> dict[str, Any]:
    """The sample as AccountsIQ is sent it, with 7504 sent as 7506."""
    return {
        "ClientAccountId": COMPANY_ID,
        "ContactId": 5310,
        "DocumentHeaderTypeId": 2,
        "InvoiceNumber": key,
        "InvoiceDate": "2026-10-14",
        "DocumentDate": "2026-10-14",
        "TaxPointDate": "2026-10-14",
        "DueDate": "2026-11-13",
        "Narrative": f"{reference} {number} Venue hire and refreshments, October cohort",
        "InvoiceTotal": 1378.44,
        "TotalValue": 1174.2,
        "DocumentStatus": "Approved",
        "IsPosted": True,
        "Supplier_List": [{"SupplierId": 5310, "SupplierCode": "CROWN01"}],
        "PurchaseOrder_List": [{"PurchaseOrderNumber": order}],
        "InvoiceLine_List": [
            {"LineNumber": place, **dict(zip(MEMBERS, line, strict=True))} for place, line in enumerate(LINES, start=1)
        ],
    }


def sent(page: Page) -> dict[str, Any]:
    """The invoice in the body that would be sent."""
    found: dict[str, Any] = json.loads(page.get_by_label("The body that would be sent").inner_text())["Invoice"]
    return found


def mend(staff: Watched, connection: str) -> None:
    """From the gap to the row that it lacks, and it is gone."""
    page, gaps = staff.page, f"/admin/postings/posting/gaps/?connection={connection.split('/')[-3]}"
    staff.open(gaps)
    expect(row(page, "7504")).to_contain_text("Refused")
    look(staff, "mapping-staff-gaps")
    row(page, "7504").get_by_role("link", name="Mend").click()
    expect(page.get_by_label("Source code")).to_have_value("7504")
    page.get_by_label("Accounting code").fill("7506")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Retry what was refused").wait_for()
    staff.open(gaps)
    expect(row(page, "7504")).to_have_count(0)


def retry(staff: Watched, connection: str) -> None:
    """Send what was refused for want of a code."""
    staff.open(f"/admin/postings/posting/refused/?connection={connection.split('/')[-3]}")
    staff.page.get_by_label("Reason").fill("The row was added.")
    staff.page.get_by_role("button", name=re.compile("^Retry P-")).click()
    expect(staff.page.get_by_text(re.compile("^Retrying P-"))).to_be_visible()


def outcome(page: Page) -> Locator:
    return page.get_by_role("region", name="What would happen")


def found(page: Page) -> Locator:
    """What is listed of the last transactions."""
    return page.get_by_role("region", name="The last transactions").locator("tbody tr")
