"""What the stand-in for iCompleat remembers: companies, where they send to, transactions in their trays, deliveries."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from integrations.documents import Kind
from integrations.exact import from_json, to_json
from integrations.icompleat.mapping import KIND_BY_TYPE
from integrations.icompleat.samples import NAMES, transaction_for
from integrations.sandbox import Store

DEFAULT_TOKEN_HEADER: Final = "x-api-compleat-token"  # noqa: S105 - the name of a header

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS companies (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, base_currency TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS endpoints (
    company_id TEXT NOT NULL REFERENCES companies, kind TEXT NOT NULL, url TEXT NOT NULL, token TEXT NOT NULL,
    token_header TEXT NOT NULL, PRIMARY KEY (company_id, kind));
CREATE TABLE IF NOT EXISTS transactions (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, company_id TEXT NOT NULL REFERENCES companies,
    kind TEXT NOT NULL, body TEXT NOT NULL, tray TEXT NOT NULL, journal_number TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS deliveries (
    position INTEGER PRIMARY KEY AUTOINCREMENT, transaction_id TEXT NOT NULL REFERENCES transactions (id),
    sent_at TEXT NOT NULL, url TEXT NOT NULL, header_names TEXT NOT NULL, body TEXT NOT NULL, status INTEGER,
    answer TEXT NOT NULL, milliseconds INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS options (
    name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Unknown(Exception):
    """There is no such company or transaction."""


class Tray(StrEnum):
    """Where a transaction lies, in the words of iCompleat's own screens."""

    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    POSTING_FAILURES = "posting_failures"

    @property
    def label(self) -> str:
        """The tray's heading: `Posting failures`."""
        return self.value.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Target:
    """Where transactions of one company and kind are sent, with the secret token and the header that carries it."""

    url: str
    token: str
    token_header: str = DEFAULT_TOKEN_HEADER


@dataclass(frozen=True, slots=True)
class Held:
    """A transaction and what became of it. `body` is the transaction itself, numbers as int or Decimal."""

    id: str
    company_id: str
    kind: Kind
    body: Mapping[str, Any]
    tray: Tray
    journal_number: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One delivery: what went out (of the headers only their names), and what came back. `status` None: no answer."""

    sent_at: str
    url: str
    header_names: tuple[str, ...]
    body: str
    status: int | None
    answer: str
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How this iCompleat behaves: how long it waits, the member it looks for, whether it wraps the body."""

    wait_seconds: int = 30
    journal_member: str = "JournalNumber"
    wrapped: bool = True


