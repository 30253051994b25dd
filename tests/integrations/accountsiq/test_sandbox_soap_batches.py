"""Batch documents at the SOAP door of the stand-in: one call, one number, found again, and refused inside a 200."""

from __future__ import annotations

from decimal import Decimal

import pytest

from integrations.accountsiq.standin.envelope import NAMESPACE
from tests.integrations.accountsiq.batches import (
    FIRST,
    HEAD,
    INVOICE,
    NOTE,
    REFERENCE,
    SECOND,
    batch,
    code,
    elements,
    looked_up,
)
from tests.integrations.accountsiq.seen_books import RestCaller, SeenBooks, Served, SoapCaller


def test_a_batch_invoice_gets_a_number_and_an_id_at_once(soap: SoapCaller, soap_books: SeenBooks) -> None:
    answer = soap.call(INVOICE, batch())
    assert answer.status == {"Status": "Success", "ErrorCode": "SUCCESS", "HasExpired": "false"}
    assert (answer.text("Result"), answer.beside("transactionID")) == ("PI004512", "90117")
    assert soap_books.owed("CROWN01") == Decimal("170.50")


def test_what_was_booked_is_found_by_its_external_reference(soap: SoapCaller) -> None:
    soap.call(INVOICE, batch())
    found = looked_up(soap)
    (summary,) = found.every("Result/WSTransactionSummary")
    assert summary.pop("CreationDate")
    assert summary == {
        "AccountID": "5310", "AccountCode": "CROWN01", "Ledger": "Purchases", "TransactionType": "PI",
        "TransactionID": "90117", "IsBatchInvoiceOrNote": "true", "InvoiceID": "", "InternalNumber": "PI004512",
        "ExternalReference": REFERENCE, "ControlAmount": "170.50", "OutstandingAmount": "170.50",
        "ControlBCAmount": "170.50", "TransactionDate": "2026-10-14T00:00:00", "FinancialYear": "2026",
        "PeriodNumber": "10", "PeriodName": "Oct 2026", "CurrencyCode": "GBP",
        "AccountName": "Crown Conference Centre",
    }  # fmt: skip
    lines = found.every("Result/WSTransactionSummary/LineDetails/WSTransactionDetail")
    assert [(one["GLAccountCode"], one["Amount"], one["IsTaxLine"], one["IsControlLine"]) for one in lines] == [
        ("5010", "100.00", "false", "false"),
        ("7504", "50.50", "false", "false"),
        ("2201", "20.00", "true", "false"),
        ("2201", "0", "true", "false"),
        ("2100", "-170.50", "false", "true"),
    ]
    assert sum(Decimal(one["Amount"]) for one in lines) == 0


def test_a_debit_note_takes_off_what_is_owed(soap: SoapCaller, soap_books: SeenBooks) -> None:
    soap.call(INVOICE, batch())
    answer = soap.call(NOTE, batch(FIRST, kind="DebitNote"))
    assert answer.text("Result") == "PN000001"
    assert soap_books.owed("CROWN01") == Decimal("50.50")
    assert [one["TransactionType"] for one in looked_up(soap).every("Result/WSTransactionSummary")] == ["PI", "PN"]
    only = looked_up(soap, TypesFilter="").every("Result/WSTransactionSummary")
    assert len(only) == 2, "an empty filter lets everything through"


def test_a_filter_by_type_takes_children_of_any_name(soap: SoapCaller) -> None:
    soap.call(INVOICE, batch())
    soap.call(NOTE, batch(kind="DebitNote"))
    for name in ("string", "int"):
        inner = f"<ExternalReference>{REFERENCE}</ExternalReference><TypesFilter><{name}>PN</{name}></TypesFilter>"
        found = soap.call("GetTransactionsByExternalReference", f"<query>{inner}</query>")
        assert [one["InternalNumber"] for one in found.every("Result/WSTransactionSummary")] == ["PN000001"]


def test_a_plain_retry_books_a_second_time(soap: SoapCaller, soap_books: SeenBooks) -> None:
    numbers = [soap.call(INVOICE, batch()).text("Result") for _ in range(2)]
    assert numbers == ["PI004512", "PI004513"]
    assert len(looked_up(soap).every("Result/WSTransactionSummary")) == soap_books.count() == 2


def test_references_can_be_made_unique(sandbox: Served, soap: SoapCaller, soap_books: SeenBooks) -> None:
    sandbox.options(unique_references=True)
    soap.call(INVOICE, batch())
    assert code(soap.call(INVOICE, batch())) == "INVOICE_EXTERNAL_REFERENCE_ALREADY_EXISTS"
    assert soap_books.count() == 1


