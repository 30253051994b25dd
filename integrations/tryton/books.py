"""What the stand-in for Tryton keeps: records by model and id, read by dotted field names and found by domains."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from integrations.exact import from_json, to_json
from integrations.tryton.domains import matches, speaks_of
from integrations.tryton.words import moment

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS record (
    model TEXT NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (model, id)
);
CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, last INTEGER NOT NULL);
"""
_STAMPS: Final = {"create_date": None, "write_date": None}
_TOTALS: Final = {"untaxed_amount": None, "tax_amount": None, "total_amount": None}
_DOCUMENT: Final[Mapping[str, Any]] = {
    "company": None, "party": None, "invoice_address": None, "currency": None, "reference": "", "description": "",
    "comment": "", "lines": [], "state": "draft", "number": None, **_TOTALS, **_STAMPS,
}  # fmt: skip
# Every field that a model has, with what it is until it is given. Any other name breaks the request, as in Tryton.
FIELDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "company.company": {"party": None, "currency": None},
    "party.party": {
        "code": None, "name": "", "active": True, "addresses": [], "account_payable": None, "account_receivable": None,
        "tax_identifier": None,
        "email": "", "phone": "", "supplier_payment_term": None, "supplier_currency": None,
    },
    "party.address": {
        "party": None, "active": True, "invoice": False, "full_address": "", "street": None, "city": None,
        "postal_code": None, "country": None, "subdivision": None,
    },
    "country.country": {"code": "", "name": ""},
    "country.subdivision": {"name": ""},
    "party.identifier": {"code": None},
    "account.invoice.payment_term": {"name": "", "lines": []},
    "account.invoice.payment_term.line": {"type": "remainder", "relativedeltas": []},
    "account.invoice.payment_term.line.delta": {
        "days": 0, "weeks": 0, "months": 0, "day": None, "month": None, "weekday": None,
    },
    "stock.location": {"code": None, "name": "", "active": True, "type": "storage", "address": None},
    "analytic_account.account": {
        "code": None, "name": "", "active": True, "type": "normal", "root": None, "company": None,
    },
    "ir.model": {"name": ""},
    "ir.attachment": {"name": "", "resource": None, "data": None, "data_size": 0},
    "currency.currency": {"code": None, "name": "", "active": True, "rate": None},
    "account.account": {"code": "", "name": "", "active": True, "closed": False, "type": None, "company": None},
    "account.account.type": {"name": "", "receivable": False},
    "account.tax": {
        "name": "", "description": "", "active": True, "type": "percentage", "rate": None, "parent": None, "childs": [],
        "group": None, "invoice_account": None, "credit_note_account": None, "company": None,
    },
    "account.tax.group": {"kind": ""},
    "account.journal": {"code": "", "name": "", "type": "", "active": True},
    "account.configuration": {"default_account_payable": None, "default_account_receivable": None},
    "account.period": {"company": None, "start_date": None, "end_date": None, "type": "standard", "state": "open"},
    "account.move": {
        "number": None, "date": None, "owed": None, "party": None, "company": None, "state": "draft", "journal": None,
        "period": None, "description": "", "origin": None, "lines": [], **_STAMPS,
    },
    "account.move.line": {
        "move": None, "account": None, "party": None, "debit": None, "credit": None, "second_currency": None,
        "amount_second_currency": None, "description": "", "invoice_payment": None,
    },
    "account.invoice": {
        **_DOCUMENT, "type": "in", "account": None, "journal": None, "invoice_date": None, "payment_term_date": None,
        "taxes": [], "move": None, "amount_to_pay": None,
    },
    "account.invoice.line": {"invoice": None, "amount": None, "taxes": [], "account": None},
    "purchase.purchase": {**_DOCUMENT, "purchase_date": None, "invoice_method": "order"},
    "purchase.line": {"purchase": None, "amount": None, "taxes": []},
}  # fmt: skip
_RELATED: Final[Mapping[str, str]] = {
    "party": "party.party",
    "currency": "currency.currency",
    "addresses": "party.address",
    "tax_identifier": "party.identifier",
    "supplier_payment_term": "account.invoice.payment_term",
    "supplier_currency": "currency.currency",
    "lines": "account.invoice.payment_term.line",
    "relativedeltas": "account.invoice.payment_term.line.delta",
    "country": "country.country",
    "subdivision": "country.subdivision",
    "address": "party.address",
    "root": "analytic_account.account",
    "type": "account.account.type",
    "group": "account.tax.group",
    "move": "account.move",
    "account": "account.account",
    "taxes": "account.tax",
    "company": "company.company",
    "journal": "account.journal",
    "second_currency": "currency.currency",
    "invoice_payment": "account.invoice",
    "account.move.lines": "account.move.line",
}

