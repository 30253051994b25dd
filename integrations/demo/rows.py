"""Rows of reference data in the stand-in's database, one transaction of the caller's around them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from integrations.demo.checks import Refusal
from integrations.demo.furniture import furniture, sales_accounts
from integrations.exact import from_json, to_json

_ADDRESS: Final = ("address_1", "address_2", "town", "postcode", "country", "phone")
# What a row may have beside code, name and whether it is in use.
RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "suppliers": (
        *_ADDRESS, "county", "vat_number", "email", "currency", "payment_days", "bank_name", "account_number",
        "sort_code", "default_account", "default_tax_code",
    ),
    "customers": ("email", "address", "town", "county", "postcode", "country"),
    "accounts": ("type",),
    "tax-codes": ("rate",),
    "currencies": ("rate", "is_base"),
    "delivery-sites": _ADDRESS,
    "dimensions": (),
}  # fmt: skip

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS record (
    company TEXT NOT NULL, resource TEXT NOT NULL, id INTEGER NOT NULL, dimension TEXT NOT NULL, code TEXT NOT NULL,
    name TEXT NOT NULL, folded TEXT NOT NULL, active INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (company, resource, id), UNIQUE (company, resource, dimension, code)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_name ON record (company, resource, folded);
"""
INSERT: Final = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


def known_codes(database: sqlite3.Connection, company: str, resource: str, codes: set[str]) -> dict[str, bool]:
    """Of these codes those that there are, with whether they are in use."""
    furnish(database, company)
    query = "SELECT active FROM record WHERE company = ? AND resource = ? AND dimension = '' AND code = ?"
    found = {code: database.execute(query, (company, resource, code)).fetchone() for code in codes}
    return {code: bool(row["active"]) for code, row in found.items() if row is not None}


def party_for(database: sqlite3.Connection, company: str, word: str, given: Mapping[str, Any]) -> dict[str, str]:
    """The supplier or customer (`word`) by its code, else by its name in any letter case, else a new one.

    Of a new customer what the document tells is kept. Raises `Refusal` for one that is no longer in use.
    """
    name, code, resource = str(given["name"]).strip(), given.get("code"), f"{word}s"
    column, wanted = ("code", code) if code else ("folded", name.casefold())
    query = f"""
        SELECT code, name, active FROM record
        WHERE company = ? AND resource = ? AND dimension = '' AND {column} = ? ORDER BY id
    """  # noqa: S608 - one of two columns
    row = database.execute(query, (company, resource, wanted)).fetchone()
    if row is None:
        named = {"code": code or _new_code(database, company, resource, name), "name": name}
        row = added(database, company, resource, {**_told_of(resource, given), **named})
    elif not row["active"]:
        raise Refusal("invalid", f"{word.title()} {row['code']} ({row['name']}) is no longer in use.", f"{word}.code")
    return {"code": row["code"], "name": row["name"]}


def _told_of(resource: str, given: Mapping[str, Any]) -> dict[str, str]:
    """What a document tells of a new customer; of a supplier it tells nothing."""
    details = RESOURCES[resource] if resource == "customers" else ()
    return {name: given[name] for name in details if isinstance(given.get(name), str)}


def _new_code(database: sqlite3.Connection, company: str, resource: str, name: str) -> str:
    """Five letters of the name and a number that is free: METRO01."""
    stem = "".join(filter(str.isalnum, name.upper()))[:5] or resource[:3].upper()
    query = "SELECT code FROM record WHERE company = ? AND resource = ? AND substr(code, 1, ?) = ?"
    taken = {row["code"] for row in database.execute(query, (company, resource, len(stem), stem))}
    return next(code for number in range(1, 10_000_000) if (code := f"{stem}{number:02}") not in taken)


def furnish(database: sqlite3.Connection, company: str) -> None:
    """Give a company what it begins with, unless it has that."""
    if database.execute("SELECT 1 FROM record WHERE company = ? AND resource = 'accounts'", (company,)).fetchone():
        return
    base = database.execute("SELECT currency FROM company WHERE id = ?", (company,)).fetchone()
    for resource, row in furniture(base["currency"]) if base else ():
        added(database, company, resource, row)


