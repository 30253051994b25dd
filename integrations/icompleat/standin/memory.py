"""The tables of the stand-in, and the settings that people and scripts choose."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from integrations.exact import from_json, to_json
from integrations.sandbox import Store

_VERSION: Final = 2
_FIRST_TABLES: Final = ("deliveries", "transactions", "endpoints", "companies", "options")
_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS tenants (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, security_key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS companies (
    id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants, name TEXT NOT NULL, base_currency TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS endpoints (
    company_id TEXT NOT NULL REFERENCES companies, kind TEXT NOT NULL, url TEXT NOT NULL, token TEXT NOT NULL,
    token_header TEXT NOT NULL, PRIMARY KEY (company_id, kind));
CREATE TABLE IF NOT EXISTS transactions (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, company_id TEXT NOT NULL REFERENCES companies,
    kind TEXT NOT NULL, owner_id TEXT NOT NULL, body TEXT NOT NULL, tray TEXT NOT NULL, stamp TEXT NOT NULL,
    journal_number TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', reserved TEXT NOT NULL DEFAULT '',
    approvals INTEGER NOT NULL DEFAULT 0, status INTEGER, milliseconds INTEGER);
CREATE INDEX IF NOT EXISTS transactions_by_tray ON transactions (company_id, tray, position);
CREATE TABLE IF NOT EXISTS timeline (
    position INTEGER PRIMARY KEY AUTOINCREMENT, transaction_id TEXT NOT NULL, at TEXT NOT NULL, user_id TEXT NOT NULL,
    user_name TEXT NOT NULL, action TEXT NOT NULL, comment TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS timeline_by_transaction ON timeline (transaction_id, position);
CREATE TABLE IF NOT EXISTS received (
    transaction_id TEXT NOT NULL, line INTEGER NOT NULL, quantity TEXT NOT NULL, PRIMARY KEY (transaction_id, line));
CREATE TABLE IF NOT EXISTS attachments (
    id TEXT PRIMARY KEY, transaction_id TEXT NOT NULL, file_name TEXT NOT NULL, content_type TEXT NOT NULL,
    content BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS attachments_by_transaction ON attachments (transaction_id);
CREATE TABLE IF NOT EXISTS deliveries (
    position INTEGER PRIMARY KEY AUTOINCREMENT, transaction_id TEXT NOT NULL, company_id TEXT NOT NULL,
    sent_at TEXT NOT NULL, url TEXT NOT NULL, header_names TEXT NOT NULL, body TEXT NOT NULL, status INTEGER,
    answer TEXT NOT NULL, journal_number TEXT NOT NULL, milliseconds INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_by_transaction ON deliveries (transaction_id, position);
CREATE INDEX IF NOT EXISTS deliveries_by_company ON deliveries (company_id, position);
CREATE TABLE IF NOT EXISTS numbers (
    company_id TEXT NOT NULL, scheme TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (company_id, scheme));
CREATE TABLE IF NOT EXISTS refreshes (
    company_id TEXT NOT NULL, list TEXT NOT NULL, token TEXT NOT NULL, chunks INTEGER NOT NULL,
    PRIMARY KEY (company_id, list));
CREATE TABLE IF NOT EXISTS listed (
    position INTEGER PRIMARY KEY AUTOINCREMENT, company_id TEXT NOT NULL, list TEXT NOT NULL, key TEXT NOT NULL,
    code TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (company_id, list, key));
CREATE INDEX IF NOT EXISTS listed_in_order ON listed (company_id, list, position);
CREATE TABLE IF NOT EXISTS custom_fields (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, company_id TEXT NOT NULL, name TEXT NOT NULL,
    type TEXT NOT NULL, mandatory INTEGER NOT NULL, active INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS calls (
    position INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, tenant_id TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, operation TEXT NOT NULL, status INTEGER, milliseconds INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS settings (
    name TEXT PRIMARY KEY, value TEXT NOT NULL);
PRAGMA user_version = {_VERSION};
"""


def prepare(store: Store) -> None:
    """Make the tables. What the first version of the stand-in remembered had another shape, and is let go."""
    with store.transaction() as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
    if not version:
        store.create("".join(f"DROP TABLE IF EXISTS {table};" for table in _FIRST_TABLES))
    store.create(_SCHEMA)


class Settings:
    """Values by name, kept in the store and read from memory: the API asks for some of them on every call."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        with store.transaction() as database:
            rows = database.execute("SELECT name, value FROM settings").fetchall()
        self._values: dict[str, Any] = {row["name"]: from_json(row["value"]) for row in rows}

    def get(self, name: str, default: Any) -> Any:
        """The value that was set, or the default."""
        return self._values.get(name, default)

    def set(self, values: Mapping[str, Any]) -> None:
        """From now on these values."""
        with self._lock:
            self._put(values)

    def take(self, name: str) -> bool:
        """True if the number with this name is above 0: it is one less from now on."""
        with self._lock:
            left = self._values.get(name, 0)
            if left > 0:
                self._put({name: left - 1})
            return bool(left > 0)

    def take_all(self, name: str, value: int) -> bool:
        """True if the number with this name is exactly `value`: it is 0 from now on."""
        with self._lock:
            is_it = value > 0 and self._values.get(name, 0) == value
            if is_it:
                self._put({name: 0})
            return is_it

    def _put(self, values: Mapping[str, Any]) -> None:
        rows = [(name, to_json(value)) for name, value in values.items()]
        with self._store.transaction() as database:
            database.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", rows)
        self._values.update(values)


def moment() -> str:
    """Now as iCompleat's API writes moments: UTC, seven digits."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
