"""Transactions in their trays, each with its timeline, its attachments and what was received of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from integrations.documents import Kind
from integrations.exact import from_json, to_json
from integrations.icompleat.standin.kinds import APPROVED_ORDERS, SCHEMES, Tray
from integrations.icompleat.standin.memory import moment
from integrations.icompleat.standin.people import Who
from integrations.icompleat.standin.refusals import Unknown
from integrations.sandbox import Store

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "postroom:icompleat:stamps")
_INSERT: Final = (
    "INSERT OR IGNORE INTO transactions (id, company_id, kind, owner_id, body, tray, stamp, reserved)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_SAVE: Final = (
    "UPDATE transactions SET body = ?, tray = ?, stamp = ?, journal_number = ?, reason = ?, approvals = ?,"
    " status = ?, milliseconds = ? WHERE id = ?"
)
_EVENT: Final = (
    "INSERT INTO timeline (transaction_id, at, user_id, user_name, action, comment) VALUES (?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A transaction and what became of it. `body` is the transaction itself, numbers as int or Decimal.

    `stamp` is its LastUpdatedGuid, `reserved` the order number that it gets on approval; `status` and `milliseconds`
    are those of the last delivery.
    """

    id: str
    company_id: str
    kind: Kind
    owner_id: str
    body: Mapping[str, Any]
    tray: Tray
    stamp: str
    journal_number: str = ""
    reason: str = ""
    reserved: str = ""
    approvals: int = 0
    status: int | None = None
    milliseconds: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a transaction."""

    who: Who
    action: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with a transaction."""

    id: str
    file_name: str
    content_type: str
    content: bytes


def fresh(company_id: str, kind: Kind, body: Mapping[str, Any], tray: Tray, reserved: str = "") -> Held:
    """A transaction that was just made."""
    stamp = body.get("LastUpdatedGuid") or str(uuid5(_NAMESPACE, body["Id"]))
    owner = body.get("Owner", {}).get("Id") or ""
    return Held(
        id=body["Id"], company_id=company_id, kind=kind, owner_id=owner, body=body, tray=tray, stamp=stamp,
        reserved=reserved,
    )  # fmt: skip


