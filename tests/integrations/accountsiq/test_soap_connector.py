"""The connector over SOAP passes the cases of everything that speaks HTTP, from a script in place of AccountsIQ."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.accountsiq.connector import AccountsIQ
from integrations.documents import Document, Kind, Supplier
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected, Unauthorised
from integrations.http import Outbound
from integrations.reference import RecordKind
from tests.contract import HttpCases, Refusal, Step
from tests.contract.books import another
from tests.contract.reading import SINCE
from tests.integrations.accountsiq.soap_script import SECRET, TOKEN, bad, elements, good, link, step
from tests.samples import KEY, PAPER, REFERENCE, in_dollars, sample, with_line
from tests.scripted import Answer, Asked, ScriptedServer

BOOK = "CreateBatchPurchasesInvoiceGetBackTransactionID"
DEBIT = "CreateBatchPurchasesDebitNoteGetBackTransactionID"
ORDER = "SaveOrderGetBackOrderID"
NO_ID = "<transactionID>-1</transactionID>"


def leaves(asked: Asked) -> list[str]:
    """What the cases want to see of a body: every text in it."""
    return [one.text or "" for one in ET.fromstring(asked.body).iter() if not len(one)]  # noqa: S314 - our own


@pytest.fixture(autouse=True)
def _bodies_are_xml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Asked, "json", leaves)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.accountsiq.soap.transport._now", lambda: SINCE + timedelta(days=3))


# --- what is asked before a document goes out, and what comes back ---------------------------------------------------

PERIOD = elements({
    "_PeriodID": 27, "_PurchasesLedgerClosed": "true", "PeriodID": 27, "PeriodName": "2024",
    "StartDate": "2024-01-01T00:00:00", "EndDate": "2024-12-31T00:00:00", "SalesLedgerClosed": "true",
    "PurchasesLedgerClosed": "false", "GeneralLedgerClosed": "true", "FinancialYearClosed": "false",
})  # fmt: skip
TAXES = (
    "<Tax><ID>1</ID><Code>T0</Code><Description>Zero rated</Description><Rate>0</Rate></Tax>"
    "<Tax><ID>2</ID><Code>T1</Code><Description>Standard</Description><Rate>20.00</Rate></Tax>"
)
RATES = (
    "<WSCurrency><CurrencyID>1</CurrencyID><CurrencyCode>GBP</CurrencyCode><IsBaseCurrency>true</IsBaseCurrency>"
    "<ExchangeRate>1</ExchangeRate></WSCurrency><WSCurrency><CurrencyID>2</CurrencyID><CurrencyCode>USD</CurrencyCode>"
    "<IsBaseCurrency>false</IsBaseCurrency><ExchangeRate>1.2010</ExchangeRate></WSCurrency>"
)


def periods(document: Document | None = None) -> Step:
    """Open for the ledger of the document, and closed for the others."""
    told = PERIOD
    if document is not None and document.kind.is_sale:
        told = told.replace("SalesLedgerClosed>true<", "SalesLedgerClosed>false<")
        told = told.replace("<PurchasesLedgerClosed>false<", "<PurchasesLedgerClosed>true<")
    return step("GetPeriodList", "", f"<WSFinancialPeriodDTO>{told}</WSFinancialPeriodDTO>")


def supplier(document: Document) -> Step:
    if document.kind.is_sale:
        told = elements({"AccountID": 7, "Code": "HARB01", "Name": "Harbour", "CurrencyCode": document.currency})
        return step("GetCustomer", "<customerCode>HARB01</customerCode>", told)
    told = elements({"AccountID": 2, "Code": "CROWN01", "Name": "Crown", "CurrencyCode": document.currency})
    return step("GetSupplier", "<supplierCode>CROWN01</supplierCode>", told)


def naming(document: Document) -> list[Step]:
    """The supplier, the rates of tax, and for a foreign document AccountsIQ's own exchange rate."""
    foreign = [step("GetCurrencies", "", RATES)] if document.currency != "GBP" else []
    return [supplier(document), step("GetTaxCodeList", "", TAXES), *foreign]


TYPES = {Kind.INVOICE: "PI", Kind.CREDIT_NOTE: "PN", Kind.SALES_INVOICE: "SI", Kind.SALES_CREDIT_NOTE: "SN"}


