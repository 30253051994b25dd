"""Receipts of an order: what is still open of each line, and the receipt's own body for what has come."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.icompleat.standin import money
from integrations.icompleat.standin.memory import moment
from integrations.icompleat.standin.money import AMOUNTS
from integrations.icompleat.standin.refusals import WrongTray


def ordered(line: Mapping[str, Any]) -> Decimal:
    """The quantity of a line; one without a quantity is received as a whole."""
    quantity = line.get("Quantity")
    return Decimal(1) if quantity is None else Decimal(quantity)


def still_open(body: Mapping[str, Any], received: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """What has not come yet of each line, by its number; lines that have come are left out."""
    open_lines = {line["Number"]: ordered(line) - received.get(line["Number"], Decimal(0)) for line in body["Lines"]}
    return {number: quantity for number, quantity in open_lines.items() if quantity > 0}


def is_received(body: Mapping[str, Any], received: Mapping[int, Decimal]) -> bool:
    """Whether everything has come."""
    return bool(received) and not still_open(body, received)


def check(body: Mapping[str, Any], received: Mapping[int, Decimal], coming: Mapping[int, Decimal]) -> None:
    """Raises `WrongTray` for a line that does not exist, has come already, or would come more than it was ordered."""
    known = {line["Number"] for line in body["Lines"]}
    rest = still_open(body, received)
    if not coming:
        raise WrongTray("No quantity was given.")
    for number, quantity in coming.items():
        if number not in known:
            raise WrongTray(f"The order has no line {number}.")
        if number not in rest:
            raise WrongTray(f"Line {number} is receipted already, which cannot be undone.")
        if not 0 < quantity <= rest[number]:
            raise WrongTray(f"Line {number}: the quantity must be above 0 and at most {rest[number]:f}.")


def receipt_body(
    order: Mapping[str, Any], received: Mapping[int, Decimal], coming: Mapping[int, Decimal], note: str
) -> dict[str, Any]:
    """A receipt, shaped like its order: the lines that came, with their quantities and amounts."""
    lines = [
        _line(line, received.get(line["Number"], Decimal(0)), coming[line["Number"]])
        for line in order["Lines"]
        if line["Number"] in coming
    ]
    now = f"{moment()[:23]}Z"
    return {
        **{name: order[name] for name in ("Company", "Owner") if name in order},
        "Id": str(uuid.uuid4()),
        "Type": "REC",
        "References": {**order["References"], "Supplier": note or None},
        "Dates": {"Created": now, "Invoice": None, "PaymentDue": None, "Delivery": f"{now[:10]}T00:00:00.000Z"},
        "Title": order.get("Title", ""),
        "Supplier": order["Supplier"],
        **_totals(lines),
        "LastUpdatedGuid": str(uuid.uuid4()),
        "Analysis": order.get("Analysis", []),
        "Lines": lines,
    }


def _line(line: Mapping[str, Any], before: Decimal, coming: Decimal) -> dict[str, Any]:
    """What comes last takes the pennies that rounding left: all receipts together are the order."""
    whole = ordered(line)
    amounts = {name: _share(line[name], before, coming, whole) for name in ("Net", "Vat")}
    amounts["Gross"] = {
        side: _shown_like(line["Gross"][side], amounts["Net"][side]["Value"] + amounts["Vat"][side]["Value"])
        for side in amounts["Net"]
    }
    return {**line, "Quantity": None if line.get("Quantity") is None else coming, **amounts}


def _share(amount: Mapping[str, Any], before: Decimal, coming: Decimal, whole: Decimal) -> dict[str, Any]:
    return {
        side: _shown_like(
            each,
            money.rounded(each["Value"] * (before + coming) / whole) - money.rounded(each["Value"] * before / whole),
        )
        for side, each in amount.items()
    }


def _totals(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        name: {
            side: _shown_like(each, sum((line[name][side]["Value"] for line in lines), Decimal(0)))
            for side, each in lines[0][name].items()
        }
        for name in AMOUNTS
    }


def _shown_like(amount: Mapping[str, Any], value: Decimal) -> dict[str, Any]:
    """Another value, displayed with the same sign of currency."""
    if "Display" not in amount:
        return {"Value": value}
    sign = amount["Display"].lstrip("-").rstrip("0123456789.")
    return {"Display": f"{'-' if value < 0 else ''}{sign}{abs(value):.2f}", "Value": value}
