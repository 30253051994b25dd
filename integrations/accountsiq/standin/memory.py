"""What the stand-in remembers: records by kind, entries in the ledger, files, tokens and options, in one database.

Everything works within one transaction of the caller (`Store.transaction`), so that a refusal leaves nothing behind.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from integrations.exact import from_json, to_json

Database = sqlite3.Connection

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS record (
    kind TEXT NOT NULL, id INTEGER NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL,
    active INTEGER NOT NULL, modified_at TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS record_code ON record (kind, code) WHERE code <> '';
CREATE INDEX IF NOT EXISTS record_folded ON record (kind, folded);
CREATE TABLE IF NOT EXISTS last_number (name TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY, sort TEXT NOT NULL, number TEXT NOT NULL, reference TEXT NOT NULL, contact INTEGER NOT NULL,
    day TEXT NOT NULL, created_at TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (sort, number)
);
CREATE INDEX IF NOT EXISTS entry_reference ON entry (reference COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS entry_created_at ON entry (created_at);
CREATE TABLE IF NOT EXISTS file (
    id INTEGER PRIMARY KEY, master_type TEXT NOT NULL, master_id INTEGER NOT NULL, name TEXT NOT NULL,
    content BLOB NOT NULL, comments TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS file_master ON file (master_type, master_id);
CREATE TABLE IF NOT EXISTS token (
    value TEXT PRIMARY KEY, sort TEXT NOT NULL, family TEXT NOT NULL, door TEXT NOT NULL, expires_at REAL NOT NULL,
    spent INTEGER NOT NULL DEFAULT 0, successor TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '{}'
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS option (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_INSERT: Final = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)"


class CodeTaken(Exception):
    """There is a record of this kind with this code already."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record. `version` grows with every change; `modified_at` is an ISO instant, UTC."""

    kind: str
    id: int
    code: str
    name: str
    active: bool
    modified_at: str
    version: int
    body: Mapping[str, Any]


class Records:
    """The records within one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def next(self, name: str) -> int:
        """The next number of a sequence; each is given once."""
        self.database.execute("INSERT OR IGNORE INTO last_number VALUES (?, 0)", (name,))
        row = self.database.execute(
            "UPDATE last_number SET number = number + 1 WHERE name = ? RETURNING number", (name,)
        ).fetchone()
        return int(row["number"])

    def begin_at(self, name: str, number: int) -> None:
        """Let a sequence go on after `number`."""
        upsert = "INSERT INTO last_number VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET number = max(number, ?)"
        self.database.execute(upsert, (name, number, number))

    def add(
        self,
        kind: str,
        body: Mapping[str, Any],
        *,
        code: str = "",
        name: str = "",
        number: int | None = None,
        active: bool = True,
    ) -> Row:
        """Keep a new record, under `number` or the next one of its kind. Raises `CodeTaken`."""
        found = self.next(kind) if number is None else number
        if number is not None:
            self.begin_at(kind, number)
        values = (kind, found, code, name, name.casefold(), active, instant(), to_json(body))
        try:
            self.database.execute(_INSERT, values)
        except sqlite3.IntegrityError as error:
            raise CodeTaken(code) from error
        return self.one(kind, found) or _never()

    def add_many(self, kind: str, made: Iterable[tuple[str, str, Mapping[str, Any]]]) -> int:
        """Keep many new records of (code, name, body) quickly; those whose code is there stay as they are."""
        last, now = self.next(kind) - 1, instant()
        rows = (
            (kind, number, code, name, name.casefold(), True, now, to_json(body))
            for number, (code, name, body) in enumerate(made, start=last + 1)
        )
        self.database.executemany(_INSERT.replace("INSERT", "INSERT OR IGNORE"), rows)
        highest = self.database.execute("SELECT max(id) FROM record WHERE kind = ?", (kind,)).fetchone()[0]
        self.begin_at(kind, highest or 0)
        return self.count(kind)

    def one(self, kind: str, number: int) -> Row | None:
        """A record by its id."""
        return self._only("SELECT * FROM record WHERE kind = ? AND id = ?", (kind, number))

    def coded(self, kind: str, code: str) -> Row | None:
        """A record by its code, letter for letter."""
        return self._only("SELECT * FROM record WHERE kind = ? AND code = ?", (kind, code)) if code else None

    def named(self, kind: str, name: str) -> list[Row]:
        """The records with a name, in any letter case, by id."""
        query = "SELECT * FROM record WHERE kind = ? AND folded = ? ORDER BY id"
        return [_row(row) for row in self.database.execute(query, (kind, name.casefold()))]

    def every(self, kind: str) -> Iterator[Row]:
        """All records of a kind, by id."""
        for row in self.database.execute("SELECT * FROM record WHERE kind = ? ORDER BY id", (kind,)):
            yield _row(row)

    def count(self, kind: str) -> int:
        """How many there are, active or not."""
        return int(self.database.execute("SELECT count(*) FROM record WHERE kind = ?", (kind,)).fetchone()[0])

    def change(self, row: Row, body: Mapping[str, Any], *, name: str | None = None, active: bool | None = None) -> Row:
        """Give a record another body, and another name or state if they are given."""
        called = row.name if name is None else name
        state = row.active if active is None else active
        update = """
            UPDATE record SET name = ?, folded = ?, active = ?, modified_at = ?, version = version + 1, body = ?
            WHERE kind = ? AND id = ?
        """
        values = (called, called.casefold(), state, instant(), to_json(body), row.kind, row.id)
        self.database.execute(update, values)
        return self.one(row.kind, row.id) or _never()

    def remove(self, row: Row) -> None:
        """Forget a record; its id is not given again."""
        self.database.execute("DELETE FROM record WHERE kind = ? AND id = ?", (row.kind, row.id))

    def _only(self, query: str, values: tuple[object, ...]) -> Row | None:
        row = self.database.execute(query, values).fetchone()
        return _row(row) if row else None


def _row(row: sqlite3.Row) -> Row:
    return Row(
        kind=row["kind"],
        id=row["id"],
        code=row["code"],
        name=row["name"],
        active=bool(row["active"]),
        modified_at=row["modified_at"],
        version=row["version"],
        body=from_json(row["body"]),
    )


def _never() -> Row:
    raise LookupError("a record that was just written is not there")


def instant() -> str:
    """Now, as the stand-in keeps it: UTC without a zone, to the millisecond, so that texts sort as times do."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
