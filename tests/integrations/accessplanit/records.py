"""Records as accessplanit tells them: those of the README's samples, and bodies made of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from integrations.accessplanit import mapping
from integrations.accessplanit.terms import reading
from integrations.base import Expected
from integrations.documents import Document
from integrations.exact import from_json, to_json

EXPECTED = Expected(company_id="", base_currency="GBP")


def invoice(**changes: Any) -> dict[str, Any]:
    """582.00 GBP for Brightwater Care, of 12 May 2025."""
    record: dict[str, Any] = {
        "ID": "10482",
        "DateCreated": "2025-05-12T09:14:33",
        "Reference": "INV-10482",
        "CompanyName": "Northgate Training Ltd",
        "TargetIDType": "Company",
        "TargetID": "BRIGHT7kQ2",
        "TargetLabel": "Brightwater Care Ltd",
        "Amount": Decimal("582.0"),
        "TaxRate": Decimal("20.0"),
        "CurrencyCode": "GBP",
        "DateDue": "2025-06-11T00:00:00",
        "Status": "Outstanding",
        "AmountPaid": Decimal("0.0"),
        "Outstanding": Decimal("582.0"),
        "PONumber": "PO-7781",
        "Address": "",
        "InvoiceAddress": "4 Quay Road",
        "InvoiceTown": "Bristol",
        "InvoiceCounty": "",
        "InvoicePostcode": "BS1 4RT",
        "InvoiceCountry": "United Kingdom",
        "InvoiceEmail": "ap@brightwater.example",
    }
    return {**record, **changes}


def item(amount: Any, tax: Any, **changes: Any) -> dict[str, Any]:
    record: dict[str, Any] = {
        "ID": "55201",
        "InvoiceID": "10482",
        "Reference": "FAW-0512",
        "DynamicLabel": "First Aid at Work, 12 May 2025 - J. Osei",
        "Amount": Decimal(amount) if isinstance(amount, str) and amount.strip() else amount,
        "Tax": Decimal(tax) if isinstance(tax, str) and tax.strip() else tax,
        "SourceID": "88120",
        "SourceIDType": "UserCourseDate",
    }
    return {**record, **changes}


def course() -> dict[str, Any]:
    return item("594.0", "99.0")


def discount() -> dict[str, Any]:
    label = {"DynamicLabel": "Early booking discount", "SourceID": "31", "SourceIDType": "Discount"}
    return item("-12.0", "-2.0", ID="55202", Reference="", **label)


def invoice_body(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A delivery of the invoice; without items, of those of the sample."""
    return {"feed": "invoice", "record": invoice(**changes), "items": list(items) or [course(), discount()]}


def transaction(**changes: Any) -> dict[str, Any]:
    record: dict[str, Any] = {
        "ID": "7741",
        "DateCreated": "2025-05-20T11:02:00",
        "Amount": Decimal("582.0"),
        "TransactionMethod": "BACS",
        "Reference": "BACS 20/05",
        "InvoiceID": "10482",
    }
    return {**record, **changes}


def payment_body(*allocations: dict[str, Any], heads: Any = None, **changes: Any) -> dict[str, Any]:
    """A delivery of the transaction, which settles the invoice."""
    invoices = [invoice()] if heads is None else heads
    record = transaction(**changes)
    return {"feed": "transaction", "record": record, "allocations": list(allocations), "invoices": invoices}


def read(body: dict[str, Any], *, expected: Expected = EXPECTED, **settings: str) -> Document:
    """The document of a body that went over the wire, read under these settings."""
    return mapping.read(from_json(to_json(body)), reading(settings), expected)