def transaction(document: Document, number: int = 17, **changes: Any) -> str:
    """As AccountsIQ lists it. Which side has which sign is not known, so here the two kinds differ."""
    sign = -1 if document.kind in {Kind.CREDIT_NOTE, Kind.SALES_INVOICE} else 1
    sort, is_sale = TYPES[document.kind], document.kind.is_sale
    assert document.date is not None
    lines = [("true", "false", -sign * document.gross), ("false", "true", sign * document.tax)]
    lines += [("false", "false", sign * document.net - Decimal(1)), ("false", "false", Decimal(1))]
    details = "".join(
        f"<WSTransactionDetail><IsControlLine>{control}</IsControlLine><IsTaxLine>{tax}</IsTaxLine>"
        f"<Amount>{amount}</Amount></WSTransactionDetail>"
        for control, tax, amount in lines
    )
    values = {
        "AccountCode": "HARB01" if is_sale else "CROWN01", "Ledger": "Sales" if is_sale else "Purchases",
        "TransactionType": sort, "TransactionID": number,
        "InternalNumber": f"{sort}{number:06}", "ExternalReference": KEY.value,
        "ControlAmount": -sign * document.gross, "TransactionDate": f"{document.date}T00:00:00",
        "LineDetails": details, "CurrencyCode": document.currency, **changes,
    }  # fmt: skip
    return f"<WSTransactionSummary>{elements(values)}</WSTransactionSummary>"


def saved_order(document: Document, number: int = 17, **changes: Any) -> str:
    assert document.date is not None
    values = {
        "OrderID": number, "AccountID": 2, "CurrencyCode": document.currency, "OrderNumber": f"PO-{number}",
        "ExternalReference": KEY.value, "OrderDate": f"{document.date}T00:00:00", "Status": "Complete",
        "Ledger": "Purchases", "NetAmount": document.net, "TaxAmount": document.tax, "GrossAmount": document.gross,
        **changes,
    }  # fmt: skip
    return f"<Order>{elements(values)}</Order>"


def looking_up(kind: Kind = Kind.INVOICE, found: Sequence[str] = ()) -> Step:
    told = "".join(found) or None
    if kind is Kind.PURCHASE_ORDER:
        return step("GetOrdersByExternalReference", f"<externalReference>{KEY.value}</externalReference>", told)
    query = f"<query><ExternalReference>{KEY.value}</ExternalReference></query>"
    return step("GetTransactionsByExternalReference", query, told)


# --- what goes out, by hand ------------------------------------------------------------------------------------------

