"""What settles what in the stand-in's books: customers' payments, credit notes and refunds, and what is open of each.

A refund that goes to an invoice takes back what was paid on it. Amounts are in the currency of the document.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from integrations.demo.checks import Refusal, amount_of
from integrations.demo.registers import SETTLES, Collection, takes_back
from integrations.exact import from_json

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS allocation (
    document TEXT NOT NULL, settled TEXT NOT NULL, amount TEXT NOT NULL, takes_back INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS allocation_document ON allocation (document);
CREATE INDEX IF NOT EXISTS allocation_settled ON allocation (settled);
"""
_BANK: Final = "1200"


def settle(
    database: sqlite3.Connection, company: str, collection: Collection, document: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Write down what a document with its id settles; that, as the document tells it from now on.

    Raises `Refusal` for what is not there, is of another customer or currency, cannot be settled by a document of this
    kind, or has less open than is to be settled.
    """
    told = []
    for place, given in enumerate(_given(collection, document)):
        amount, item = _checked(database, company, document, given, f"allocations[{place}]")
        row = (document["id"], item["id"], str(amount), takes_back(document["kind"], item["kind"]))
        database.execute("INSERT INTO allocation VALUES (?, ?, ?, ?)", row)
        number = item.get("document_number") or item["number"]
        told.append({"document_id": item["id"], "kind": item["kind"], "number": number, "amount": amount})
    if sum((one["amount"] for one in told), Decimal(0)) > document["gross"]:
        raise Refusal("not_open", "More is allocated than the document comes to.", "allocations")
    return told


def open_of(database: sqlite3.Connection, document: Mapping[str, Any]) -> Decimal:
    """What is left of a document."""
    return Decimal(document["gross"]) - _settled(database, document["id"])


def settled_by(database: sqlite3.Connection, document_id: str) -> list[dict[str, Any]]:
    """The documents that go to this one, the first first, each with its amount."""
    query = """
        SELECT document.body, amount FROM allocation JOIN document ON document.id = allocation.document
        WHERE settled = ? ORDER BY allocation.rowid
    """
    rows = database.execute(query, (document_id,)).fetchall()
    return [{**from_json(row["body"]), "allocated": Decimal(row["amount"])} for row in rows]


def by_hand(item: Mapping[str, Any], amount: Decimal) -> dict[str, Any]:
    """The body of a payment for an invoice, or of a refund for a credit note, as a person enters it: without a key."""
    line = {"number": 1, "description": "Recorded by hand", "account_code": _BANK}
    amounts = {"net": amount, "tax": Decimal(0), "gross": amount}
    base = item["base"] and {"currency": item["base"]["currency"], **_at_its_rate(item, amounts)}
    return {
        "customer": item["customer"],
        "date": datetime.now(UTC).date().isoformat(),
        "currency": item["currency"],
        **amounts,
        "base": base,
        "lines": [{**line, **amounts}],
        "allocations": [{"document_id": item["id"], "amount": amount}],
    }


def _at_its_rate(item: Mapping[str, Any], amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    rate = item["base"]["gross"] / item["gross"]
    return {name: (amount * rate).quantize(Decimal("0.01")) for name, amount in amounts.items()}


def _given(collection: Collection, document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    given = document.get("allocations") or []
    if not isinstance(given, Sequence) or not all(isinstance(one, Mapping) for one in given):
        raise Refusal("invalid", "The allocations are no list.", "allocations")
    if given and collection.kind not in SETTLES:
        raise Refusal("cannot_settle", f"A {_words(collection.kind)} settles nothing.", "allocations")
    return iter(given)


def _checked(
    database: sqlite3.Connection, company: str, document: Mapping[str, Any], given: Mapping[str, Any], field: str
) -> tuple[Decimal, Mapping[str, Any]]:
    """The amount, and what it goes to."""
    amount, item = amount_of(given, "amount", field), _item(database, company, given.get("document_id"), field)
    what, ours = f"The {_words(item['kind'])} {item['number']}", _words(document["kind"])
    if amount <= 0:
        raise Refusal("invalid", f"{what}: what is settled of it is above zero.", field)
    if item["kind"] not in SETTLES[document["kind"]]:
        raise Refusal("cannot_settle", f"{what} is not settled by a {ours}.", field)
    if item["customer"]["code"] != document["customer"]["code"]:
        raise Refusal("cannot_settle", f"{what} is of {item['customer']['name']}, the {ours} is not.", field)
    if item["currency"] != document["currency"]:
        raise Refusal("cannot_settle", f"{what} is in {item['currency']}, the {ours} is not.", field)
    is_back = takes_back(document["kind"], item["kind"])
    room = _settled(database, item["id"]) if is_back else open_of(database, item)
    if amount > room:
        state = "settled" if is_back else "open"
        raise Refusal("not_open", f"{what}: {room} {item['currency']} is {state}, the {ours} is for {amount}.", field)
    return amount, item


def _item(database: sqlite3.Connection, company: str, document_id: object, field: str) -> dict[str, Any]:
    query = "SELECT body FROM document WHERE id = ? AND company = ?"
    row = database.execute(query, (str(document_id), company)).fetchone()
    if row is None:
        raise Refusal("unknown_document", f"There is no document {document_id} here.", field)
    item: dict[str, Any] = from_json(row["body"])
    if "customer" not in item:
        raise Refusal("cannot_settle", f"The {_words(item['kind'])} {item['number']} is no customer's.", field)
    return item


def _settled(database: sqlite3.Connection, document_id: str) -> Decimal:
    """What others settled of it and what it settles of others, without what was taken back."""
    query = "SELECT document = ?1 AS is_ours, amount, takes_back FROM allocation WHERE document = ?1 OR settled = ?1"
    rows = database.execute(query, (document_id,)).fetchall()
    return sum((_signed(row) for row in rows), Decimal(0))


def _signed(row: sqlite3.Row) -> Decimal:
    amount = Decimal(row["amount"])
    return -amount if row["takes_back"] and not row["is_ours"] else amount


def _words(kind: str) -> str:
    return kind.replace("_", " ")