def test_a_reference_is_found_whole_unless_the_option_says_otherwise(sandbox: Served, soap: SoapCaller) -> None:
    soap.call(INVOICE, batch())
    key = REFERENCE.partition(" ")[0]
    assert looked_up(soap, key).result.find(f"{{{NAMESPACE}}}Result") is None
    assert len(looked_up(soap, REFERENCE.upper()).every("Result/WSTransactionSummary")) == 1
    sandbox.options(reference_match="contains")
    assert len(looked_up(soap, key).every("Result/WSTransactionSummary")) == 1


LINE = "BATCH_INVOICE_LINE_MISSING_"
REFUSED: dict[str, tuple[str, str]] = {
    "an unknown supplier": (batch(SupplierCode="NOBODY"), "SUPPLIER_CODE_DOES_NOT_EXIST"),
    "a customer": (batch(SupplierCode="RIVER01"), "SUPPLIER_CODE_DOES_NOT_EXIST"),
    "a supplier in lower case": (batch(SupplierCode="crown01"), "ACCOUNT_CODE_MUST_BE_UPPER_CASE"),
    "an account in lower case": (batch({**FIRST, "GLAccountCode": "a1"}), "GLACCOUNT_CODE_IS_NOT_UPPERCASE"),
    "a tax in lower case": (batch({**FIRST, "TaxCode": "t1"}), "TAX_CODE_IS_NOT_UPPERCASE"),
    "an unknown account": (batch({**FIRST, "GLAccountCode": "9999"}), "GLACCOUNT_CODE_DOES_NOT_EXIST"),
    "no account": (batch({**FIRST, "GLAccountCode": None}), f"{LINE}GL_ACCOUNT"),
    "a control account": (batch({**FIRST, "GLAccountCode": "2100"}), "GLACCOUNT_IS_NOT_POSTING_OR_DOES_NOT_EXIST"),
    "an unknown tax": (batch({**FIRST, "TaxCode": "T77"}), "TAX_CODE_DOES_NOT_EXIST"),
    "no description of a line": (batch({**FIRST, "Description": None}), f"{LINE}DESCRIPTION"),
    "an account that needs a BI code": (
        batch({**FIRST, "GLAccountCode": "5020"}), "GLACCOUNT_NO_DEPARTMENT_IS_DEPARTMENTAL",
    ),
    "an unknown BI code": (batch({**FIRST, "DepartmentID": "X"}), "DEPARTMENT_ID_DOES_NOT_EXIST"),
    "an empty BI code": (batch({**FIRST, "DepartmentID": ""}), "DEPARTMENT_ID_IS_EMPTY"),
    "a negative line": (batch(FIRST, {**SECOND, "NetAmount": "-1"}), "BATCH_INVOICE_TOTAL_GROSS_AMT_NEGATIVE"),
    "a rate in per cent": (batch({**FIRST, "TaxRate": "20"}), "TAX_RATE_IS_MORE_THAN_100_PERCENT"),
    "a negative rate": (batch({**FIRST, "TaxRate": "-0.2"}), "TAX_RATE_IS_NEGATIVE"),
    "no reference": (batch(ExternalReference=None), "INVOICE_EXTERNAL_REFERENCE_IS_NULL"),
    "a long reference": (batch(ExternalReference="x" * 51), "INVOICE_EXTERNAL_REFERENCE_IS_TOO_LONG"),
    "a long description": (batch(Description="x" * 501), "BATCH_INVOICE_DESCRIPTION_IS_TOO_LONG"),
    "a closed period": (batch(InvoiceDate="2022-03-01T00:00:00"), "DATE_IS_OUT_OF_RANGE"),
    "no date": (batch(InvoiceDate=None), "DATE_IS_OUT_OF_RANGE"),
    "no exchange rate": (batch(rate=None), "CURRENCYHISTORY_EXCHANGE_RATE_IS_INVALID"),
    "a rate of the base currency": (batch(rate="1.2"), "CURRENCYHISTORY_EXCHANGE_RATE_IS_INVALID"),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(REFUSED))
def test_what_is_wrong_is_told_inside_an_answer_of_200(soap: SoapCaller, soap_books: SeenBooks, what: str) -> None:
    given, expected = REFUSED[what]
    answer = soap.call(INVOICE, given)
    told = dict(answer.status)
    assert told.pop("ErrorMessage")
    assert told == {"Status": "Failure", "ErrorCode": expected, "HasExpired": "false"}
    assert (answer.text("Result"), answer.beside("transactionID")) == ("", "-1")
    assert soap_books.count() == 0