DESCRIPTION = "P-000001 SI-48213, INV000123, order ORD000056, Venue hire, March cohort"
ROOM = (
    "<GLAccountCode>5010</GLAccountCode><TaxCode>T1</TaxCode><Description>Training room, full day</Description>"
    "<NetAmount>100.00</NetAmount><TaxRate>0.20</TaxRate><TaxAmount>20.00</TaxAmount>"
)
MANUALS = (
    "<GLAccountCode>7504</GLAccountCode><TaxCode>T0</TaxCode><Description>Printed course manuals</Description>"
    "<NetAmount>50.50</NetAmount><TaxRate>0</TaxRate><TaxAmount>0.00</TaxAmount>"
)
LICENCE = (
    "<GLAccountCode>7506</GLAccountCode><TaxCode>T0</TaxCode><Description>Authoring tool, annual licence"
    "</Description><NetAmount>120.50</NetAmount><TaxRate>0</TaxRate><TaxAmount>0.00</TaxAmount>"
)
INVOICE = (
    "<inv><SupplierCode>CROWN01</SupplierCode><InvoiceDate>2024-03-14T00:00:00</InvoiceDate>"
    "<ExternalReference>8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11</ExternalReference>"
    f"<Description>{DESCRIPTION}</Description><Lines><BatchPurchasesInvoiceLine>{ROOM}</BatchPurchasesInvoiceLine>"
    f"<BatchPurchasesInvoiceLine>{MANUALS}</BatchPurchasesInvoiceLine></Lines><ExchangeRate>1</ExchangeRate></inv>"
)
DOLLARS = (
    "<inv><SupplierCode>CROWN01</SupplierCode><InvoiceDate>2024-03-14T00:00:00</InvoiceDate>"
    "<ExternalReference>8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11</ExternalReference>"
    f"<Description>{DESCRIPTION}</Description><Lines><BatchPurchasesInvoiceLine>{LICENCE}</BatchPurchasesInvoiceLine>"
    "</Lines><ExchangeRate>1.201036579</ExchangeRate></inv>"
)
CREDIT = (
    "<debitNote><SupplierCode>CROWN01</SupplierCode><DebitNoteDate>2024-03-14T00:00:00</DebitNoteDate>"
    "<ExternalReference>8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11</ExternalReference>"
    f"<Description>{DESCRIPTION}</Description><Lines><BatchPurchasesDebitNoteLine>{ROOM}"
    f"</BatchPurchasesDebitNoteLine><BatchPurchasesDebitNoteLine>{MANUALS}</BatchPurchasesDebitNoteLine></Lines>"
    "<ExchangeRate>1</ExchangeRate></debitNote>"
)
SHELL = elements({
    "OrderID": 0, "AccountID": 2, "CurrencyCode": "GBP", "PaymentMethodID": "BACS", "OrderNumber": "",
    "CreationDate": "2026-11-20T13:00:00", "OrderDate": "2026-11-20T00:00:00", "Status": "Complete",
    "AccountName": "Crown &amp; Co", "AuthorUserID": "API", "DiscountRate": "0", "ForCollection": "false",
    "ExchangeRate": 1, "UseAccountTaxCode": "false", "Hold": 0, "TransferID": 0, "IsClosed": "false",
    "Ledger": "Purchases", "RowVersionNumber": "AAAA", "Lines": "<OrderLine><OrderItemID>1</OrderItemID></OrderLine>",
    "RequesterID": 5, "BCNetAmount": 0, "ApprovalStatusName": "x",
})  # fmt: skip
ROOM_ORDERED = (
    '<OrderLine><OrderItemID>0</OrderItemID><OrderID>0</OrderID><QuoteItemID xsi:nil="true"/>'
    "<StockItemID>PURCHASE</StockItemID><StockItemDescription>Training room, full day</StockItemDescription>"
    "<OrderedQuantity>2</OrderedQuantity><DeliveredQuantity>0</DeliveredQuantity><InvoicedQuantity>0"
    "</InvoicedQuantity><StockItemCost>0</StockItemCost><StockItemPrice>50.00</StockItemPrice><DiscountRate>0"
    "</DiscountRate><ActualPrice>50.00</ActualPrice><TaxCode>T1</TaxCode><TaxRate>0.20</TaxRate><NetAmount>100.00"
    "</NetAmount><TaxAmount>20.00</TaxAmount><GrossAmount>120.00</GrossAmount><GLAccountCode>5010</GLAccountCode>"
    "<OpeningStockGLAccountCode>5010</OpeningStockGLAccountCode></OrderLine>"
)
MANUALS_ORDERED = (
    '<OrderLine><OrderItemID>0</OrderItemID><OrderID>0</OrderID><QuoteItemID xsi:nil="true"/>'
    "<StockItemID>PURCHASE</StockItemID><StockItemDescription>Printed course manuals</StockItemDescription>"
    "<OrderedQuantity>1</OrderedQuantity><DeliveredQuantity>0</DeliveredQuantity><InvoicedQuantity>0"
    "</InvoicedQuantity><StockItemCost>0</StockItemCost><StockItemPrice>50.50</StockItemPrice><DiscountRate>0"
    "</DiscountRate><ActualPrice>50.50</ActualPrice><TaxCode>T0</TaxCode><TaxRate>0</TaxRate><NetAmount>50.50"
    "</NetAmount><TaxAmount>0.00</TaxAmount><GrossAmount>50.50</GrossAmount><GLAccountCode>7504</GLAccountCode>"
    "<OpeningStockGLAccountCode>7504</OpeningStockGLAccountCode></OrderLine>"
)
ORDERED = (
    "<order><OrderID>0</OrderID><AccountID>2</AccountID><CurrencyCode>GBP</CurrencyCode><CurrrencyCode>GBP"
    "</CurrrencyCode><PaymentMethodID>BACS</PaymentMethodID><OrderNumber>INV000123</OrderNumber>"
    "<ExternalReference>8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11</ExternalReference><CreationDate>2026-11-20T13:00:00"
    "</CreationDate><OrderDate>2024-03-14T00:00:00</OrderDate><DeliveryDate>2024-03-14T00:00:00</DeliveryDate>"
    f"<Status>Complete</Status><AccountName>Crown &amp; Co</AccountName><Notes>{DESCRIPTION}</Notes><DiscountRate>0"
    "</DiscountRate><ForCollection>false</ForCollection><ExchangeRate>1</ExchangeRate><UseAccountTaxCode>false"
    '</UseAccountTaxCode><QuoteID xsi:nil="true"/><Hold>0</Hold><TransferID>0</TransferID><IsClosed>false</IsClosed>'
    f"<Ledger>Purchases</Ledger><Lines>{ROOM_ORDERED}{MANUALS_ORDERED}</Lines>"
    '<SalesRepresentativeID xsi:nil="true"/><RequesterID>5</RequesterID><ExternalApproverID xsi:nil="true"/>'
    "<NetAmount>150.50</NetAmount><TaxAmount>20.00</TaxAmount><GrossAmount>170.50</GrossAmount><BCNetAmount>150.50"
    "</BCNetAmount><BCTaxAmount>20.00</BCTaxAmount><BCGrossAmount>170.50</BCGrossAmount></order><create>true</create>"
)
COURSE = (
    "<GLAccountCode>4000</GLAccountCode><TaxCode>T1</TaxCode><Description>First aid at work, 12 places</Description>"
    "<NetAmount>100.00</NetAmount><TaxRate>0.20</TaxRate><TaxAmount>20.00</TaxAmount>"
)
MANUAL = (
    "<GLAccountCode>4020</GLAccountCode><TaxCode>T0</TaxCode><Description>First aid manuals</Description>"
    "<NetAmount>50.50</NetAmount><TaxRate>0</TaxRate><TaxAmount>0.00</TaxAmount>"
)
SOLD = (
    "<inv><CustomerCode>HARB01</CustomerCode><InvoiceDate>2024-03-14T00:00:00</InvoiceDate>"
    "<ExternalReference>8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11</ExternalReference>"
    f"<Description>P-000001 INV-2024-0117</Description><Lines><BatchSalesInvoiceLine>{COURSE}</BatchSalesInvoiceLine>"
    f"<BatchSalesInvoiceLine>{MANUAL}</BatchSalesInvoiceLine></Lines><ExchangeRate>1</ExchangeRate></inv>"
)
TAKEN_BACK = (
    "<creditNote><ExchangeRate>1</ExchangeRate><CustomerCode>HARB01</CustomerCode>"
    "<CreditNoteDate>2024-03-14T00:00:00</CreditNoteDate>"
    "<ExternalReference>8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11</ExternalReference>"
    f"<Description>P-000001 INV-2024-0117</Description><Lines><BatchSalesCreditNoteLine>{COURSE}"
    f"</BatchSalesCreditNoteLine><BatchSalesCreditNoteLine>{MANUAL}</BatchSalesCreditNoteLine></Lines></creditNote>"
)
BODIES = {
    "invoice": INVOICE, "credit_note": CREDIT, "USD": DOLLARS, "sales_invoice": SOLD, "sales_credit_note": TAKEN_BACK,
}  # fmt: skip
OPERATIONS = {
    Kind.INVOICE: BOOK,
    Kind.CREDIT_NOTE: DEBIT,
    Kind.SALES_INVOICE: "CreateBatchSalesInvoiceGetBackTransactionID",
    Kind.SALES_CREDIT_NOTE: "CreateBatchSalesCreditNoteGetBackTransactionID",
}


