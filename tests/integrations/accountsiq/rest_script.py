"""What goes over the wire between the portal and AccountsIQ over REST, written out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from integrations.base import Link
from integrations.documents import Document
from integrations.errors import Unauthorised
from integrations.http import Outbound
from tests.contract import Step
from tests.samples import KEY, sample

TOKEN = "access-token-of-the-tests"
SECRET = "client-secret-of-the-tests"


class OneToken:
    """An access that has one token and gets no other."""

    def token(self) -> str:
        return TOKEN

    def renewed(self, refused: str) -> str:
        raise Unauthorised(f"{len(refused)} characters were refused. Link the connection again.")


def link(url: str, *, outbound: Any = None, access: Any = None, **settings: str) -> Link:
    """A connection over REST; invoices take their currency in a field that AccountsIQ told."""
    given = {"transport": "rest", "base_url": url, "company_ref": "1042", "client_id": "postroom-sandbox"}
    return Link(
        settings={**given, "currency_field": "Currency", **settings},
        secrets={"client_secret": SECRET},
        outbound=outbound or Outbound(allow_private=True),
        access=access or OneToken(),
    )


def booked(document: Document, external_id: str, what: str = "Invoice") -> dict[str, Any]:
    """A document as AccountsIQ tells it."""
    return {
        f"{what}Id": int(external_id),
        f"{what}Number": KEY.value,
        f"{what}Date": f"{document.date}T00:00:00",
        f"{what}Total": document.gross,
        "TotalValue": document.net,
        "Currency": document.currency,
        "TransactionNumber": "PI004512",
        "IsPosted": True,
        "Supplier_List": [{"SupplierId": 5310, "SupplierCode": "CROWN01"}],
    }


def invoice(external_id: str) -> dict[str, Any]:
    return booked(sample(), external_id)


def contact(external_id: str) -> dict[str, Any]:
    return {"ContactId": int(external_id), "ContactType": "Supplier", "LastName": "Something", "InternalID": "C1"}


def account(external_id: str) -> dict[str, Any]:
    return {"NominalAccountId": int(external_id), "Code": f"{external_id}000", "Name": "Something"}


def department(external_id: str) -> dict[str, Any]:
    return {"DepartmentId": int(external_id), "DepartmentName": "Something", "DepartmentCode": "C1"}


def looked_up(what: str, pages: Sequence[int]) -> list[Step]:
    """The lookup by number, of invoices or of credit notes."""
    path = f"/{what}Centre/Get{what}ByNumber?{what}Number={KEY.value}&ClientAccountId=1042"
    return paged(path, pages, invoice)


def paged(path: str, pages: Sequence[int], made: Callable[[str], object]) -> list[Step]:
    """The pages of a list of things with the ids 1, 2 and so on; one page is a bare list."""
    steps, first = [], 1
    for page, count in enumerate(pages, start=1):
        rows: object = [made(str(number)) for number in range(first, first + count)]
        following = f"{path}{'&' if '?' in path else '?'}Page={page + 1}"
        is_last = page == len(pages)
        answer = rows if len(pages) == 1 else {"Items": rows, "NextPage": None if is_last else following}
        here = path if page == 1 else f"{path}{'&' if '?' in path else '?'}Page={page}"
        steps.append(Step(method="GET", path=here, answer=answer))
        first += count
    return steps


CONTACTS = [
    {"ContactId": 5309, "ContactType": "Customer", "LastName": "Crown Conference Centre", "InternalID": "CROWN01"},
    {"ContactId": 5310, "ContactType": "Supplier", "LastName": "Crown Conference Centre", "InternalID": "CROWN01"},
    {"ContactId": 5311, "ContactType": "Supplier", "LastName": "Metro Telecom", "InternalID": "METRO01"},
]
ACCOUNTS = [
    {"NominalAccountId": 501, "Code": "5010", "Name": "Course venue hire", "AccountType": "Expense", "Active": True},
    {"NominalAccountId": 750, "Code": "7504", "Name": "Office stationery", "AccountType": "Expense", "Active": True},
    {"NominalAccountId": 756, "Code": "7506", "Name": "Software licences", "AccountType": "Expense", "Active": True},
]
LINES = [
    {
        "LineNumber": 1,
        "Description": "Training room, full day",
        "NominalAccountId": 501,
        "Quantity": 2,
        "UnitPrice": Decimal("50.00"),
        "NetAmount": Decimal("100.00"),
        "TaxCategoryId": "T1",
        "TaxRate": 20,
        "TaxAmount": Decimal("20.00"),
        "GrossAmount": Decimal("120.00"),
    },
    {
        "LineNumber": 2,
        "Description": "Printed course manuals",
        "NominalAccountId": 750,
        "Quantity": 1,
        "UnitPrice": Decimal("50.50"),
        "NetAmount": Decimal("50.50"),
        "TaxCategoryId": "T0",
        "TaxRate": 0,
        "TaxAmount": Decimal("0.00"),
        "GrossAmount": Decimal("50.50"),
    },
]
INVOICE = {
    "ClientAccountId": 1042,
    "ContactId": 5310,
    "DocumentHeaderTypeId": 2,
    "InvoiceNumber": "8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11",
    "InvoiceDate": "2024-03-14",
    "DocumentDate": "2024-03-14",
    "TaxPointDate": "2024-03-14",
    "DueDate": "2024-04-13",
    "Narrative": "P-000001 SI-48213 Venue hire, March cohort",
    "Currency": "GBP",
    "InvoiceTotal": Decimal("170.50"),
    "TotalValue": Decimal("150.50"),
    "DocumentStatus": "Approved",
    "IsPosted": True,
    "Supplier_List": [{"SupplierId": 5310, "SupplierCode": "CROWN01"}],
    "PurchaseOrder_List": [{"PurchaseOrderNumber": "ORD000056"}],
    "InvoiceLine_List": LINES,
}
CREDIT_NOTE = {
    "ClientAccountId": 1042,
    "ContactId": 5310,
    "CreditorId": 5310,
    "DocumentHeaderTypeId": 4,
    "CreditNoteNumber": "8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11",
    "CreditNoteDate": "2024-03-14",
    "TaxPointDate": "2024-03-14",
    "DueDate": "2024-04-13",
    "Reference": "P-000001 SI-48213 Venue hire, March cohort",
    "Currency": "GBP",
    "CreditNoteTotal": Decimal("170.50"),
    "TotalValue": Decimal("150.50"),
    "DocumentStatus": "Approved",
    "IsPosted": True,
    "Supplier_List": [{"SupplierId": 5310, "SupplierCode": "CROWN01"}],
    "PurchaseOrder_List": [{"PurchaseOrderNumber": "ORD000056"}],
    "CreditNoteLine_List": LINES,
}
IN_DOLLARS = {
    **INVOICE,
    "Currency": "USD",
    "InvoiceTotal": Decimal("120.50"),
    "TotalValue": Decimal("120.50"),
    "InvoiceLine_List": [
        {
            "LineNumber": 1,
            "Description": "Authoring tool, annual licence",
            "NominalAccountId": 756,
            "Quantity": 1,
            "UnitPrice": Decimal("120.50"),
            "NetAmount": Decimal("120.50"),
            "TaxCategoryId": "T0",
            "TaxRate": 0,
            "TaxAmount": Decimal("0.00"),
            "GrossAmount": Decimal("120.50"),
        }
    ],
}
