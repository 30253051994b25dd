"""Documents as they go through the doors of the stand-in, written by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.integrations.accountsiq.seen_books import RestCaller

CROWN, METRO = 5310, 5311
INVOICE = "/InvoiceCentre/SaveInvoice"
NOTE = "/CreditNoteCentre/SaveCreditNote"
LINES = [
    {"LineNumber": 1, "Description": "Training room", "NominalAccountId": 5010, "NetAmount": "100.00",
     "TaxCategoryId": "T1", "TaxAmount": "20.00", "GrossAmount": "120.00"},
    {"LineNumber": 2, "Description": "Manuals", "NominalAccountId": "7504", "NetAmount": Decimal("50.50"),
     "TaxCategoryId": "T0", "TaxAmount": 0},
]  # fmt: skip


def invoice(**changes: Any) -> dict[str, Any]:
    """A purchase invoice of 170.50."""
    told = {
        "ClientAccountId": 1042, "ContactId": CROWN, "DocumentHeaderTypeId": 2, "InvoiceNumber": "SI-48213",
        "InvoiceDate": "2026-10-14", "Narrative": "8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11 P-000001",
        "InvoiceTotal": "170.50", "TotalValue": "150.50", "IsPosted": True, "InvoiceLine_List": LINES,
    }  # fmt: skip
    return {name: value for name, value in {**told, **changes}.items() if value is not None}


def note(**changes: Any) -> dict[str, Any]:
    """A purchase credit note of 12.00."""
    line = {**LINES[0], "NetAmount": "10.00", "TaxAmount": "2.00", "GrossAmount": "12.00"}
    told = {
        "ClientAccountId": "1042", "ContactId": CROWN, "DocumentHeaderTypeId": 4, "CreditNoteNumber": "CN-7",
        "CreditNoteDate": "2026-10-15T00:00:00", "Reference": "P-000002", "CreditNoteTotal": 12, "IsPosted": True,
        "CreditNoteLine_List": [line],
    }  # fmt: skip
    return {**told, **changes}


def with_line(place: int, **changes: Any) -> dict[str, Any]:
    """The invoice with one line changed, and without totals."""
    lines = [{**line, **(changes if place == number else {})} for number, line in enumerate(LINES)]
    lines = [{name: value for name, value in line.items() if value is not None} for line in lines]
    return invoice(InvoiceLine_List=lines, InvoiceTotal=None, TotalValue=None)


def contacts(rest: RestCaller) -> list[dict[str, Any]]:
    """All contacts."""
    found: list[dict[str, Any]] = rest.get("/ClientCentre/GetClientContacts", ClientAccountId=1042)
    return found


def refusal(rest: RestCaller, path: str, body: object) -> tuple[int, str, str]:
    """Status, code and field of a refusal."""
    status, told = rest.call("POST", path, body)
    (error,) = told["Errors"]
    return status, error["Code"], error["Field"]
