"""What the stand-in for Demo Books keeps: numbered documents, keys for ever, suppliers and balances."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from integrations.demo.checks import Codes, Refusal, check, named
from integrations.demo.registers import BY_KIND, COLLECTIONS, Collection
from integrations.demo.rows import SCHEMA as RECORDS
from integrations.demo.rows import known_codes, party_for
from integrations.demo.settling import SCHEMA as ALLOCATIONS
from integrations.demo.settling import by_hand, open_of, settle, settled_by
from integrations.exact import from_json, to_json
from integrations.sandbox import Store

PAGE_SIZE = 50
# What a checker wants to know of a document.
TRUTH: Final = (
    "id", "number", "kind", "external_key", "reference", "net", "tax", "gross", "currency", "date", "booked_at",
)  # fmt: skip

SCHEMA = """
CREATE TABLE IF NOT EXISTS company (id TEXT PRIMARY KEY, name TEXT NOT NULL, currency TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS document (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, company TEXT NOT NULL, kind TEXT NOT NULL,
    sequence INTEGER NOT NULL, external_key TEXT NOT NULL, supplier TEXT NOT NULL, body TEXT NOT NULL,
    UNIQUE (company, kind, sequence)
);
CREATE INDEX IF NOT EXISTS document_external_key ON document (company, external_key);
CREATE INDEX IF NOT EXISTS document_booked_at ON document (company, json_extract(body, '$.booked_at'), position);
CREATE TABLE IF NOT EXISTS idempotency (
    company TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (company, key)
);
INSERT OR IGNORE INTO company VALUES ('harbour-street', 'Harbour Street Studios Ltd', 'GBP');
"""


class Books:
    """The books of all companies. Key, number and document are committed together, under one lock, or not at all."""

    def __init__(self, state: Store) -> None:
        self._state = state
        state.create(SCHEMA + RECORDS + ALLOCATIONS)

    def companies(self) -> list[dict[str, Any]]:
        """All companies: id, name, currency."""
        with self._state.transaction() as database:
            return [dict(row) for row in database.execute("SELECT * FROM company ORDER BY name")]

    def company(self, company_id: str) -> dict[str, Any]:
        """One company. Raises `Refusal` (404) for an unknown one."""
        for company in self.companies():
            if company["id"] == company_id:
                return company
        raise Refusal("unknown_company", f"There is no company {company_id} here.", "company_id", status=404)

    def post(
        self, company_id: str, collection: Collection, body: Mapping[str, Any], key: str, *, moves_date: bool = False
    ) -> tuple[int, Any]:
        """Book a document: 201 with the new one, or 200 with the one that this key already made.

        `moves_date` books it in the next month, as some real systems do with a date in a closed period.
        Raises `Refusal`: 409 for a used key with another body, 422 for what cannot be booked.
        """
        currency = self.company(company_id)["currency"]
        fingerprint = hashlib.sha256(f"{collection.kind} {to_json(body)}".encode()).hexdigest()
        with self._state.transaction() as database:
            if key and (known := _known(database, company_id, key, fingerprint)):
                return 200, known
            check(collection, body, currency, _codes(database, company_id, body))
            document = _book(database, company_id, collection, _moved(body) if moves_date else body)
            if key:
                row = (company_id, key, fingerprint, document["id"])
                database.execute("INSERT INTO idempotency VALUES (?, ?, ?, ?)", row)
            return 201, document

    def forget_keys(self) -> None:
        """Lose all idempotency keys. The documents stay."""
        with self._state.transaction() as database:
            database.execute("DELETE FROM idempotency")

    def truth(self, company_id: str | None) -> list[dict[str, Any]]:
        """What is booked, of one company or of all, in the order of booking: for checkers, not for connectors."""
        query = "SELECT company, body FROM document WHERE ?1 IS NULL OR company = ?1 ORDER BY position"
        with self._state.transaction() as database:
            rows = database.execute(query, (company_id,)).fetchall()
        return [{"company": row["company"], **_told(from_json(row["body"]))} for row in rows]

    def find(self, company_id: str, external_key: str | None, page: int) -> dict[str, Any]:
        """One page of documents in the order of booking, all of them or those with a key."""
        self.company(company_id)
        where = "company = ? AND (?2 IS NULL OR external_key = ?2)"
        query = f"SELECT body FROM document WHERE {where} ORDER BY position LIMIT ?3 OFFSET ?4"  # noqa: S608
        with self._state.transaction() as database:
            rows = database.execute(query, (company_id, external_key, PAGE_SIZE + 1, (page - 1) * PAGE_SIZE)).fetchall()
        return _page(rows, page)

    def booked_since(self, company_id: str, since: datetime, page: int, *, is_settlement: bool) -> dict[str, Any]:
        """One page of what was booked at or after `since`, the oldest first: the payments and refunds, or else the
        documents with an external key."""
        self.company(company_id)
        wanted = "kind IN ('payment', 'refund')" if is_settlement else "external_key <> ''"
        query = f"""
            SELECT body FROM document
            WHERE company = ? AND json_extract(body, '$.booked_at') >= ? AND {wanted}
            ORDER BY json_extract(body, '$.booked_at'), position LIMIT ? OFFSET ?
        """  # noqa: S608 - one of two conditions
        values = (company_id, _stamp(since), PAGE_SIZE + 1, (page - 1) * PAGE_SIZE)
        with self._state.transaction() as database:
            rows = database.execute(query, values).fetchall()
        return _page(rows, page)

    def latest(self, company_id: str, most: int) -> list[dict[str, Any]]:
        """The newest documents of a company, newest first."""
        query = "SELECT body FROM document WHERE company = ? ORDER BY position DESC LIMIT ?"
        with self._state.transaction() as database:
            return [from_json(row["body"]) for row in database.execute(query, (company_id, most))]

    def document(self, document_id: str) -> dict[str, Any] | None:
        """One document by its id."""
        with self._state.transaction() as database:
            row = database.execute("SELECT body FROM document WHERE id = ?", (document_id,)).fetchone()
        return from_json(row["body"]) if row else None

    def company_of(self, document_id: str) -> str | None:
        """The id of the company whose books have this document."""
        with self._state.transaction() as database:
            row = database.execute("SELECT company FROM document WHERE id = ?", (document_id,)).fetchone()
        return row["company"] if row else None

    def owed(self, company_id: str, party: str = "supplier") -> dict[str, Decimal]:
        """What each supplier with a document is owed, or each customer owes, by code, in the company's currency."""
        self.company(company_id)
        owed: dict[str, Decimal] = {}
        with self._state.transaction() as database:
            for row in database.execute("SELECT supplier, kind, body FROM document WHERE company = ?", (company_id,)):
                if (collection := BY_KIND[row["kind"]]).party == party:
                    booked, code = from_json(row["body"]), row["supplier"]
                    amount = collection.owed * (booked["base"] or booked)["gross"]
                    owed[code] = owed.get(code, Decimal(0)) + amount
        return owed

    def open_and_settled(self, document: Mapping[str, Any]) -> tuple[Decimal, list[dict[str, Any]]]:
        """What is left of a customer's document, and what went to it, each with `allocated`."""
        with self._state.transaction() as database:
            return open_of(database, document), settled_by(database, document["id"])

    def settlements_of(self, document_id: str) -> list[dict[str, Any]]:
        """The payments and refunds that go to a document, the first first."""
        with self._state.transaction() as database:
            found = settled_by(database, document_id)
        return [one for one in found if BY_KIND[one["kind"]].is_money]

    def pay(self, company_id: str, document_id: object, amount: Decimal) -> dict[str, Any]:
        """Record by hand that an invoice was paid, or a credit note paid out. Raises `Refusal`."""
        item = self.document(str(document_id))
        if item is None or self.company_of(item["id"]) != company_id or "customer" not in item:
            raise Refusal("unknown_document", f"There is no sales document {document_id} here.", "document_id")
        collection = COLLECTIONS["payments" if item["kind"] == "sales_invoice" else "refunds"]
        _, paid = self.post(company_id, collection, by_hand(item, amount), "")
        return dict(paid)


def _page(rows: Sequence[sqlite3.Row], page: int) -> dict[str, Any]:
    documents = [from_json(row["body"]) for row in rows[:PAGE_SIZE]]
    return {"documents": documents, "next_page": page + 1 if len(rows) > PAGE_SIZE else None}


def _stamp(at: datetime) -> str:
    """An instant as documents carry it: always as long, always UTC, so that texts sort as times do."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _told(booked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: booked.get(name) for name in TRUTH}


def _moved(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same, dated on the first of the next month."""
    sent = date.fromisoformat(body["date"])
    return {**body, "date": (sent.replace(day=1) + timedelta(days=32)).replace(day=1).isoformat()}


def _known(database: sqlite3.Connection, company: str, key: str, fingerprint: str) -> dict[str, Any] | None:
    """The document that a key made."""
    query = """
        SELECT fingerprint, body FROM idempotency JOIN document ON document.id = idempotency.document
        WHERE idempotency.company = ? AND key = ?
    """
    row = database.execute(query, (company, key)).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != fingerprint:
        raise Refusal("idempotency_conflict", "This key was used for another document.", "Idempotency-Key", status=409)
    known: dict[str, Any] = from_json(row["body"])
    return known


def _book(
    database: sqlite3.Connection, company: str, collection: Collection, body: Mapping[str, Any]
) -> dict[str, Any]:
    party = party_for(database, company, collection.party, body[collection.party])
    count = "SELECT coalesce(max(sequence), 0) + 1 FROM document WHERE company = ? AND kind = ?"
    sequence = database.execute(count, (company, collection.kind)).fetchone()[0]
    document = {
        **body,
        "id": f"doc_{secrets.token_hex(8)}",
        "number": f"{collection.prefix}-{sequence:06}",
        "kind": collection.kind,
        collection.party: party,
        "base": body.get("base"),
        "booked_at": _stamp(datetime.now(UTC)),
    }
    if collection.party == "customer":
        document["allocations"] = settle(database, company, collection, document)
    insert = """
        INSERT INTO document (id, company, kind, sequence, external_key, supplier, body) VALUES (?, ?, ?, ?, ?, ?, ?)
    """
    external_key = str(body.get("external_key") or "")
    row = (document["id"], company, collection.kind, sequence, external_key, party["code"], to_json(document))
    database.execute(insert, row)
    return document


def _codes(database: sqlite3.Connection, company: str, body: Mapping[str, Any]) -> Codes:
    """What the books know of the codes that a document names."""
    return Codes(
        accounts=known_codes(database, company, "accounts", named(body, "account_code")),
        tax_codes=known_codes(database, company, "tax-codes", named(body, "tax_code")),
    )
