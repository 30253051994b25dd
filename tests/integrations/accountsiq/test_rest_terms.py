"""The settings of a connection over REST are read whole, or refused by the name of the one that is wrong."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from integrations.accountsiq.rest.endpoints import ROWS, endpoints
from integrations.accountsiq.rest.terms import RestTerms, TaxCode, rest_terms
from integrations.accountsiq.settings import SETTINGS, completed
from integrations.documents import Kind
from integrations.errors import Misconfigured

# The list that we were given: method, path, and what it takes, the four rows that stand there twice too.
GIVEN = """
POST /AccountCentre/SaveClientAccountEnquiry ClientAccountEnquiry
GET /AccountCentre/GetClientAccountEnquiry ClientAccountEnquiryId
GET /AccountCentre/GetClientAccountEnquiry ClientAccountEnquiryId
GET /BankAccounts/GetClientBankAccounts ClientAccountId
POST /BankAccounts/SaveClientBankAccount ClientBankAccount
POST /BankTransactions/SaveClientBankTransaction
POST /BulkData/SaveBulkData
GET /ClientCentre/GetClientContacts ClientAccountId
POST /ClientCentre/SaveClientContact ClientContact
GET /ClientCentre/GetClientContacts ClientAccountId
POST /Contacts/SaveContact Contact
GET /Contacts/GetContact ContactId
DELETE /Contacts/DeleteContact ContactId
POST /CostTypes/SaveClientCostType ClientCostType
GET /CostTypes/GetClientCostTypes ClientAccountId
DELETE /CostTypes/DeleteClientCostType ClientCostTypeId
POST /CreditNoteCentre/SaveCreditNote CreditNote
GET /CreditNoteCentre/GetCreditNote CreditNoteId
GET /CreditNoteCentre/GetCreditNoteByNumber CreditNoteNumber ClientAccountId
GET /CurrencyRates/GetCurrencyRates CurrencyCode
POST /CurrencyRates/SaveCurrencyRate CurrencyRate
POST /Departments/SaveDepartment Department
GET /Departments/GetDepartments LocationId
GET /Departments/GetDepartments LocationId
POST /ExpenseCentre/SaveExpense Expense
GET /ExpenseCentre/GetExpense ExpenseId
GET /ExpenseCentre/GetExpenseByNumber ExpenseNumber ClientAccountId
DELETE /ExpenseCentre/DeleteExpense ExpenseId
POST /ExpenseClaims/SaveExpenseClaim ExpenseClaim
GET /ExpenseClaims/GetExpenseClaim ExpenseClaimId
GET /ExpenseClaims/GetExpenseClaimByNumber ExpenseClaimNumber ClientAccountId
DELETE /ExpenseClaims/DeleteExpenseClaim ExpenseClaimId
POST /ExpenseTypes/SaveExpenseType ExpenseType
GET /ExpenseTypes/GetExpenseTypes ClientAccountId
DELETE /ExpenseTypes/DeleteExpenseType ExpenseTypeId
GET /GeneralLedgerCentre/GetNominalAccountBalance NominalAccountId ClientAccountId FromPeriod ToPeriod
GET /GeneralLedgerCentre/GetNominalAccounts ClientAccountId
POST /Inventory/SaveInventoryItem InventoryItem
GET /Inventory/GetInventoryItems ClientAccountId
GET /Inventory/GetInventoryItems ClientAccountId
DELETE /Inventory/DeleteInventoryItem InventoryItemId
POST /InvoiceCentre/SaveInvoice Invoice
GET /InvoiceCentre/GetInvoice InvoiceId
GET /InvoiceCentre/GetInvoiceByNumber InvoiceNumber ClientAccountId
POST /ItemCategories/SaveItemCategory ItemCategory
GET /ItemCategories/GetItemCategories ClientAccountId
DELETE /ItemCategories/DeleteItemCategory ItemCategoryId
POST /ItemCentre/SaveItem Item
"""


def terms(**settings: str) -> RestTerms:
    return rest_terms(completed({"company_ref": "1042", **settings}))


def test_every_row_of_the_list_is_a_call() -> None:
    rows = [line.split() for line in GIVEN.strip().splitlines()]
    assert len(rows) == 48
    told = [[one.method, one.path, *one.takes, *filter(None, (one.wrapper,))] for one in ROWS]
    assert told == rows
    assert len({(method, path) for method, path, *_ in rows}) == 44
    assert Counter(Counter(one.name for one in ROWS).values()) == {1: 40, 2: 4}
    assert len(endpoints("")) == 44


def test_a_call_can_be_elsewhere_and_one_more_can_be_named() -> None:
    found = endpoints(
        "invoice.save POST /v2/Invoices\n\n  departments.list get /v2/Departments \ntax_codes.list GET /v2/Taxes"
    )
    assert found["invoice.save"].words == "POST /v2/Invoices (Invoice)"
    assert found["departments.list"].words == "GET /v2/Departments (LocationId, if wanted)"
    assert found["tax_codes.list"].words == "GET /v2/Taxes (ClientAccountId)"
    assert found["invoice.get"].words == "GET /InvoiceCentre/GetInvoice (InvoiceId)"
    assert len(found) == 45


def test_what_nobody_entered_is_as_the_form_has_it() -> None:
    read = terms()
    assert (read.company, read.supplier_type, read.currencies, read.currency_field) == (
        1042,
        "Supplier",
        ("GBP", "EUR", "USD"),
        "",
    )
    assert read.type_ids == {Kind.INVOICE: 2, Kind.CREDIT_NOTE: 4}
    assert list(read.tax_codes.values()) == [
        TaxCode(code="T1", name="Standard rate", rate=Decimal(20)),
        TaxCode(code="T5", name="Reduced rate", rate=Decimal(5)),
        TaxCode(code="T0", name="Zero rated", rate=Decimal(0)),
        TaxCode(code="T2", name="Exempt", rate=Decimal(0)),
        TaxCode(code="T9", name="Outside the scope of VAT", rate=Decimal(0)),
    ]
    switches = (read.has_own_number, read.is_wrapped, read.puts_first_into_path, read.rates_count_foreign)
    assert switches == (False, True, False, True)


@pytest.mark.parametrize(
    "name,text,expected",
    [
        ("company_ref", "ABC-1", ("company", "ABC-1")),
        ("company_ref", " 007 ", ("company", "007")),
        ("currencies", "eur\n gbp, eur", ("currencies", ("EUR", "GBP"))),
        ("document_type_ids", "", ("type_ids", {})),
        ("document_type_ids", "invoice = 12", ("type_ids", {Kind.INVOICE: 12})),
        ("tax_codes", " ", ("tax_codes", {})),
        ("tax_codes", "A; Any ;17.5 %\n", ("tax_codes", {"A": TaxCode(code="A", name="Any", rate=Decimal("17.5"))})),
        ("number_field", "supplier", ("has_own_number", True)),
        ("body_style", "flat", ("is_wrapped", False)),
        ("param_style", "path", ("puts_first_into_path", True)),
        ("rate_counts", "base", ("rates_count_foreign", False)),
    ],
)
def test_what_somebody_entered_counts(name: str, text: str, expected: tuple[str, Any]) -> None:
    member, value = expected
    assert getattr(terms(**{name: text}), member) == value


@pytest.mark.parametrize(
    "name,text,message",
    [
        ("company_ref", " ", "The company's ClientAccountId is missing. Enter it."),
        ("currencies", "GBP, pounds", "POUNDS is no currency code. Write them as GBP, EUR, USD."),
        ("currencies", ",", "The company's currency is missing. Enter it as the first of the currencies, such as GBP."),
        ("tax_codes", "T1;20", "Line 1 of the tax codes cannot be read. Write it as T1;Standard rate;20."),
        ("tax_codes", "\nT1;Std;20\nT0;;0", "Line 3 of the tax codes cannot be read. Write it as T1;Standard rate;20."),
        ("tax_codes", "T1;Standard;nan", "Line 1 of the tax codes cannot be read. Write it as T1;Standard rate;20."),
        ("tax_codes", "T1;Standard;101", "Line 1 of the tax codes cannot be read. Write it as T1;Standard rate;20."),
        ("tax_codes", "T1;One;1\nT1;Two;2", "The tax code T1 is in the table twice. Remove one."),
        (
            "document_type_ids",
            "bill=2",
            "The document types cannot be read. Write them as invoice=2, credit_note=4.",
        ),
        (
            "document_type_ids",
            "invoice=two",
            "The document types cannot be read. Write them as invoice=2, credit_note=4.",
        ),
        (
            "endpoints",
            "\ninvoice.save /InvoiceCentre/SaveInvoice",
            "Line 2 of the endpoints cannot be read. Write it as invoice.save POST /InvoiceCentre/SaveInvoice.",
        ),
        (
            "endpoints",
            "invoice.save POST https://elsewhere.example/",
            "Line 1 of the endpoints cannot be read. Write it as invoice.save POST /InvoiceCentre/SaveInvoice.",
        ),
        (
            "endpoints",
            "invoice.save PATCH /Invoices",
            "Line 1 of the endpoints cannot be read. Write it as invoice.save POST /InvoiceCentre/SaveInvoice.",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_name(name: str, text: str, message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        terms(**{name: text})
    assert (caught.value.message, caught.value.field) == (message, name)


def test_every_choice_has_its_default_among_its_values() -> None:
    for one in SETTINGS:
        assert not one.choices or one.default in dict(one.choices), one.key