class Transactions:
    """All of them, kept in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, made: Held, event: Event, papers: Sequence[Attachment] = ()) -> bool:
        """Keep a new transaction; one whose id is known stays as it is. True if it is new."""
        with self._store.transaction() as database:
            return _add(database, made, event, papers)

    def add_received(self, receipt: Held, event: Event, order_id: str, received: Mapping[int, Decimal]) -> None:
        """Keep a receipt together with what has now been received of each line of its order."""
        with self._store.transaction() as database:
            _add(database, receipt, event, ())
            database.execute(_EVENT, _moment_of(order_id, event))
            rows = [(order_id, line, f"{quantity:f}") for line, quantity in received.items()]
            database.executemany("INSERT OR REPLACE INTO received VALUES (?, ?, ?)", rows)

    def save(self, held: Held, *events: Event) -> Held:
        """Keep a transaction as it is now, with what happened to it."""
        with self._store.transaction() as database:
            database.execute(_SAVE, (
                to_json(held.body), held.tray, held.stamp, held.journal_number, held.reason, held.approvals,
                held.status, held.milliseconds, held.id,
            ))  # fmt: skip
            database.executemany(_EVENT, [_moment_of(held.id, event) for event in events])
        return held

    def one(self, transaction_id: str) -> Held:
        """One transaction. Raises `Unknown`."""
        with self._store.transaction() as database:
            row = database.execute("SELECT * FROM transactions WHERE id = ?", (transaction_id.lower(),)).fetchone()
        if row is None:
            raise Unknown("This transaction is not known here.")
        return _held(row)

    def of_company(self, company_id: str, tray: Tray | None = None, most: int = -1, skip: int = 0) -> list[Held]:
        """A company's transactions in the order of their making, of one tray or of all."""
        question = (
            "SELECT * FROM transactions WHERE company_id = ? AND tray = ? ORDER BY position LIMIT ? OFFSET ?"
            if tray
            else "SELECT * FROM transactions WHERE company_id = ? AND ? = '' ORDER BY position LIMIT ? OFFSET ?"
        )
        with self._store.transaction() as database:
            rows = database.execute(question, (company_id.lower(), tray or "", most, skip)).fetchall()
        return [_held(row) for row in rows]

    def counts(self, company_id: str) -> dict[Tray, int]:
        """How many lie in each tray."""
        question = "SELECT tray, count(*) AS number FROM transactions WHERE company_id = ? GROUP BY tray"
        with self._store.transaction() as database:
            found = {row["tray"]: row["number"] for row in database.execute(question, (company_id,))}
        return {tray: found.get(tray, 0) for tray in Tray}

    def listed(
        self, companies: Sequence[str], user_id: str, trays: Sequence[Tray], kinds: Sequence[Kind], page: int, size: int
    ) -> list[Held]:
        """One page for the API; `user_id` may be empty for any."""
        question = (
            "SELECT * FROM transactions WHERE company_id IN (SELECT value FROM json_each(?)) AND ? IN ('', owner_id)"
            " AND tray IN (SELECT value FROM json_each(?)) AND kind IN (SELECT value FROM json_each(?))"
            " ORDER BY position LIMIT ? OFFSET ?"
        )
        wanted = (to_json(companies), user_id, to_json(trays), to_json(kinds), size, (page - 1) * size)
        with self._store.transaction() as database:
            rows = database.execute(question, wanted).fetchall()
        return [_held(row) for row in rows]

    def timeline(self, transaction_id: str) -> list[dict[str, str]]:
        """Everything that happened, oldest first: at, user_id, user_name, action, comment."""
        question = (
            "SELECT at, user_id, user_name, action, comment FROM timeline WHERE transaction_id = ? ORDER BY position"
        )
        with self._store.transaction() as database:
            return [dict(row) for row in database.execute(question, (transaction_id,))]

    def received(self, order_id: str) -> dict[int, Decimal]:
        """What has been received of each line, by its number."""
        question = "SELECT line, quantity FROM received WHERE transaction_id = ?"
        with self._store.transaction() as database:
            return {row["line"]: Decimal(row["quantity"]) for row in database.execute(question, (order_id,))}

    def attachments(self, transaction_id: str) -> list[Attachment]:
        """The files of a transaction."""
        question = "SELECT * FROM attachments WHERE transaction_id = ? ORDER BY rowid"
        with self._store.transaction() as database:
            rows = database.execute(question, (transaction_id,)).fetchall()
        return [Attachment(row["id"], row["file_name"], row["content_type"], row["content"]) for row in rows]

    def attach(self, transaction_id: str, paper: Attachment) -> None:
        """One more file for a transaction."""
        with self._store.transaction() as database:
            _attach(database, transaction_id, [paper])

    def next_number(self, company_id: str, kind: Kind, *, is_approved_order: bool = False) -> str:
        """The next number of a scheme: `REQ000001`; an approved order gets `ORD000001`."""
        scheme = APPROVED_ORDERS if is_approved_order else SCHEMES[kind]
        with self._store.transaction() as database:
            (last,) = database.execute(
                "INSERT INTO numbers VALUES (?, ?, 1) ON CONFLICT (company_id, scheme) DO UPDATE SET last = last + 1"
                " RETURNING last",
                (company_id, scheme),
            ).fetchone()
        return f"{scheme}{last:06}"


def _add(database: sqlite3.Connection, made: Held, event: Event, papers: Iterable[Attachment]) -> bool:
    is_new = database.execute(_INSERT, (
        made.id, made.company_id, made.kind, made.owner_id, to_json(made.body), made.tray, made.stamp, made.reserved,
    )).rowcount == 1  # fmt: skip
    if is_new:
        database.execute(_EVENT, _moment_of(made.id, event))
        _attach(database, made.id, papers)
    return is_new


def _attach(database: sqlite3.Connection, transaction_id: str, papers: Iterable[Attachment]) -> None:
    rows = [(paper.id, transaction_id, paper.file_name, paper.content_type, paper.content) for paper in papers]
    database.executemany("INSERT INTO attachments VALUES (?, ?, ?, ?, ?)", rows)


def _moment_of(transaction_id: str, event: Event) -> tuple[str, ...]:
    return transaction_id, moment(), event.who.id, event.who.name, event.action, event.comment


def _held(row: sqlite3.Row) -> Held:
    return Held(
        id=row["id"], company_id=row["company_id"], kind=Kind(row["kind"]), owner_id=row["owner_id"],
        body=from_json(row["body"]), tray=Tray(row["tray"]), stamp=row["stamp"], reserved=row["reserved"],
        journal_number=row["journal_number"], reason=row["reason"], approvals=row["approvals"],
        status=row["status"], milliseconds=row["milliseconds"],
    )  # fmt: skip
