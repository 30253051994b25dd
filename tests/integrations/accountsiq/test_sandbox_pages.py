"""The pages of the stand-in, what a checker is told, and its controls."""

from __future__ import annotations

from decimal import Decimal

import pytest
import requests

from integrations.accountsiq.standin.control import DEFAULTS
from integrations.accountsiq.standin.options import OPTIONS
from integrations.documents import Kind
from integrations.reference import RecordKind
from tests.integrations.accountsiq.batches import INVOICE as BATCH
from tests.integrations.accountsiq.batches import batch
from tests.integrations.accountsiq.papers import INVOICE, NOTE, invoice, note
from tests.integrations.accountsiq.seen_books import RestCaller, SeenBooks, Served, SoapCaller
from tests.integrations.accountsiq.test_sandbox_orders import attach, saved
from tests.samples import KEY, sample


def shown(sandbox: Served, path: str = "/") -> str:
    answer = requests.get(f"{sandbox.url}{path}", timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_first_page_shows_what_both_doors_have_booked(sandbox: Served, rest: RestCaller, soap: SoapCaller) -> None:
    assert "Nothing has been posted yet." in shown(sandbox)
    rest.post(INVOICE, {"Invoice": invoice(Narrative="<b>bold</b>")})
    rest.post(NOTE, {"CreditNote": note()})
    soap.call(BATCH, batch())
    saved(soap)
    page = shown(sandbox)
    for text in ("PI004512", "PI004513", "PN000001", "PO000001", "Crown Conference Centre (CROWN01)", "−12.00"):
        assert text in page
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page


def test_an_entry_is_shown_with_its_lines_and_files(sandbox: Served, soap: SoapCaller) -> None:
    soap.call(BATCH, batch())
    attach(soap, "90117", sort="Transaction", name="Rechnung №7.pdf")
    page = shown(sandbox, "/entries/90117")
    assert "Manuals &amp; more" in page
    assert "Rechnung №7.pdf" in page
    file = requests.get(f"{sandbox.url}/files/1", timeout=30)
    assert (file.content[:3], file.headers["X-Content-Type-Options"]) == (b"\x00\x01\x02", "nosniff")
    assert file.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Rechnung%20%E2%84%967.pdf"


@pytest.mark.parametrize("kind", sorted(DEFAULTS))
def test_what_is_known_by_code_has_a_page(sandbox: Served, kind: str) -> None:
    assert "<table>" in shown(sandbox, f"/records/{kind}")


@pytest.mark.parametrize("path", ["/entries/1", "/files/1", "/records/rockets", "/nothing"])
def test_what_there_is_not_has_no_page(sandbox: Served, path: str) -> None:
    assert requests.get(f"{sandbox.url}{path}", timeout=30).status_code == 404


def test_the_truth_is_told_by_key(sandbox: Served, rest: RestCaller, soap: SoapCaller) -> None:
    rest.post(INVOICE, {"Invoice": invoice()})
    rest.post(INVOICE, {"Invoice": invoice(IsPosted=False)})
    soap.call(BATCH, batch())
    saved(soap)
    told = sandbox.truth()
    assert all(one.pop("booked_at") for one in told[:2])
    same = {
        "kind": "bill", "external_key": "8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11", "reference": "P-000001",
        "net": Decimal("150.50"), "tax": 20, "gross": Decimal("170.50"), "currency": "GBP", "date": "2026-10-14",
    }  # fmt: skip
    assert told[:2] == [{"id": "90117", "number": "PI004512", **same}, {"id": "90118", "number": "PI004513", **same}]
    order = (told[2]["kind"], told[2]["number"], told[2]["gross"], told[2]["reference"])
    assert order == ("purchase_order", "PO000001", 36, "P-000003")


def test_a_button_of_the_page_does_what_it_says_and_leads_back(sandbox: Served, rest: RestCaller) -> None:
    answer = requests.post(
        f"{sandbox.url}/control/tokens/expire", data={"by": "page"}, allow_redirects=False, timeout=30
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/accountsiq/")
    assert rest.call("GET", "/Departments/GetDepartments")[0] == 401
    assert "Revoke the application" in shown(sandbox)


def test_a_hundred_thousand_suppliers_can_be_made(sandbox: Served, soap_books: SeenBooks) -> None:
    assert sandbox.control("suppliers/generate", count=100_000) == {"contacts": 100_006}
    assert sandbox.control("suppliers/generate", count=5) == {"contacts": 100_011}
    rows = soap_books.records("contact")
    assert (len(rows), rows[-1].id, rows[-1].code) == (100_011, 5309 + 100_011, "GEN100011")


def test_every_option_is_told_with_its_sentence_and_can_be_put_back(sandbox: Served) -> None:
    url = f"{sandbox.url}/control/options"
    told = requests.get(url, timeout=30).json()["options"]
    assert list(told) == list(OPTIONS)
    assert all(one["about"].endswith(".") for one in told.values())
    assert told["limit_per_second"]["value"] == 0
    back = requests.delete(url, timeout=30).json()["options"]
    assert {name: one["value"] for name, one in back.items()} == {name: one.default for name, one in OPTIONS.items()}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"rockets": 1}, "There is no option rockets."),
        ({"rest_missing": "maybe"}, "it is 404 or null or empty"),
        ({"lose_answers": "one"}, "it is int"),
        ({"lose_answers": True}, "it is int"),
        ({"lose_answers": -1}, "cannot be -1"),
    ],
)
def test_a_wrong_option_changes_nothing(sandbox: Served, body: dict[str, object], says: str) -> None:
    url = f"{sandbox.url}/control/options"
    before = requests.get(url, timeout=30).json()
    answer = requests.put(url, json={"strict_rotation": True, **body}, timeout=30)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert requests.get(url, timeout=30).json() == before


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("tokens/expire", {"door": "back"}, "The doors are rest and soap."),
        ("periods/close", {"date": "soon"}, "The date is of the form"),
        ("periods/close", {"date": "2050-01-01"}, "is in no period"),
        ("periods/close", {"date": "2026-10-01", "ledger": "x"}, "The ledgers are"),
        ("suppliers/generate", {"count": 0}, "from 1 to 1000000"),
        ("records/account", {"code": "7502", "name": "Twice"}, "is there already"),
        ("records/account", {"code": ""}, "a code and a name"),
        ("entries/1/pay", {"amount": 1}, "There is no entry 1."),
        ("entries/1/pay", {"amount": "x"}, "The amount is a number."),
    ],
)
def test_a_wrong_order_says_why(sandbox: Served, path: str, body: dict[str, object], says: str) -> None:
    answer = requests.post(f"{sandbox.url}/control/{path}", json=body, timeout=30)
    assert answer.status_code == 400
    assert says in answer.json()["error"]