def booking(document: Document) -> Step:
    operation = OPERATIONS[document.kind]
    body = BODIES["USD" if document.currency == "USD" else document.kind.value]
    return step(operation, body, "PI000017", "<transactionID>17</transactionID>", writes=True)


def ordering(document: Document) -> list[Step]:
    return [
        looking_up(Kind.PURCHASE_ORDER),
        *naming(document),
        step("GetNewPurchasesOrder", "<supplierCode>CROWN01</supplierCode>", SHELL),
        step(ORDER, ORDERED, None, "<orderID>17</orderID>", writes=True),
        looking_up(Kind.PURCHASE_ORDER, [saved_order(document)]),
    ]


class TestHttp(HttpCases):
    """The shared cases, with a script in place of AccountsIQ."""

    connector = AccountsIQ
    refuses = frozenset({"a discount", "nothing to pay"})
    secrets = (SECRET,)

    def connect(self, url: str, outbound: Outbound) -> AccountsIQ:
        return AccountsIQ(link(url, outbound=outbound))

    def greeting(self) -> Sequence[Step]:
        told = elements({
            "CompanyName": "Northgate Training Ltd", "LocaleName": "en-GB", "BaseCurrencyCode": "GBP",
            "TaxRegistrationNumber": "GB987654321", "RegistrationNumber": "01234567",
        })  # fmt: skip
        return [step("GetCompanyInformation", "", told)]

    def posting(self, document: Document) -> Sequence[Step]:
        if document.kind is Kind.PURCHASE_ORDER:
            return ordering(document)
        found = looking_up(document.kind, [transaction(document)])
        return [periods(document), looking_up(document.kind), *naming(document), booking(document), found]

    def finding(self, pages: Sequence[int]) -> Sequence[Step]:
        return [looking_up(found=booked(pages))]

    def listing(self, pages: Sequence[int]) -> Sequence[Step]:
        steps, seen = [], 0
        for size in [*filter(None, pages), 0]:
            found = [transaction(sample(), number) for number in range(seen + 1, seen + size + 1)]
            steps.append(step("GetTransactionsBy", LISTED.format(skip=seen), "".join(found) or None))
            seen += size
        return [*steps, step("GetOrdersByPaged", ORDERS_LISTED.format(skip=0))]

    def reading(self, kind: RecordKind, pages: Sequence[int]) -> Sequence[Step]:
        operation, row, code = READINGS[kind]
        found = (f"<{row}><{code}>{number}</{code}><Description>One</Description></{row}>" for number in numbers(pages))
        first, last = AROUND.get(kind, ("", ""))
        around = [[step(one)] if one else [] for one in (first, last)]
        return [*around[0], step(operation, "", "".join(found) or None), *around[1]]

    def papers(self, count: int) -> Sequence[Step]:
        return looking_for_files(*(f"{number}.pdf" for number in range(1, count + 1)))

    def attaching(self) -> Sequence[Step]:
        body = (
            "<document><Header><MasterType>Transaction</MasterType><MasterID>17</MasterID><Filename>SI-48213.pdf"
            "</Filename><DocumentID>0</DocumentID></Header><Content>"
            "<Content>JVBERi0xLjcKJSBDcm93biBDb25mZXJlbmNlIENlbnRyZQolJUVPRgo=</Content><Comments></Comments>"
            "</Content></document>"
        )
        return [*looking_for_files("another.pdf"), step("AttachDocument", body, writes=True)]

    def without_id(self) -> object:
        return good(BOOK, "PI000017")

    def failure(self, message: str) -> object:
        return bad(BOOK, "GLACCOUNT_CODE_DOES_NOT_EXIST", message, NO_ID)

    def refusals(self) -> Sequence[Refusal]:
        def no(code: str, message: str = "No.", **told: Any) -> Refusal:
            return Refusal(status=200, body=bad(BOOK, code, message, NO_ID), **told)

        accounts = "Account codes sent: 5010 (line 1); 7504 (line 2)"
        return [
            no("GLACCOUNT_CODE_DOES_NOT_EXIST", "Not there", says=accounts, field="lines.account_code"),
            no("TAX_CODE_DOES_NOT_EXIST", says="T1 (line 1); T0 (line 2)", field="lines.tax_code"),
            no("GLACCOUNT_NO_DEPARTMENT_IS_DEPARTMENTAL", says="none (line 1, 2)", field="dimensions"),
            no("SUPPLIER_CODE_DOES_NOT_EXIST", "No such", says="No such (SUPPLIER_CODE", field="supplier.code"),
            no("DATE_IS_OUT_OF_RANGE", "The period is closed", says="The period is closed", field="date"),
            no("OAUTH_INTEGRATION_APPS_APPLICATION_IS_REVOKED", error=Unauthorised, says="Link"),
            no("API_LAYER_ENTITY_ID_NOT_FOUND", error=Misconfigured, field="company_ref"),
            no("INVOICE_EXTERNAL_REFERENCE_ALREADY_EXISTS", error=OutcomeUnknown, says="looked up"),
            no("UNKNOWN", "secret words", error=OutcomeUnknown, hides="secret words"),
        ]


