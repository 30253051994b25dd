"""What is booked on the far side, whatever was answered: for checkers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from integrations.codat.standin.booking import known_number, parties
from integrations.codat.standin.memory import Memory
from integrations.codat.standin.records import Records

_KINDS: Final = {
    "bills": "bill", "billCreditNotes": "credit_note", "purchaseOrders": "purchase_order",
    "invoices": "sales_invoice", "creditNotes": "sales_credit_note", "payments": "payment",
}  # fmt: skip


def truth(memory: Memory, company: str | None = None) -> list[dict[str, Any]]:
    """Every document of one Codat company or of all, connection by connection, in the order of booking.

    `reference` is its own number, `note` its free text, and `descriptions` those of its lines: a connector puts the
    portal's key into whichever of them the accounting system has.
    """
    return [
        _told(connection, data_type, row)
        for connection in memory.every("connection", company)
        for data_type in _KINDS
        for row in Records(memory, connection["id"]).every(data_type)
    ]


def _told(connection: dict[str, Any], data_type: str, row: dict[str, Any]) -> dict[str, Any]:
    number = known_number(data_type, row)
    return {
        "company": connection["companyId"],
        "connection": connection["id"],
        "kind": "refund" if data_type == "payments" and row["totalAmount"] < 0 else _KINDS[data_type],
        "id": row["id"],
        "number": number,
        "reference": number,
        "note": row.get("note") or "",
        "descriptions": [one.get("description") or "" for one in row.get("lineItems") or []],
        "supplier": row[parties(data_type)[0]]["id"],
        "net": row.get("subTotal", row["totalAmount"]),
        "tax": row.get("taxAmount", row.get("totalTaxAmount", Decimal(0))),
        "gross": row["totalAmount"],
        "currency": row["currency"],
        "date": row.get("issueDate", row.get("date", ""))[:10],
        "booked_at": row["sourceModifiedDate"],
    }