def test_records_are_made_and_taken_out_of_use(sandbox: Served, rest: RestCaller) -> None:
    made = sandbox.control("records/account", code="7777", name="Snacks")
    assert made == {
        "id": 7777,
        "code": "7777",
        "name": "Snacks",
        "active": True,
        "type": "Expense",
        "departmental": False,
    }
    url = f"{sandbox.url}/control/records/account/7777"
    requests.patch(url, json={"active": False, "name": "Biscuits"}, timeout=30).raise_for_status()
    accounts = rest.get("/GeneralLedgerCentre/GetNominalAccounts", ClientAccountId=1042)
    assert {"NominalAccountId": 7777, "Code": "7777", "Name": "Biscuits", "AccountType": "Expense",
            "Active": False} in accounts  # fmt: skip
    line = {"NominalAccountId": 7777, "TaxCategoryId": "T1", "NetAmount": 1}
    given = invoice(InvoiceLine_List=[line], InvoiceTotal=None, TotalValue=None)
    status, told = rest.call("POST", INVOICE, {"Invoice": given})
    assert (status, told["Errors"][0]["Code"]) == (400, "NominalAccountNotPosting")


# --- the books that the contract looks into ------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["rest", "soap"])
def test_a_planted_document_is_found_beside_the_first(
    rest: RestCaller, soap: SoapCaller, rest_books: SeenBooks, door: str
) -> None:
    if door == "rest":
        rest.post(INVOICE, {"Invoice": invoice()})
    else:
        soap.call(BATCH, batch())
    assert rest_books.plant(sample(), KEY.value)
    assert (rest_books.count(), rest_books.owed("CROWN01")) == (2, Decimal("341.00"))
    if door == "rest":
        asked = {"InvoiceNumber": "SI-48213", "ClientAccountId": 1042}
        found = rest.get("/InvoiceCentre/GetInvoiceByNumber", **asked)
        assert [one["TransactionNumber"] for one in found] == ["PI004512", "PI004513"]


@pytest.mark.parametrize("transport", ["rest", "soap20"])
def test_a_retired_record_is_told_by_the_id_of_the_interface(
    rest_books: SeenBooks, soap_books: SeenBooks, rest: RestCaller, transport: str
) -> None:
    books = rest_books if transport == "rest" else soap_books
    told = {kind: books.retire(kind) for kind in RecordKind}
    department = "7" if transport == "rest" else "OLD01"
    assert told == {
        RecordKind.SUPPLIER: "5316", RecordKind.ACCOUNT: "7999", RecordKind.DIMENSION: department,
        RecordKind.TAX: None, RecordKind.CURRENCY: None, RecordKind.DELIVERY_SITE: None,
    }  # fmt: skip
    assert {row.code for row in books.records("contact") if not row.active} == {"OLD01"}


def test_a_supplier_can_be_kept_in_another_currency(soap: SoapCaller, soap_books: SeenBooks) -> None:
    soap_books.keep_supplier_in("CROWN01", "USD")
    soap.call(BATCH, batch(rate="0.5"))
    assert soap_books.entries()[0]["currency"] == "USD"
    assert soap_books.owed("CROWN01") == Decimal("85.25")


def test_a_stored_file_is_the_only_one_of_its_name(soap: SoapCaller, soap_books: SeenBooks) -> None:
    soap.call(BATCH, batch())
    attach(soap, "90117", sort="Transaction", data=b"one")
    assert soap_books.stored(Kind.INVOICE, "90117", "SI 1.pdf") == b"one"
    attach(soap, "90117", sort="Transaction", data=b"two")
    with pytest.raises(ValueError, match="too many values"):
        soap_books.stored(Kind.INVOICE, "90117", "SI 1.pdf")
