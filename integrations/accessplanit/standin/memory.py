"""What the stand-in remembers: platforms with their API users, records by module, tokens, calls and webhooks."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from integrations.accessplanit.standin.refusals import Refused
from integrations.exact import from_json, to_json

Clause = tuple[str, str, str]

ZONE: Final = ZoneInfo("Europe/London")
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS platforms (
    slug TEXT PRIMARY KEY, name TEXT NOT NULL, api_key TEXT NOT NULL, username TEXT NOT NULL, password TEXT NOT NULL,
    hidden TEXT NOT NULL DEFAULT '[]', hook_url TEXT NOT NULL DEFAULT '', hook_token TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS records (
    position INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, module TEXT NOT NULL, id TEXT NOT NULL,
    body TEXT NOT NULL, UNIQUE (platform, module, id));
CREATE INDEX IF NOT EXISTS records_by_making ON records (
    platform, module, substr(json_extract(body, '$.DateCreated'), 1, 10));
CREATE INDEX IF NOT EXISTS records_by_change ON records (
    platform, module, substr(json_extract(body, '$.DateUpdated'), 1, 10));
CREATE INDEX IF NOT EXISTS records_of_an_invoice ON records (
    platform, module, lower(json_extract(body, '$.InvoiceID')));
CREATE INDEX IF NOT EXISTS records_of_a_transaction ON records (
    platform, module, lower(json_extract(body, '$.TransactionID')));
CREATE INDEX IF NOT EXISTS records_by_id ON records (platform, module, lower(json_extract(body, '$.ID')));
CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY, platform TEXT NOT NULL, is_refresh INTEGER NOT NULL, ends REAL NOT NULL);
CREATE TABLE IF NOT EXISTS calls (
    position INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, module TEXT NOT NULL, at REAL NOT NULL,
    method TEXT NOT NULL, query TEXT NOT NULL, status INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS calls_of_a_module ON calls (platform, module, at);
CREATE TABLE IF NOT EXISTS hooks (
    position INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, method TEXT NOT NULL, module TEXT NOT NULL,
    id TEXT NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, answer TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_FIRST_ID: Final = 10_000
# What a query may be narrowed by before it is looked at: a day from which on, or who a record belongs to.
_FROM_DAY: Final = frozenset({"DateCreated", "DateUpdated"})
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SAME: Final = frozenset({"ID", "InvoiceID", "TransactionID"})


class Memory:
    """Everything, within one transaction of the store. `now` is seconds since 1970."""

    def __init__(self, database: sqlite3.Connection, now: float) -> None:
        self.database, self.now = database, now

    # --- platforms ---------------------------------------------------------------------------------------------------

    def platform(self, slug: str) -> dict[str, Any]:
        """One platform. Raises `Refused`."""
        row = self.database.execute("SELECT * FROM platforms WHERE slug = ?", (slug,)).fetchone()
        if row is None:
            raise Refused(404, "There is no such platform.")
        return {**dict(row), "hidden": from_json(row["hidden"])}

    def platforms(self) -> list[dict[str, Any]]:
        """All of them by name."""
        rows = self.database.execute("SELECT slug FROM platforms ORDER BY name").fetchall()
        return [self.platform(row["slug"]) for row in rows]

    def put_platform(self, **members: str) -> None:
        """A new platform."""
        self.database.execute(
            "INSERT INTO platforms (slug, name, api_key, username, password)"
            " VALUES (:slug, :name, :api_key, :username, :password)",
            members,
        )

    def change_platform(self, slug: str, changes: Mapping[str, Any]) -> None:
        """Other members of a platform; `hidden` is a list of modules."""
        for name in ("name", "api_key", "username", "password", "hidden", "hook_url", "hook_token"):
            if name in changes:
                value = to_json(changes[name]) if name == "hidden" else str(changes[name])
                statement = f"UPDATE platforms SET {name} = ? WHERE slug = ?"  # noqa: S608 - of the tuple above
                self.database.execute(statement, (value, slug))

    # --- records -----------------------------------------------------------------------------------------------------

    def records(self, platform: str, module: str, clauses: Iterable[Clause] = ()) -> list[dict[str, Any]]:
        """All of a module in the order of their making; without some that these clauses do not let through, so that a
        platform with a long history answers as soon as a new one."""
        where, values = ["platform = ?", "module = ?"], [platform, module]
        for name, operator, value in clauses:
            if name in _SAME and operator == "eq":
                where.append(f"lower(json_extract(body, '$.{name}')) = ?")
                values.append(value.lower())
            elif name in _FROM_DAY and operator in ("ge", "gt") and _DAY.match(value):
                where.append(f"substr(json_extract(body, '$.{name}'), 1, 10) >= ?")
                values.append(value[:10])
        statement = f"SELECT body FROM records WHERE {' AND '.join(where)} ORDER BY position"  # noqa: S608 - of two sets
        return [from_json(row["body"]) for row in self.database.execute(statement, values).fetchall()]

    def record(self, platform: str, module: str, id_: str) -> dict[str, Any]:
        """One record. Raises `Refused`."""
        row = self.database.execute(
            "SELECT body FROM records WHERE platform = ? AND module = ? AND id = ?", (platform, module, id_)
        ).fetchone()
        if row is None:
            raise Refused(404, f"There is no {module} {id_}.")
        found: dict[str, Any] = from_json(row["body"])
        return found

    def add(self, platform: str, module: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """A new record with an id of its own, and the moments of its making."""
        row = self.database.execute("SELECT max(position) AS last FROM records").fetchone()
        moment = self.moment()
        id_ = str(_FIRST_ID + (row["last"] or 0) + 1)
        record = {"ID": id_, "DateCreated": moment, **members, "DateUpdated": members.get("DateUpdated", moment)}
        self.database.execute(
            "INSERT INTO records (platform, module, id, body) VALUES (?, ?, ?, ?)",
            (platform, module, str(record["ID"]), to_json(record)),
        )
        return record

    def save(self, platform: str, module: str, record: Mapping[str, Any]) -> None:
        """A record that has changed just now."""
        body = to_json({**record, "DateUpdated": self.moment()})
        self.database.execute(
            "UPDATE records SET body = ? WHERE platform = ? AND module = ? AND id = ?",
            (body, platform, module, record["ID"]),
        )

    def delete(self, platform: str, module: str, id_: str) -> None:
        """Without a trace."""
        self.database.execute(
            "DELETE FROM records WHERE platform = ? AND module = ? AND id = ?", (platform, module, id_)
        )

    def moment(self) -> str:
        """Now as the platform writes it: local time without a zone."""
        local = datetime.fromtimestamp(self.now, UTC).astimezone(ZONE)
        return local.replace(tzinfo=None).isoformat(timespec="seconds")

    # --- settings ----------------------------------------------------------------------------------------------------

    def setting(self, name: str, default: Any) -> Any:
        """A value that was set, or the default."""
        row = self.database.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return default if row is None else from_json(row["value"])

    def set(self, name: str, value: Any) -> None:
        """From now on this value."""
        self.database.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, to_json(value)))
