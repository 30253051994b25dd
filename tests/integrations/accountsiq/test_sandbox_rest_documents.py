"""Invoices and credit notes at the REST door of the stand-in: posted, told again, and refused by name."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote

import pytest

from tests.integrations.accountsiq.papers import (
    CROWN,
    INVOICE,
    METRO,
    NOTE,
    contacts,
    invoice,
    note,
    refusal,
    with_line,
)
from tests.integrations.accountsiq.seen_books import RestCaller, SeenBooks, Served


def test_an_invoice_is_posted_and_told_again(rest: RestCaller, rest_books: SeenBooks) -> None:
    answer = rest.post(INVOICE, {"Invoice": invoice()})
    assert answer == {
        "InvoiceId": 48211, "InvoiceNumber": "SI-48213", "DocumentId": 90117, "TransactionNumber": "PI004512",
        "IsPosted": True,
    }  # fmt: skip
    assert rest.get("/InvoiceCentre/GetInvoice", InvoiceId=48211) == {
        **invoice(), **answer, "Currency": "GBP", "DocumentStatus": "Posted", "TotalValue": Decimal("150.50"),
        "InvoiceTotal": Decimal("170.50"), "OutstandingAmount": Decimal("170.50"),
        "Supplier_List": [{"SupplierId": CROWN, "SupplierCode": "CROWN01"}],
    }  # fmt: skip
    assert rest_books.owed("CROWN01") == Decimal("170.50")


def test_a_credit_note_takes_off_what_is_owed(rest: RestCaller, rest_books: SeenBooks) -> None:
    rest.post(INVOICE, {"Invoice": invoice()})
    answer = rest.post(NOTE, {"CreditNote": note()})
    assert (answer["CreditNoteId"], answer["TransactionNumber"]) == (7101, "PN000001")
    assert rest.get("/CreditNoteCentre/GetCreditNote", CreditNoteId=7101)["CreditNoteTotal"] == 12
    assert rest_books.owed("CROWN01") == Decimal("158.50")


def test_a_body_may_be_flat(rest: RestCaller, rest_books: SeenBooks) -> None:
    rest.post(INVOICE, invoice())
    assert [entry["gross"] for entry in rest_books.entries()] == [Decimal("170.50")]


def test_the_first_parameter_may_stand_in_the_path(rest: RestCaller) -> None:
    rest.post(INVOICE, {"Invoice": invoice(InvoiceNumber="A/1 ü")})
    by_path = rest.get(f"/InvoiceCentre/GetInvoiceByNumber/{quote('A/1 ü', safe='')}", ClientAccountId=1042)
    assert by_path["InvoiceId"] == 48211
    assert by_path == rest.get("/InvoiceCentre/GetInvoiceByNumber", InvoiceNumber="A/1 ü", ClientAccountId=1042)
    assert rest.get("/InvoiceCentre/GetInvoice/48211") == by_path


def test_a_plain_retry_makes_a_second_document_and_the_lookup_tells_both(
    rest: RestCaller, rest_books: SeenBooks
) -> None:
    for _ in range(2):
        rest.post(INVOICE, {"Invoice": invoice()})
    found = rest.get("/InvoiceCentre/GetInvoiceByNumber", InvoiceNumber="SI-48213", ClientAccountId=1042)
    assert [one["TransactionNumber"] for one in found] == ["PI004512", "PI004513"]
    assert rest_books.count() == 2


def test_numbers_can_be_made_unique(sandbox: Served, rest: RestCaller) -> None:
    sandbox.options(unique_numbers=True)
    rest.post(INVOICE, {"Invoice": invoice()})
    assert refusal(rest, INVOICE, {"Invoice": invoice()}) == (400, "NumberInUse", "InvoiceNumber")
    rest.post(INVOICE, {"Invoice": invoice(ContactId=METRO)})


def test_a_draft_is_in_no_ledger_until_it_is_posted(rest: RestCaller, rest_books: SeenBooks) -> None:
    draft = rest.post(INVOICE, {"Invoice": invoice(IsPosted=False)})
    assert draft == {"InvoiceId": 48211, "InvoiceNumber": "SI-48213", "DocumentId": None, "TransactionNumber": None,
                     "IsPosted": False}  # fmt: skip
    assert rest.get("/InvoiceCentre/GetInvoice", InvoiceId=48211)["DocumentStatus"] == "Draft"
    assert (rest_books.entries(), rest_books.count()) == ([], 1)
    posted = rest.post(INVOICE, {"Invoice": invoice(InvoiceId=48211)})
    assert (posted["InvoiceId"], posted["TransactionNumber"]) == (48211, "PI004512")
    again = refusal(rest, INVOICE, {"Invoice": invoice(InvoiceId=48211)})
    assert again == (400, "AlreadyPosted", "InvoiceId")
    assert rest_books.count() == 1


def test_an_invoice_in_another_currency_is_kept_in_both(
    sandbox: Served, rest: RestCaller, rest_books: SeenBooks
) -> None:
    rest.post(INVOICE, {"Invoice": invoice(Currency="USD")})
    rest.post(INVOICE, {"Invoice": invoice(Currency="USD", ExchangeRate="2")})
    sandbox.options(invoice_currency="contact")
    rest.post(INVOICE, {"Invoice": invoice(Currency="USD")})
    kept = [(one["currency"], one["gross"], one["base_gross"]) for one in rest_books.entries()]
    assert kept == [
        ("USD", Decimal("170.50"), Decimal("141.96")),
        ("USD", Decimal("170.50"), Decimal("85.25")),
        ("GBP", Decimal("170.50"), Decimal("170.50")),
    ]


def test_a_sales_invoice_goes_to_the_other_ledger(rest: RestCaller, rest_books: SeenBooks) -> None:
    customer = next(one for one in contacts(rest) if one["ContactType"] == "Customer")
    answer = rest.post(INVOICE, {"Invoice": invoice(DocumentHeaderTypeId=1, ContactId=customer["ContactId"])})
    assert answer["TransactionNumber"] == "SI000001"
    assert rest_books.owed("CROWN01") == 0


def test_a_bank_transaction_pays_the_invoice(rest: RestCaller) -> None:
    rest.post(INVOICE, {"Invoice": invoice()})
    paid = {"ClientBankAccountRef": 1, "TransactionDate": "2026-10-20", "Reference": "BACS", "Amount": "170.50",
            "InvoiceId": 48211, "IsPosted": True}  # fmt: skip
    rest.post("/BankTransactions/SaveClientBankTransaction", {"ClientBankTransaction": paid})
    told = rest.get("/InvoiceCentre/GetInvoice", InvoiceId=48211)
    assert (told["OutstandingAmount"], told["DocumentStatus"]) == (0, "Paid")


REFUSED = {
    "another company": (invoice(ClientAccountId=7), 404, "ClientAccountNotFound", "ClientAccountId"),
    "no company": (invoice(ClientAccountId=None), 400, "Missing", "ClientAccountId"),
    "no contact": (invoice(ContactId=None), 400, "Missing", "ContactId"),
    "an unknown contact": (invoice(ContactId=99), 404, "ContactNotFound", "ContactId"),
    "the type of a credit note": (invoice(DocumentHeaderTypeId=4), 400, "Invalid", "DocumentHeaderTypeId"),
    "no date": (invoice(InvoiceDate=None), 400, "DateMissing", "InvoiceDate"),
    "no such date": (invoice(InvoiceDate="2026-13-01"), 400, "Invalid", "InvoiceDate"),
    "a closed period": (invoice(InvoiceDate="2022-05-01"), 400, "PeriodClosed", "InvoiceDate"),
    "a day in no period": (invoice(InvoiceDate="2050-01-01"), 400, "PeriodClosed", "InvoiceDate"),
    "no lines": (invoice(InvoiceLine_List=[]), 400, "LinesMissing", "InvoiceLine_List"),
    "a wrong total": (invoice(InvoiceTotal="170.49"), 400, "TotalsDisagree", "InvoiceTotal"),
    "a wrong net total": (invoice(TotalValue="1"), 400, "TotalsDisagree", "TotalValue"),
    "an unknown currency": (invoice(Currency="XTS"), 400, "CurrencyNotFound", "Currency"),
    "a rate of nothing": (invoice(Currency="USD", ExchangeRate=0), 400, "ExchangeRateInvalid", "ExchangeRate"),
    "a long number": (invoice(InvoiceNumber="x" * 51), 400, "NumberTooLong", "InvoiceNumber"),
    "a long narrative": (invoice(Narrative="x" * 501), 400, "DescriptionTooLong", "Narrative"),
    "an unknown account": (
        with_line(1, NominalAccountId=9999), 400, "NominalAccountNotFound", "InvoiceLine_List[1].NominalAccountId",
    ),
    "a control account": (
        with_line(0, NominalAccountId=2100), 400, "NominalAccountNotPosting", "InvoiceLine_List[0].NominalAccountId",
    ),
    "no account": (
        with_line(0, NominalAccountId=None), 400, "NominalAccountMissing", "InvoiceLine_List[0].NominalAccountId",
    ),
    "an unknown tax": (
        with_line(0, TaxCategoryId="T77"), 400, "TaxCategoryNotFound", "InvoiceLine_List[0].TaxCategoryId",
    ),
    "no tax": (with_line(0, TaxCategoryId=None), 400, "TaxCategoryMissing", "InvoiceLine_List[0].TaxCategoryId"),
    "an account that needs a department": (
        with_line(1, NominalAccountId=5020), 400, "DepartmentMissing", "InvoiceLine_List[1].DepartmentID",
    ),
    "an unknown department": (
        with_line(1, DepartmentID=77), 400, "DepartmentNotFound", "InvoiceLine_List[1].DepartmentID",
    ),
    "no number": (with_line(0, NetAmount="ten"), 400, "Invalid", "InvoiceLine_List[0].NetAmount"),
    "gross that is not net and tax": (
        with_line(0, GrossAmount=1), 400, "TotalsDisagree", "InvoiceLine_List[0].GrossAmount",
    ),
    "less than nothing": (with_line(0, NetAmount=-200, GrossAmount=None), 400, "AmountNegative", "InvoiceTotal"),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(REFUSED))
def test_what_is_wrong_is_refused_by_its_name(rest: RestCaller, rest_books: SeenBooks, what: str) -> None:
    given, *expected = REFUSED[what]
    assert refusal(rest, INVOICE, {"Invoice": given}) == tuple(expected)
    assert rest_books.count() == 0


def test_a_refusal_says_what_and_where(rest: RestCaller) -> None:
    status, told = rest.call("POST", INVOICE, {"Invoice": with_line(0, NominalAccountId=9999)})
    error = {
        "Code": "NominalAccountNotFound",
        "Field": "InvoiceLine_List[0].NominalAccountId",
        "Message": "Nominal account 9999 not found",
    }
    assert (status, told) == (400, {"Errors": [error]})


def test_a_negative_line_is_taken_unless_the_option_says_otherwise(sandbox: Served, rest: RestCaller) -> None:
    discount = with_line(1, NetAmount="-50.50")
    rest.post(INVOICE, {"Invoice": discount})
    sandbox.options(rest_negative_lines=False)
    expected = (400, "AmountNegative", "InvoiceLine_List[1].NetAmount")
    assert refusal(rest, INVOICE, {"Invoice": discount}) == expected


def test_a_period_can_be_closed_and_opened(sandbox: Served, rest: RestCaller) -> None:
    told = sandbox.control("periods/close", date="2026-10-14")
    assert told == {"period": "Oct 2026", "ledger": "purchases", "closed": True}
    assert refusal(rest, INVOICE, {"Invoice": invoice()}) == (400, "PeriodClosed", "InvoiceDate")
    rest.post(INVOICE, {"Invoice": invoice(InvoiceDate="2026-11-01")})
    sandbox.control("periods/open", date="2026-10-01")
    rest.post(INVOICE, {"Invoice": invoice()})


def test_a_department_is_told_by_id_and_kept_by_code(rest: RestCaller, rest_books: SeenBooks) -> None:
    training = next(one for one in rest.get("/Departments/GetDepartments") if one["DepartmentCode"] == "TRN")
    rest.post(INVOICE, {"Invoice": with_line(0, NominalAccountId=5020, DepartmentID=training["DepartmentId"])})
    assert [line["department"] for line in rest_books.entries()[0]["lines"]] == ["TRN", ""]


@pytest.mark.parametrize(
    ("missing", "status", "told"), [("404", 404, "NotFound"), ("null", 200, None), ("empty", 200, [])]
)
def test_what_there_is_not_is_told_as_the_option_says(
    sandbox: Served, rest: RestCaller, missing: str, status: int, told: object
) -> None:
    sandbox.options(rest_missing=missing)
    for path, params in (
        ("/InvoiceCentre/GetInvoice", {"InvoiceId": 1}),
        ("/CreditNoteCentre/GetCreditNoteByNumber", {"CreditNoteNumber": "x", "ClientAccountId": 1042}),
    ):
        found, answer = rest.call("GET", path, **params)
        assert (found, answer["Errors"][0]["Code"] if status == 404 else answer) == (status, told)