def adopt(database: sqlite3.Connection) -> None:
    """Bring a state from before up to date."""
    _adopt_suppliers(database)
    query = "SELECT DISTINCT company FROM record WHERE resource = 'accounts'"
    for company in [row["company"] for row in database.execute(query).fetchall()]:
        for resource, row in sales_accounts():
            if not known_codes(database, company, resource, {row["code"]}):
                added(database, company, resource, row)


def _adopt_suppliers(database: sqlite3.Connection) -> None:
    """Those that were kept in a table of their own."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'supplier'").fetchone():
        return
    for row in database.execute("SELECT company, code, name FROM supplier ORDER BY company, code").fetchall():
        added(database, row["company"], "suppliers", {"code": row["code"], "name": row["name"]})
    database.execute("DROP TABLE supplier")


def highest(database: sqlite3.Connection, company: str, resource: str) -> int:
    """The last number that was given."""
    query = "SELECT coalesce(max(id), 0) FROM record WHERE company = ? AND resource = ?"
    return int(database.execute(query, (company, resource)).fetchone()[0])


def row_of(database: sqlite3.Connection, company: str, resource: str, row_id: str) -> sqlite3.Row:
    """One row. Raises `Refusal` (404)."""
    number = int(row_id) if row_id.isascii() and row_id.isdigit() and len(row_id) < 16 else 0
    query = "SELECT * FROM record WHERE company = ? AND resource = ? AND id = ?"
    row: sqlite3.Row | None = database.execute(query, (company, resource, number)).fetchone()
    if row is None:
        raise Refusal("unknown_row", f"There is no row {row_id} among the {resource}.", "id", status=404)
    return row


def row_from(database: sqlite3.Connection, company: str, number: int) -> sqlite3.Row | None:
    """The supplier with this number, or the next one that there is."""
    query = "SELECT * FROM record WHERE company = ? AND resource = 'suppliers' AND id >= ? ORDER BY id LIMIT 1"
    row: sqlite3.Row | None = database.execute(query, (company, number)).fetchone()
    return row


def added(database: sqlite3.Connection, company: str, resource: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Make a row. Raises `Refusal` (409) for a code that is there."""
    number, dimension = highest(database, company, resource) + 1, str(row.get("dimension") or "")
    body = {name: row[name] for name in RESOURCES[resource] if row.get(name) not in (None, "")}
    active = row.get("active", True)
    values = (company, resource, number, dimension, row["code"], row["name"], row["name"].casefold(), active)
    try:
        database.execute(INSERT, (*values, to_json(body)))
    except sqlite3.IntegrityError:
        raise Refusal("exists", f"The code {row['code']} is there already.", "code", status=409) from None
    return from_json(text(row_of(database, company, resource, str(number))))  # type: ignore[no-any-return]


def changed(database: sqlite3.Connection, row: sqlite3.Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change the given members of a row. Raises `Refusal` for the base currency out of use."""
    body = {**from_json(row["body"]), **{name: changes[name] for name in RESOURCES[row["resource"]] if name in changes}}
    kept = to_json({name: value for name, value in body.items() if value not in (None, "")})
    name, active = changes.get("name", row["name"]), changes.get("active", bool(row["active"]))
    if body.get("is_base") and not active:
        raise Refusal("invalid", "The base currency stays in use.", "active")
    place = (row["company"], row["resource"], row["id"])
    update = """
        UPDATE record SET name = ?, folded = ?, active = ?, body = ? WHERE company = ? AND resource = ? AND id = ?
    """
    database.execute(update, (name, name.casefold(), active, kept, *place))
    return from_json(text(row_of(database, place[0], place[1], str(place[2]))))  # type: ignore[no-any-return]


def text(row: sqlite3.Row) -> str:
    """A row as JSON; what it keeps beside code and name is JSON already."""
    head: dict[str, Any] = {
        "id": str(row["id"]),
        "code": row["code"],
        "name": row["name"],
        "active": bool(row["active"]),
    }
    if row["dimension"]:
        head["dimension"] = row["dimension"]
    return to_json(head)[:-1] + ("}" if row["body"] == "{}" else f", {row['body'][1:]}")
