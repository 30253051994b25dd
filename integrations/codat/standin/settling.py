"""What a payment settles: what it is refused for, and what of an invoice or a credit note is open after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integrations.codat.standin.memory import money
from integrations.codat.standin.records import Records

# The type of a link, the list that it is of, the member that says what is open, and the sign of what takes from it.
_SETTLED: Final[Mapping[str, tuple[str, str, int]]] = {
    "Invoice": ("invoices", "amountDue", -1),
    "CreditNote": ("creditNotes", "remainingCredit", 1),
}


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a line, with where it stands."""

    at: str
    type: str
    id: str
    amount: Decimal


def links(body: Mapping[str, Any]) -> Iterator[Link]:
    """Every link of a payment."""
    for place, line in enumerate(body.get("lines") or []):
        for number, one in enumerate(line.get("links") or []):
            at = f"Lines[{place}].Links[{number}]."
            yield Link(at, str(one.get("type")), str(one.get("id") or ""), money(one.get("amount")))


def refusals(records: Records, body: Mapping[str, Any], *, has_one_line: bool) -> Iterator[tuple[str, str]]:
    """What stands against the lines of a payment, as item and message."""
    lines = body.get("lines") or []
    if has_one_line and len(lines) > 1:
        yield "Lines", "Only one line may be specified."
    if sum((money(one.get("amount")) for one in lines), Decimal(0)) != money(body.get("totalAmount")):
        yield "TotalAmount", "Must equal the sum of the line amounts."
    for place, one in enumerate(lines):
        together = sum((money(link.get("amount")) for link in one.get("links") or []), Decimal(0))
        if money(one.get("amount")) + together:
            yield f"Lines[{place}].Amount", "The amount plus the sum of the links must equal 0."
    taken: dict[str, Decimal] = {}
    for link in links(body):
        yield from _of_link(records, body, link, taken)


def _of_link(
    records: Records, body: Mapping[str, Any], link: Link, taken: dict[str, Decimal]
) -> Iterator[tuple[str, str]]:
    customer = payer(records, body)
    if link.type not in _SETTLED:
        if link.type == "PaymentOnAccount" and link.id != customer:
            yield f"{link.at}Id", "Must be the ID of the customer."
        return
    data_type, member, sign = _SETTLED[link.type]
    found = records.get(data_type, link.id)
    if found is None:
        yield f"{link.at}Id", f"`{link.id}` was not found."
        return
    if (found.get("customerRef") or {}).get("id") != customer:
        yield f"{link.at}Id", "Must be of the same customer."
    if body.get("currency") and found["currency"] != body["currency"]:
        yield f"{link.at}Id", f"Must match the currency of the {link.type}, which is {found['currency']}."
    taken[link.id] = taken.get(link.id, Decimal(0)) + sign * link.amount
    if sign * link.amount <= 0 or taken[link.id] > money(found.get(member)):
        yield f"{link.at}Amount", f"Payment amount exceeds the amount outstanding on {link.id}: {found.get(member)}."


def payer(records: Records, body: Mapping[str, Any]) -> str:
    """The id of the customer: the one that is named, else the one whose document is settled first (FreeAgent)."""
    named = (body.get("customerRef") or {}).get("id")
    known = (records.get(_SETTLED[one.type][0], one.id) for one in links(body) if one.type in _SETTLED)
    settled = next((row["customerRef"]["id"] for row in known if row), "")
    return str(named or settled)


def settle(records: Records, body: Mapping[str, Any]) -> None:
    """Take from what is open of each thing that a payment settles."""
    for link in links(body):
        if link.type in _SETTLED:
            data_type, member, sign = _SETTLED[link.type]
            row = records.get(data_type, link.id) or {}
            left = money(row.get(member)) - sign * link.amount
            records.put(data_type, {**row, member: left, "status": "PartiallyPaid" if left else "Paid"})
