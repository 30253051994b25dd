"""The records of the stand-in for Odoo: by model and id, with their external ids, in one SQLite database."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from integrations.exact import from_json, to_json
from integrations.odoo.chart import LINKS, MODELS, RECEIVABLE

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS record (
    model TEXT NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (model, id)
);
CREATE TABLE IF NOT EXISTS last_id (model TEXT PRIMARY KEY, id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS external (
    id INTEGER PRIMARY KEY AUTOINCREMENT, module TEXT NOT NULL, name TEXT NOT NULL, model TEXT NOT NULL,
    res_id INTEGER NOT NULL, create_date TEXT NOT NULL, UNIQUE (module, name)
);
"""

Values = dict[str, Any]
Database = sqlite3.Connection


class Failure(Exception):
    """An error in Odoo's words: the name of its class, and the status that it is answered with."""

    def __init__(self, message: str, *, name: str = "odoo.exceptions.UserError", status: int = 422) -> None:
        super().__init__(message)
        self.message, self.name, self.status = message, name, status


def all_of(database: Database, model: str) -> list[Values]:
    """Every record of a model, by id."""
    rows = database.execute("SELECT body FROM record WHERE model = ? ORDER BY id", (model,))
    return [from_json(row["body"]) for row in rows]


def externals(database: Database) -> list[Values]:
    """Every external id."""
    return [dict(row) for row in database.execute("SELECT * FROM external ORDER BY id")]


def one_of(database: Database, model: str, record_id: int) -> Values:
    """One record that there is."""
    row = database.execute("SELECT body FROM record WHERE model = ? AND id = ?", (model, record_id)).fetchone()
    if row is None:
        raise Failure("There is no such record.")
    found: Values = from_json(row["body"])
    return found


def insert(database: Database, model: str, values: Values) -> int:
    """Keep a new record; its id is never used again."""
    database.execute("INSERT OR IGNORE INTO last_id VALUES (?, 0)", (model,))
    database.execute("UPDATE last_id SET id = id + 1 WHERE model = ?", (model,))
    number: int = database.execute("SELECT id FROM last_id WHERE model = ?", (model,)).fetchone()["id"]
    body = {**dict.fromkeys(MODELS[model], False), **_defaults(model), **values, "id": number, "create_date": now()}
    if model == "res.partner":
        body |= {"property_account_receivable_id": _receivable(database)}
    database.execute("INSERT INTO record VALUES (?, ?, ?)", (model, number, to_json(body)))
    return number


def update(database: Database, model: str, body: Values) -> None:
    """Keep a record as it is now."""
    database.execute("UPDATE record SET body = ? WHERE model = ? AND id = ?", (to_json(body), model, body["id"]))


def _receivable(database: Database) -> object:
    """Each partner has the one account."""
    rows = (one for one in all_of(database, "account.account") if one["code"] == RECEIVABLE)
    return next((one["id"] for one in rows), False)


def _defaults(model: str) -> Values:
    return {"active": True, "supplier_rank": 0} if "active" in MODELS[model] else {}


def existing(database: Database, model: str, record_id: int) -> Values:
    """One record that a caller names. Raises `Failure` (404) where it is not."""
    try:
        return one_of(database, model, record_id)
    except Failure:
        message = f"There is no such record, or it was deleted.\n(Record: {model}({record_id},), User: 2)"
        raise Failure(message, name="odoo.exceptions.MissingError", status=404) from None


def told(database: Database, row: Values, fields: Sequence[str]) -> Values:
    """Links to other records are told as `[id, name]`, what is empty as `false`."""
    told = {}
    for name in fields:
        value = row.get(name, False)
        is_link = name in LINKS and value
        told[name] = [value, name_of(database, LINKS[name], value)] if is_link else False if value is None else value
    return told


def name_of(database: Database, model: str, record_id: int) -> str:
    """What a record is called."""
    return str(one_of(database, model, record_id)["name"])


def known_fields(model: str, fields: Sequence[str]) -> None:
    """Raises `Failure` (500), as Odoo does, for a field that the model has not."""
    known = {"id", "create_date", *MODELS[model]}
    for name in fields:
        if name not in known:
            raise Failure(f"Invalid field {name!r} on {model!r}", name="builtins.ValueError", status=500)


def now() -> str:
    """As Odoo tells a moment: UTC, without a zone."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
