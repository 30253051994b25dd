"""What the stand-in for Demo Books knows by code: suppliers, accounts, tax codes, currencies, sites, dimensions.

Rows are numbered 1, 2 and so on per company and resource and are never deleted, only taken out of use. A page is a
range of those numbers, so that no row moves to another page while others change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.demo.checks import Refusal
from integrations.demo.rows import (
    INSERT,
    RESOURCES,
    SCHEMA,
    added,
    adopt,
    changed,
    furnish,
    highest,
    row_from,
    row_of,
    text,
)
from integrations.exact import from_json, to_json
from integrations.sandbox import Store

PAGE_SIZE: Final = 500
MOST_AT_ONCE: Final = 1_000_000
_LONGEST: Final = 1000
_REVISION: Final = re.compile(r" \(revision (\d+)\)\Z")


class Catalogue:
    """The rows of all companies, each company's furnished when it is first asked for."""

    def __init__(self, state: Store) -> None:
        self._state = state
        state.create(SCHEMA)
        with state.transaction() as database:
            adopt(database)

    def page(self, company: str, resource: str, number: int) -> str:
        """One page as JSON, in the order of numbers: the rows, and `next_page`, null on the last."""
        last = number * PAGE_SIZE
        query = "SELECT * FROM record WHERE company = ? AND resource = ? AND id > ? AND id <= ? ORDER BY id"
        with self._state.transaction() as database:
            furnish(database, company)
            rows = database.execute(query, (company, resource, last - PAGE_SIZE, last)).fetchall()
            more = highest(database, company, resource) > last
        told = ", ".join(text(row) for row in rows)
        return f'{{"{member(resource)}": [{told}], "next_page": {number + 1 if more else "null"}}}'

    def rows(self, company: str, resource: str, *, most: int) -> list[dict[str, Any]]:
        """The newest rows, for people."""
        query = "SELECT * FROM record WHERE company = ? AND resource = ? ORDER BY id DESC LIMIT ?"
        with self._state.transaction() as database:
            furnish(database, company)
            return [from_json(text(row)) for row in database.execute(query, (company, resource, most))]

    def names(self, company: str) -> dict[str, str]:
        """The names of all accounts and tax codes by their codes."""
        query = "SELECT code, name FROM record WHERE company = ? AND resource IN ('accounts', 'tax-codes')"
        with self._state.transaction() as database:
            return {row["code"]: row["name"] for row in database.execute(query, (company,))}

    def count(self, company: str, resource: str) -> int:
        """How many rows there are, in use or not."""
        with self._state.transaction() as database:
            furnish(database, company)
            return highest(database, company, resource)

    def add(self, company: str, resource: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """Make a row. Raises `Refusal`: 409 for a code that is there, 422 for what no row can have."""
        _check(resource, row, is_new=True)
        with self._state.transaction() as database:
            furnish(database, company)
            return added(database, company, resource, row)

    def change(self, company: str, resource: str, row_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change the given members of a row; null takes a detail away. Raises `Refusal`: 404, or 422."""
        _check(resource, changes, is_new=False)
        with self._state.transaction() as database:
            furnish(database, company)
            return changed(database, row_of(database, company, resource, row_id), changes)

    def generate(self, company: str, count: int) -> int:
        """Make so many suppliers at once; how many suppliers there are then."""
        _check_count(count)
        with self._state.transaction() as database:
            furnish(database, company)
            first = highest(database, company, "suppliers") + 1
            made = (_generated(company, number) for number in range(first, first + count))
            database.executemany(INSERT.replace("INSERT", "INSERT OR IGNORE"), made)
            return highest(database, company, "suppliers")

    def change_many(self, company: str, count: int, *, active: bool | None = None) -> list[str]:
        """Rename so many suppliers, spread over all of them, or take them out of use or back; their codes."""
        _check_count(count)
        with self._state.transaction() as database:
            furnish(database, company)
            there = highest(database, company, "suppliers")
            places = {1 + position * there // count for position in range(count)} if there else set()
            rows = {row["id"]: row for place in sorted(places) if (row := row_from(database, company, place))}
            for row in rows.values():
                changed(database, row, {"name": _renamed(row["name"])} if active is None else {"active": active})
        return [row["code"] for row in rows.values()]


def member(resource: str) -> str:
    """How the interface calls the list of a resource: `tax_codes`."""
    return resource.replace("-", "_")


def _generated(company: str, number: int) -> tuple[object, ...]:
    code, name = f"GEN-{number:06}", f"Generated Supplier {number:06} Ltd"
    body = {
        "address_1": f"{number % 200 + 1} Market Street",
        "town": "Leeds",
        "postcode": f"LS{number % 28 + 1} {number % 9 + 1}AA",
        "country": "GB",
        "email": f"accounts{number}@supplier.example",
        "payment_days": (14, 30, 60)[number % 3],
    }
    return company, "suppliers", number, "", code, name, name.casefold(), True, to_json(body)


def _renamed(name: str) -> str:
    """The same name with its next revision."""
    known = _REVISION.search(name)
    return f"{_REVISION.sub('', name)} (revision {int(known[1]) + 1 if known else 1})"


# --- what no row can have --------------------------------------------------------------------------------------------


def _check_count(count: object) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_AT_ONCE:
        raise Refusal("invalid", f"The count is a whole number from 1 to {MOST_AT_ONCE}.", "count")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= _LONGEST


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and value >= 0


_FITS: Final[Mapping[str, Callable[[object], bool]]] = {
    "active": _is_flag, "is_base": _is_flag, "rate": _is_number, "payment_days": _is_number,
}  # fmt: skip


def _check(resource: str, row: Mapping[str, Any], *, is_new: bool) -> None:
    fixed = ("code", "dimension") if resource == "dimensions" else ("code",)
    allowed = {"name", "active", *RESOURCES[resource], *(fixed if is_new else ())} - {"is_base"}
    for field, value in row.items():
        if field not in allowed:
            raise Refusal("invalid", f"A row of the {resource} has no {field} that can be set.", field)
        is_cleared = value in (None, "") and field in RESOURCES[resource]
        if not is_cleared and not _FITS.get(field, _is_text)(value):
            raise Refusal("invalid", f"{field} cannot have this value.", field)
    for field in ("name", *fixed) if is_new else ():
        if field not in row:
            raise Refusal("missing", f"The row has no {field}.", field)