Record = dict[str, Any]


class Books:
    """All records, within one transaction of the store."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, model: str, values: Mapping[str, Any]) -> Record:
        """A new record, with the next id of its model. Raises `KeyError` for a field that there is not."""
        number = self.next(f"id of {model}")
        stamps = {"create_date": _now()} if "create_date" in FIELDS[model] else {}
        for name in values:
            FIELDS[model][name]
        record = {**FIELDS[model], **values, **stamps, "id": number}
        self._database.execute("INSERT INTO record VALUES (?, ?, ?)", (model, number, to_json(record)))
        return record

    def change(self, model: str, record: Record, **values: Any) -> Record:
        """The record with new values."""
        changed = {**record, **values, **({"write_date": _now()} if "write_date" in record else {})}
        body = to_json(changed)
        self._database.execute("UPDATE record SET body = ? WHERE model = ? AND id = ?", (body, model, record["id"]))
        return changed

    def remove(self, model: str, number: int) -> None:
        """Take a record out."""
        self._database.execute("DELETE FROM record WHERE model = ? AND id = ?", (model, number))

    def every(self, model: str) -> list[Record]:
        """All records of a model by id, inactive ones too."""
        rows = self._database.execute("SELECT body FROM record WHERE model = ? ORDER BY id", (model,))
        return [from_json(row["body"]) for row in rows]

    def one(self, model: str, number: object) -> Record | None:
        """A record by its id."""
        query = "SELECT body FROM record WHERE model = ? AND id = ?"
        row = self._database.execute(query, (model, number)).fetchone()
        return from_json(row["body"]) if row else None

    def search(self, model: str, domain: Sequence[Any], *, hides_inactive: bool = True) -> list[Record]:
        """All in a domain, and of those that can be inactive only the active, unless the domain speaks of that."""
        FIELDS[model]
        if hides_inactive and "active" in FIELDS[model] and not speaks_of(domain, "active"):
            domain = [domain, ["active", "=", True]]
        return [one for one in self.every(model) if matches(domain, partial(self.value, model, one))]

    def value(self, model: str, record: Record, field: str) -> Any:
        """A field of a record by its dotted name. Raises `KeyError` for one that there is not."""
        name, _, rest = field.partition(".")
        if not rest:
            return record[name] if name == "id" else {**FIELDS[model], **record}[name]
        target = _target(model, name)
        related = self.one(target, record[name])
        return None if related is None else self.value(target, related, rest)

    def told(self, model: str, record: Record, fields: Iterable[str]) -> Record:
        """A record with some of its fields, as Tryton's REST interface tells it."""
        answer: Record = {"__name__": model, "id": record["id"]}
        nested: dict[str, list[str]] = {}
        for field in fields:
            name, _, rest = field.partition(".")
            if rest:
                nested.setdefault(name, []).append(rest)
            else:
                answer[name] = record["id"] if name == "id" else {**FIELDS[model], **record}[name]
        return {
            **answer,
            **{name: self._related(_target(model, name), record[name], rest) for name, rest in nested.items()},
        }

    def next(self, name: str) -> int:
        """The next number of a sequence."""
        query = "INSERT INTO sequence VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last"
        return int(self._database.execute(query, (name,)).fetchone()[0])

    def _related(self, target: str, number: Any, fields: Sequence[str]) -> Any:
        if isinstance(number, list):
            return [self._related(target, one, fields) for one in number]
        record = self.one(target, number)
        return None if record is None else self.told(target, record, fields)


def _target(model: str, name: str) -> str:
    """The model that a field leads to."""
    return _RELATED.get(f"{model}.{name}") or _RELATED[name]


def _now() -> dict[str, Any]:
    return moment(datetime.now(UTC))