LISTED = (
    "<query><FromCreationDate>2026-11-20T12:00:00Z</FromCreationDate><Skip>{skip}</Skip><TypesFilter>"
    "<string>PI</string><string>PN</string><string>SI</string><string>SN</string></TypesFilter>"
    '<FromPeriodDate xsi:nil="true"/>'
    '<ToPeriodDate xsi:nil="true"/><ExcludeReconciliationInformation>true</ExcludeReconciliationInformation></query>'
)
ORDERS_LISTED = (
    '<query><FromDate xsi:nil="true"/><ToDate xsi:nil="true"/><FromCreationDate xsi:nil="true"/>'
    '<ToCreationDate xsi:nil="true"/><Skip>{skip}</Skip><Ledger><string>Purchases</string></Ledger>'
    "<FromLastModifiedDateInUTC>2026-11-20T12:00:00Z</FromLastModifiedDateInUTC><Limit>500</Limit></query>"
)
READINGS = {
    RecordKind.SUPPLIER: ("GetSupplierList", "Supplier", "AccountID"),
    RecordKind.ACCOUNT: ("GetChartOfAccounts", "WSChartOfAccountLine", "Code"),
    RecordKind.TAX: ("GetTaxCodeList", "Tax", "ID"),
    RecordKind.CURRENCY: ("GetCurrencies", "WSCurrency", "CurrencyID"),
    RecordKind.DIMENSION: ("GetDepartmentList", "Department", "DepartmentID"),
}
AROUND = {
    RecordKind.SUPPLIER: ("GetCreditTermList", ""),
    RecordKind.DIMENSION: ("", "GetAnalysisDimensionSetup"),
}


def numbers(pages: Sequence[int]) -> range:
    return range(1, sum(pages) + 1)