def test_a_batch_without_lines_is_refused(soap: SoapCaller) -> None:
    given = f"<inv>{elements({**HEAD, 'ExchangeRate': '1'})}</inv>"
    assert code(soap.call(INVOICE, given)) == "BATCH_INVOICE_WITH_NO_INVOICE_LINES"


def test_a_batch_is_in_the_currency_of_its_supplier(sandbox: Served, soap: SoapCaller, soap_books: SeenBooks) -> None:
    soap.call(INVOICE, batch(SupplierCode="LAKES01", rate="0.83"))
    sandbox.options(soap_rates_are="units_per_base")
    soap.call(INVOICE, batch(SupplierCode="LAKES01", rate="2"))
    kept = [(one["currency"], one["gross"], one["base_gross"]) for one in soap_books.entries()]
    assert kept == [("USD", Decimal("170.50"), Decimal("141.52")), ("USD", Decimal("170.50"), Decimal("85.25"))]


def test_many_at_once_have_a_status_each(soap: SoapCaller, soap_books: SeenBooks) -> None:
    given = [batch(name="BatchPurchasesInvoice"), batch({**FIRST, "TaxCode": "T77"}, name="BatchPurchasesInvoice")]
    name = "CreateBatchPurchasesInvoiceBulkGetBackTransactionIDs"
    answer = soap.call(name, f"<invoices>{''.join(given)}</invoices>")
    told = [one["ErrorCode"] for one in answer.every("Result/WSResultStatus")]
    assert told == ["SUCCESS", "TAX_CODE_DOES_NOT_EXIST"]
    ids = answer.response.find(f"{{{NAMESPACE}}}transactionIDs")
    assert ids is not None
    assert [one.text for one in ids] == ["90117", "-1"]
    assert soap_books.count() == 1


def test_entries_are_listed_in_pages_by_the_time_of_booking(sandbox: Served, soap: SoapCaller) -> None:
    sandbox.options(rows_per_call=2)
    numbers = [soap.call(INVOICE, batch()).text("Result") for _ in range(5)]
    pages = []
    for skip in (0, 2, 4, 6):
        query = elements({"FromCreationDate": "2020-01-01T00:00:00Z", "Skip": str(skip)})
        pages.append(soap.call("GetTransactionsBy", f"<query>{query}</query>").every("Result/WSTransactionSummary"))
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [one["InternalNumber"] for page in pages for one in page] == numbers
    counted = soap.call("GetCountTransactionsBy", "<query><Skip>0</Skip></query>")
    assert counted.text("Result/TransactionsCount") == "5"
    later = elements({"FromCreationDate": "2999-01-01T00:00:00", "Skip": "0"})
    assert soap.call("GetTransactionsBy", f"<query>{later}</query>").text("Result") == ""


def test_both_doors_write_into_the_same_books(rest: RestCaller, soap: SoapCaller) -> None:
    line = {"NominalAccountId": 7502, "TaxCategoryId": "T1", "NetAmount": "10", "TaxAmount": "2"}
    given = {"ClientAccountId": 1042, "ContactId": 5310, "CreditNoteDate": "2026-10-14", "DocumentHeaderTypeId": 4,
             "Reference": "R-1", "IsPosted": True, "CreditNoteLine_List": [line]}  # fmt: skip
    rest.post("/CreditNoteCentre/SaveCreditNote", {"CreditNote": given})
    (told,) = looked_up(soap, "R-1").every("Result/WSTransactionSummary")
    assert (told["TransactionType"], told["ControlAmount"]) == ("PN", "12")
    found = soap.call("GetTransaction", f"<transactionID>{told['TransactionID']}</transactionID>")
    assert found.text("Result/TransactionType") == "PN"


def test_what_is_paid_is_no_longer_outstanding(sandbox: Served, soap: SoapCaller) -> None:
    soap.call(INVOICE, batch())
    assert sandbox.control("entries/90117/pay", amount="100.50") == {"id": 90117, "outstanding": 70}
    assert looked_up(soap).text("Result/WSTransactionSummary/OutstandingAmount") == "70.00"
    sandbox.options(signed_control=True)
    assert looked_up(soap).text("Result/WSTransactionSummary/ControlAmount") == "-170.50"