class Trays:
    """All of it, kept in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.create(_SCHEMA)

    def add_company(self, company_id: str, name: str, base_currency: str) -> None:
        """Make a company with the sample transactions awaiting approval; of a known one only change the name."""
        company_id = company_id.lower()
        with self._store.transaction() as database:
            database.execute(
                "INSERT INTO companies VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                (company_id, name, base_currency),
            )
            for sample in NAMES:
                _insert(database, company_id, transaction_for(sample, company_id, name))

    def add_transaction(self, company_id: str, sample: str) -> Held:
        """One more transaction of a company, made after a sample. Raises `Unknown`."""
        company = self.company(company_id)
        if sample not in NAMES:
            raise Unknown(f"The samples are {', '.join(NAMES)}.")
        with self._store.transaction() as database:
            # By the clock: what was forgotten here may still be known where it was sent.
            body = transaction_for(sample, company["id"], company["name"], copy=time.time_ns() // 1000)
            _insert(database, company["id"], body)
        return self.transaction(body["Id"])

    def companies(self) -> list[dict[str, str]]:
        """Every company: id, name, base_currency."""
        with self._store.transaction() as database:
            return [dict(row) for row in database.execute("SELECT * FROM companies ORDER BY rowid")]

    def company(self, company_id: str) -> dict[str, str]:
        """One company. Raises `Unknown`."""
        with self._store.transaction() as database:
            row = database.execute("SELECT * FROM companies WHERE id = ?", (company_id.lower(),)).fetchone()
        if row is None:
            raise Unknown("This company is not known here.")
        return dict(row)

    def aim(self, company_id: str, kind: Kind, target: Target) -> None:
        """From now on send this kind there."""
        with self._store.transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?, ?, ?)",
                (company_id.lower(), kind, target.url, target.token, target.token_header),
            )

    def targets(self, company_id: str) -> dict[Kind, Target]:
        """Where each kind is sent; a kind without an endpoint is a normal configuration."""
        with self._store.transaction() as database:
            rows = database.execute("SELECT * FROM endpoints WHERE company_id = ?", (company_id.lower(),)).fetchall()
        return {Kind(row["kind"]): Target(row["url"], row["token"], row["token_header"]) for row in rows}

    def transactions(self, company_id: str, tray: Tray | None = None) -> list[Held]:
        """A company's transactions in the order of their making, of one tray or of all."""
        question = "SELECT * FROM transactions WHERE company_id = ? ORDER BY position"
        with self._store.transaction() as database:
            rows = database.execute(question, (company_id.lower(),)).fetchall()
        return [held for held in map(_held, rows) if tray in (None, held.tray)]

    def transaction(self, transaction_id: str) -> Held:
        """One transaction. Raises `Unknown`."""
        with self._store.transaction() as database:
            row = database.execute("SELECT * FROM transactions WHERE id = ?", (transaction_id.lower(),)).fetchone()
        if row is None:
            raise Unknown("This transaction is not known here.")
        return _held(row)

    def put(self, transaction_id: str, tray: Tray, *, journal_number: str = "", reason: str = "") -> None:
        """Move a transaction."""
        with self._store.transaction() as database:
            database.execute(
                "UPDATE transactions SET tray = ?, journal_number = ?, reason = ? WHERE id = ?",
                (tray, journal_number, reason, transaction_id),
            )

    def record(self, transaction_id: str, sent: Sent) -> None:
        """Remember a delivery."""
        with self._store.transaction() as database:
            database.execute(
                "INSERT INTO deliveries"
                " (transaction_id, sent_at, url, header_names, body, status, answer, milliseconds) VALUES"
                " (:transaction_id, :sent_at, :url, :header_names, :body, :status, :answer, :milliseconds)",
                {**asdict(sent), "transaction_id": transaction_id, "header_names": " ".join(sent.header_names)},
            )

    def deliveries(self, transaction_id: str) -> list[Sent]:
        """All deliveries of a transaction, oldest first."""
        with self._store.transaction() as database:
            rows = database.execute(
                "SELECT * FROM deliveries WHERE transaction_id = ? ORDER BY position", (transaction_id.lower(),)
            ).fetchall()
        return [_sent(row) for row in rows]

    def options(self) -> Options:
        """The options, defaults where nothing was set."""
        with self._store.transaction() as database:
            rows = database.execute("SELECT name, value FROM options").fetchall()
        return Options(**{row["name"]: from_json(row["value"]) for row in rows})

    def set_options(self, options: Options) -> None:
        """Behave like this from now on."""
        rows = [(name, to_json(value)) for name, value in asdict(options).items()]
        with self._store.transaction() as database:
            database.executemany("INSERT OR REPLACE INTO options VALUES (?, ?)", rows)


def _insert(database: sqlite3.Connection, company_id: str, body: Mapping[str, Any]) -> None:
    kind = KIND_BY_TYPE[body["Type"]]
    database.execute(
        "INSERT OR IGNORE INTO transactions (id, company_id, kind, body, tray) VALUES (?, ?, ?, ?, ?)",
        (body["Id"], company_id, kind, to_json({**body, "Status": "PEND"}), Tray.AWAITING_APPROVAL),
    )


def _held(row: sqlite3.Row) -> Held:
    return Held(
        id=row["id"],
        company_id=row["company_id"],
        kind=Kind(row["kind"]),
        body=from_json(row["body"]),
        tray=Tray(row["tray"]),
        journal_number=row["journal_number"],
        reason=row["reason"],
    )


def _sent(row: sqlite3.Row) -> Sent:
    return Sent(
        sent_at=row["sent_at"],
        url=row["url"],
        header_names=tuple(row["header_names"].split()),
        body=row["body"],
        status=row["status"],
        answer=row["answer"],
        milliseconds=row["milliseconds"],
    )