def booked(pages: Sequence[int]) -> list[str]:
    return [transaction(sample(), number) for number in numbers(pages)]


def looking_for_files(*names: str) -> list[Step]:
    """The transaction, then its files."""
    there = "<Lines><TransactionLine><TransactionLineID>1</TransactionLineID></TransactionLine></Lines>"
    files = (
        f"<WSDocumentHeader><MasterType>Transaction</MasterType><MasterID>17</MasterID><Filename>{name}</Filename>"
        f"<DocumentID>{number}</DocumentID></WSDocumentHeader>"
        for number, name in enumerate(names, start=1)
    )
    master = "<masterType>Transaction</masterType><masterID>17</masterID>"
    return [
        step("GetTransaction", "<transactionID>17</transactionID>", there),
        step("GetAttachedDocumentList", master, "".join(files) or None),
    ]


# --- what is AccountsIQ's own ----------------------------------------------------------------------------------------


def plays(*steps: Step) -> list[Answer]:
    return [one.play() for one in steps]


@pytest.fixture
def before() -> list[Step]:
    """What is asked before the first write of `sample()`."""
    return [periods(), looking_up(), *naming(sample())]


def post(url: str, document: Document, *, order_item: str = "PURCHASE", rate_counts: str = "") -> Any:
    terms = {"order_item": order_item, **({"rate_counts": rate_counts} if rate_counts else {})}
    return AccountsIQ(link(url, settings=terms)).post(document, key=KEY, reference=REFERENCE)


def test_every_request_names_entity_token_and_action(before: list[Step]) -> None:
    found = looking_up(found=[transaction(sample())])
    with ScriptedServer(*plays(*before, booking(sample()), found)) as server:
        post(server.url, sample())
    actions = [one.headers["soapaction"].rpartition("/")[2] for one in server.asked]
    assert actions == [
        "GetPeriodList", "GetTransactionsByExternalReference", "GetSupplier", "GetTaxCodeList", BOOK,
        "GetTransactionsByExternalReference",
    ]  # fmt: skip
    assert {one.headers["content-type"] for one in server.asked} == {"text/xml; charset=utf-8"}
    assert all(TOKEN.encode() in one.body and b"<Entity>NORTHGATE01<" in one.body for one in server.asked)


def test_what_is_there_already_is_told_and_not_sent_again() -> None:
    with ScriptedServer(*plays(periods(), looking_up(found=[transaction(another())]))) as server:
        told = post(server.url, sample())
    assert (told.external_id, told.number, told.date) == ("17", "PI000017", another().date)


def test_two_with_our_key_are_for_the_lookup_to_decide() -> None:
    with ScriptedServer(*plays(periods(), looking_up(found=booked((2,))))) as server, pytest.raises(OutcomeUnknown):
        post(server.url, sample())


@pytest.mark.parametrize(
    "found",
    [[], booked((2,)), [transaction(sample(), 18)]],
    ids=["none", "two", "another"],
)
def test_a_document_that_is_not_told_as_it_was_written_leaves_the_outcome_open(
    before: list[Step], found: list[str]
) -> None:
    steps = [*before, booking(sample()), looking_up(found=found)]
    with ScriptedServer(*plays(*steps)) as server, pytest.raises(OutcomeUnknown):
        post(server.url, sample())


@pytest.mark.parametrize(
    "changes,is_ours",
    [
        ({}, True),
        ({"ExternalReference": f"{KEY.value} P-000001"}, True),
        ({"TransactionType": "Purchases Invoice"}, True),
        ({"TransactionType": "PP"}, False),
        ({"TransactionType": "PN"}, False),
        ({"ExternalReference": KEY.value.upper()}, False),
        ({"ExternalReference": f"x{KEY.value}"}, False),
        ({"ExternalReference": None}, False),
    ],
)
def test_a_search_that_finds_too_much_is_read_to_the_letter(changes: dict[str, Any], is_ours: bool) -> None:
    with ScriptedServer(*plays(looking_up(found=[transaction(sample(), **changes)]))) as server:
        found = AccountsIQ(link(server.url)).find(sample(), key=KEY)
    assert bool(found) is is_ours


@pytest.mark.parametrize("changes,is_ours", [({}, True), ({"Ledger": "Sales"}, False), ({"OrderID": 0}, False)])
def test_an_order_of_ours_is_one_to_a_supplier(changes: dict[str, Any], is_ours: bool) -> None:
    order = sample(Kind.PURCHASE_ORDER)
    steps = [looking_up(Kind.PURCHASE_ORDER, [saved_order(order, **changes)])]
    with ScriptedServer(*plays(*steps)) as server:
        found = AccountsIQ(link(server.url)).find(order, key=KEY)
    assert [(one.number, one.gross, one.date) for one in found] == (
        [("PO-17", order.gross, order.date)] if is_ours else []
    )


