"""What the stand-in remembers, within one transaction: its things as JSON, its clock, and its switches."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from integrations.exact import from_json, to_json

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS thing (
    position INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, company TEXT NOT NULL, body TEXT NOT NULL,
    is_open INTEGER NOT NULL DEFAULT 0, UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS thing_of_company ON thing (kind, company, position);
CREATE INDEX IF NOT EXISTS thing_open ON thing (kind, position) WHERE is_open = 1;
CREATE TABLE IF NOT EXISTS record (
    position INTEGER PRIMARY KEY, connection TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
    is_deleted INTEGER NOT NULL DEFAULT 0, is_fresh INTEGER NOT NULL DEFAULT 0, cached TEXT,
    UNIQUE (connection, type, id)
);
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS file (id TEXT PRIMARY KEY, content BLOB NOT NULL);
"""

# How it behaves until somebody says otherwise under `control/settings`.
DEFAULTS: Final[Mapping[str, Any]] = {
    # How long a write stays Pending, and a read of one data type Queued to Processing, in seconds of its own clock.
    "push_seconds": 1,
    "sync_seconds": 1,
    # Codat's free plan gives 1000 requests a day for each linked company and for the client; a demo needs more.
    "requests_a_day": 100_000,
    "requests_at_once": 10,
    "key_seconds": 5400,
    # as they should be, twice, never, or with a wrong signature
    "webhooks": "sound",
    # before the answer to the write that they tell of
    "webhooks_first": False,
    # QuickBooks Online's own setting
    "warns_of_duplicates": False,
    # Seconds for which an answer is held while its idempotency key is in use.
    "hold_seconds": 0,
}


def stamp(at: datetime) -> str:
    """A moment as Codat writes it: UTC, seven digits of a second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def moment(text: str) -> datetime:
    """A moment or a day as anybody writes it; without a zone it is UTC. Raises `ValueError`."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Memory:
    """The database of one transaction. `base` is the address at which the stand-in was last asked, with its slash."""

    database: sqlite3.Connection
    base: str = "http://127.0.0.1/"

    def now(self) -> datetime:
        """The stand-in's own clock: the true one, and what was added to it."""
        return datetime.now(UTC) + timedelta(seconds=float(self.setting("clock_ahead", 0)))

    def setting(self, name: str, otherwise: Any = None) -> Any:
        """What was set last, else the default."""
        row = self.database.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return from_json(row["value"]) if row else DEFAULTS.get(name, otherwise)

    def seconds(self, name: str) -> timedelta:
        """A setting that is a length of time."""
        return timedelta(seconds=float(self.setting(name)))

    def set(self, name: str, value: Any) -> None:
        """Set it for good."""
        self.database.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, to_json(value)))

    def put(self, kind: str, thing: Mapping[str, Any], *, company: str = "", is_open: bool = False) -> None:
        """Remember a thing by its `id`, anew or in place of what it was; what `is_open` waits for its clock."""
        query = """
            INSERT INTO thing (kind, id, company, body, is_open) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, is_open = excluded.is_open
        """
        self.database.execute(query, (kind, thing["id"], company, to_json(thing), is_open))

    def get(self, kind: str, identity: str) -> dict[str, Any] | None:
        """One thing, or None."""
        row = self.database.execute("SELECT body FROM thing WHERE kind = ? AND id = ?", (kind, identity)).fetchone()
        return from_json(row["body"]) if row else None

    def every(self, kind: str, company: str | None = None) -> list[dict[str, Any]]:
        """All things of a kind, of one company or of all, the oldest first."""
        query = "SELECT body FROM thing WHERE kind = ?1 AND (?2 IS NULL OR company = ?2) ORDER BY position"
        return [from_json(row["body"]) for row in self.database.execute(query, (kind, company))]

    def still_open(self, kind: str) -> list[dict[str, Any]]:
        """What waits for the clock."""
        query = "SELECT body FROM thing WHERE kind = ? AND is_open = 1 ORDER BY position"
        return [from_json(row["body"]) for row in self.database.execute(query, (kind,))]

    def drop(self, kind: str, identity: str) -> None:
        """Forget a thing."""
        self.database.execute("DELETE FROM thing WHERE kind = ? AND id = ?", (kind, identity))

    def file(self, identity: str) -> bytes:
        """The content of an attachment."""
        row = self.database.execute("SELECT content FROM file WHERE id = ?", (identity,)).fetchone()
        return bytes(row["content"]) if row else b""

    def keep_file(self, identity: str, content: bytes) -> None:
        """Keep the content of an attachment."""
        self.database.execute("INSERT INTO file VALUES (?, ?)", (identity, content))


def new_id() -> str:
    """A fresh GUID."""
    return str(uuid4())


def money(value: Any) -> Decimal:
    """A number of JSON as an amount; nothing is nothing."""
    return Decimal(value or 0)
