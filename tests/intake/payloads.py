"""Bodies as iCompleat sends them, made to measure."""

from __future__ import annotations

import json
import uuid
from typing import Any


def money(local: str | float, base: str | float | None = None) -> dict[str, Any]:
    """An amount member. Numbers are given as text here and written as JSON numbers by `body`."""
    return {"Local": {"Value": local}, **({} if base is None else {"Base": {"Value": base}})}


def a_transaction(**members: Any) -> dict[str, Any]:
    """An approved invoice over 120.00 with one coded line; `members` replace or (None) remove members."""
    transaction: dict[str, Any] = {
        "Id": str(uuid.uuid4()),
        "Type": "INV",
        "Status": "APPR",
        "References": {"Identifier": "INV000123", "PurchaseOrder": None, "Supplier": "SI-1"},
        "Dates": {"Created": "2026-03-15T10:22:41.090Z", "Invoice": "2026-03-14T00:00:00.000Z"},
        "Title": "Venue hire",
        "Supplier": {"Code": "CROWN01", "Name": "Crown Conference Centre"},
        "Lines": [a_line()],
    }
    transaction.update(members)
    return {name: value for name, value in transaction.items() if value is not None}


def a_line(account: str = "5010", tax: str = "T1", **members: Any) -> dict[str, Any]:
    """A line of 100.00 and 20.00 tax."""
    line = {
        "Id": str(uuid.uuid4()),
        "Number": 1,
        "Description": "Training room",
        "Quantity": 1,
        "UnitCost": money(100),
        "Net": money(100),
        "Vat": money(20),
        "Gross": money(120),
        "Analysis": [
            {"Name": "Account Code", "Value": {"Code": account}},
            {"Name": "Tax Code", "Value": {"Code": tax}},
        ],
    }
    return {**line, **members}


def body(transaction: dict[str, Any], *, wrapped: bool = True) -> bytes:
    """The bytes of a delivery."""
    return json.dumps({"Transaction": transaction} if wrapped else transaction).encode()