def test_a_supplier_without_a_code_is_found_by_name() -> None:
    nameless = sample(party=Supplier(code=None, name=" metro  TELECOM "))
    listed = "".join(
        f"<Supplier><Code>{code}</Code><Name>{name}</Name><CurrencyCode>GBP</CurrencyCode></Supplier>"
        for code, name in (("CROWN01", "Crown"), ("METRO01", "Metro Telecom"))
    )
    steps = [periods(), looking_up(), step("GetActiveSupplierList", "", listed), step("GetTaxCodeList", "", TAXES)]
    found = looking_up(found=[transaction(nameless)])
    with ScriptedServer(*plays(*steps, booking(nameless), found)) as server:
        post(server.url, nameless)
    assert b"<SupplierCode>METRO01</SupplierCode>" in server.asked[4].body


@pytest.mark.parametrize("names,words", [((), "no supplier"), (("Metro", "METRO"), "2 suppliers")])
def test_a_name_that_names_nobody_or_several_is_refused(names: tuple[str, ...], words: str) -> None:
    listed = "".join(f"<Supplier><Code>X</Code><Name>{name}</Name></Supplier>" for name in names)
    steps = [periods(), looking_up(), step("GetActiveSupplierList", "", listed or None)]
    with ScriptedServer(*plays(*steps)) as server, pytest.raises(Rejected, match=words) as caught:
        post(server.url, sample(party=Supplier(code=None, name="Metro")))
    assert caught.value.field == "supplier.name"


@pytest.mark.parametrize("play", [bad("GetSupplier", "SUPPLIER_CODE_DOES_NOT_EXIST"), good("GetSupplier")])
def test_a_supplier_that_is_not_there_is_refused_by_code(play: Answer) -> None:
    with ScriptedServer(*plays(periods(), looking_up()), play) as server, pytest.raises(Rejected) as caught:
        post(server.url, sample())
    assert (caught.value.field, "CROWN01" in caught.value.message) == ("supplier.code", True)


def test_a_document_in_another_currency_than_the_suppliers_is_refused() -> None:
    steps = [periods(), looking_up(), supplier(sample())]
    with ScriptedServer(*plays(*steps)) as server, pytest.raises(Rejected, match="in GBP") as caught:
        post(server.url, in_dollars())
    assert caught.value.field == "currency"


def test_a_tax_code_that_is_not_there_is_refused_by_line_before_anything_goes_out() -> None:
    wrong = with_line(sample(), 1, tax_code="T77")
    with ScriptedServer(*plays(periods(), looking_up(), *naming(wrong))) as server, pytest.raises(Rejected) as caught:
        post(server.url, wrong)
    assert caught.value.message.startswith("Line 2: AccountsIQ has no tax code T77.")
    assert caught.value.field == "lines.tax_code"


def test_a_rate_that_is_counted_the_other_way_round_names_the_setting() -> None:
    """A document that was booked the wrong way round cannot be deleted over there."""
    steps = [periods(), looking_up(), *naming(in_dollars())]
    with ScriptedServer(*plays(*steps)) as server, pytest.raises(Misconfigured) as caught:
        post(server.url, in_dollars(), rate_counts="base")
    assert caught.value.field == "rate_counts"


def test_rates_may_be_counted_in_base_currency() -> None:
    turned = RATES.replace("1.2010", "0.8326")
    steps = [periods(), looking_up(), *naming(in_dollars())[:2], step("GetCurrencies", "", turned)]
    found = looking_up(found=[transaction(in_dollars())])
    with ScriptedServer(*plays(*steps, booking(in_dollars()), found)) as server:
        post(server.url, in_dollars(), rate_counts="base")
    assert b"<ExchangeRate>0.8326141079</ExchangeRate>" in server.asked[-2].body


def test_a_currency_that_is_not_there_is_refused() -> None:
    steps = [periods(), looking_up(), *naming(in_dollars())[:2], step("GetCurrencies")]
    with ScriptedServer(*plays(*steps)) as server, pytest.raises(Rejected) as caught:
        post(server.url, in_dollars())
    assert caught.value.field == "currency"


def test_an_order_without_an_item_names_the_setting() -> None:
    order = sample(Kind.PURCHASE_ORDER)
    with (
        ScriptedServer(*plays(*ordering(order)[:-2])) as server,
        pytest.raises(Misconfigured, match="Line 1") as caught,
    ):
        post(server.url, order, order_item="")
    assert caught.value.field == "order_item"


def test_the_item_of_the_settings_counts_before_the_suppliers_own() -> None:
    order = with_line(sample(Kind.PURCHASE_ORDER), 0, item_code="VEN-D")
    with ScriptedServer(*plays(*ordering(order))) as server:
        post(server.url, order)
    assert b"<StockItemID>VEN-D<" not in server.asked[-2].body


def test_an_item_of_its_own_where_the_settings_name_none_and_the_number_of_the_shell() -> None:
    order = with_line(with_line(sample(Kind.PURCHASE_ORDER), 0, item_code="VENUE"), 1, item_code="TONER")
    steps = ordering(order)
    steps[-3] = step("GetNewPurchasesOrder", "", SHELL.replace("<OrderNumber></OrderNumber>", "<OrderNumber>PO-9"
                                                              "</OrderNumber>"))  # fmt: skip
    with ScriptedServer(*plays(*steps)) as server:
        post(server.url, order, order_item="")
    body = server.asked[-2].body
    assert (body.count(b"<StockItemID>VENUE<"), body.count(b"<StockItemID>TONER<")) == (1, 1)
    assert b"<OrderNumber>PO-9</OrderNumber>" in body


def test_a_preview_shows_the_envelope_without_its_token(before: list[Step]) -> None:
    with ScriptedServer(*plays(*before)) as server:
        shown = AccountsIQ(link(server.url)).preview(sample(), key=KEY, reference=REFERENCE)
    (one,) = shown.requests
    assert (one.method, one.url) == ("POST", f"{server.url}/system/dashboard/integration/integration_2_0.asmx")
    assert INVOICE in one.body
    assert TOKEN not in one.body
    assert "<AccessToken>***</AccessToken>" in one.body


@pytest.mark.parametrize("external_id", ["999999999", "no id", "-1", "²", "99999999999", "4294967297"])
def test_files_of_a_transaction_that_there_is_not_are_refused(external_id: str) -> None:
    asks = external_id == "999999999"
    plays = [bad("GetTransaction", "TRANSACTION_ID_DOES_NOT_EXIST")] * asks
    with ScriptedServer(*plays) as server, pytest.raises(Rejected) as caught:
        AccountsIQ(link(server.url)).attached(Kind.INVOICE, external_id)
    assert external_id in caught.value.message
    assert caught.value.field == "external_id"


def test_a_file_that_is_there_is_not_sent_again() -> None:
    with ScriptedServer(*plays(*looking_for_files("SI-48213.pdf"))) as server:
        AccountsIQ(link(server.url)).attach(Kind.CREDIT_NOTE, "17", PAPER)


def test_a_long_time_is_listed_a_few_days_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last stretch has no end: clocks differ."""
    monkeypatch.setattr("integrations.accountsiq.soap.transport._now", lambda: SINCE + timedelta(days=6, seconds=1))
    start, end = "<FromCreationDate>2026-11-20T12", "<FromCreationDate>2026-11-2{}T12"
    until = "</FromCreationDate><ToCreationDate>2026-11-2{}T12:00:00Z</ToCreationDate>"
    first = LISTED.format(skip=0).replace("</FromCreationDate>", until.format(3))
    second = LISTED.format(skip=0).replace(start, end.format(3)).replace("</FromCreationDate>", until.format(6))
    third = LISTED.format(skip=0).replace(start, end.format(6))
    steps = [*(step("GetTransactionsBy", one) for one in (first, second, third)),
             step("GetOrdersByPaged", ORDERS_LISTED.format(skip=0))]  # fmt: skip
    with ScriptedServer(*plays(*steps)) as server:
        assert list(AccountsIQ(link(server.url)).written_since(SINCE)) == []
    assert [one.body for one in server.asked] == [one.body for one in steps]


def test_orders_are_listed_after_transactions() -> None:
    own, foreign = saved_order(sample(Kind.PURCHASE_ORDER)), saved_order(sample(), 18, ExternalReference="PO 7")
    steps = [
        step("GetTransactionsBy", LISTED.format(skip=0), transaction(sample(), 3, TransactionType="PN")),
        step("GetTransactionsBy", LISTED.format(skip=1)),
        step("GetOrdersByPaged", ORDERS_LISTED.format(skip=0), own + foreign),
        step("GetOrdersByPaged", ORDERS_LISTED.format(skip=2)),
    ]
    with ScriptedServer(*plays(*steps)) as server:
        found = list(AccountsIQ(link(server.url)).written_since(SINCE))
    assert [(one.kind, one.key, one.posted.external_id) for one in found] == [
        (Kind.CREDIT_NOTE, KEY.value, "3"),
        (Kind.PURCHASE_ORDER, KEY.value, "17"),
    ]
    assert [one.body for one in server.asked] == [one.body for one in steps]
