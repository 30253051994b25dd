"""The rows of the reference lists: pages, refreshes in chunks with a continuation token, single edits and deletes."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integrations.exact import from_json, to_json
from integrations.icompleat.standin.faults import Faults
from integrations.icompleat.standin.lists import Listed, checked, key
from integrations.icompleat.standin.refusals import Broken, Code, Dropped, Refused
from integrations.sandbox import Store

PAGE: Final = 100
MOST_ITEMS: Final = 100
_INSERT: Final = "INSERT INTO listed (company_id, list, key, code, name, body) VALUES (?, ?, ?, ?, ?, ?)"
_NAMELESS: Final = "The data could not be saved."


@dataclass(frozen=True, slots=True)
class Place:
    """One list of one company. `name` is the list's, or the id of a custom field."""

    company_id: str
    name: str


class Rows:
    """All rows of all lists."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults
        # One chunk at a time: two with the same token must not both be taken.
        self._continuing = threading.Lock()

    def page(self, place: Place, page: int, size: int = PAGE) -> list[dict[str, Any]]:
        """One page, from 1, in the order in which the rows came; nothing past the end."""
        # The index alone finds the place; the rows before it are never read.
        question = (
            "SELECT body FROM listed WHERE position IN (SELECT position FROM listed WHERE company_id = ? AND list = ?"
            " ORDER BY position LIMIT ? OFFSET ?) ORDER BY position"
        )
        with self._store.transaction() as database:
            rows = database.execute(question, (*_at(place), size, (page - 1) * size)).fetchall()
        return [from_json(row["body"]) for row in rows]

    def all(self, place: Place) -> Iterator[dict[str, Any]]:
        """Every row, page by page."""
        page = 1
        while rows := self.page(place, page):
            yield from rows
            page += 1

    def count(self, place: Place) -> int:
        """How many rows there are."""
        question = "SELECT count(*) FROM listed INDEXED BY listed_in_order WHERE company_id = ? AND list = ?"
        with self._store.transaction() as database:
            (count,) = database.execute(question, _at(place)).fetchone()
        return int(count)

    def find(self, place: Place, words: str, page: int, size: int) -> list[dict[str, str]]:
        """One page of the codes and names that hold these letters, and one row more if there are more."""
        question = (
            "SELECT code, name FROM listed WHERE company_id = ? AND list = ?"
            " AND (code LIKE ? ESCAPE '!' OR name LIKE ? ESCAPE '!') ORDER BY position LIMIT ? OFFSET ?"
        )
        wanted = f"%{words.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        with self._store.transaction() as database:
            rows = database.execute(question, (*_at(place), wanted, wanted, size + 1, (page - 1) * size)).fetchall()
        return [dict(row) for row in rows]

    def row(self, place: Place, code: str) -> dict[str, Any] | None:
        """The row with this code, in any letter case."""
        question = "SELECT body FROM listed WHERE company_id = ? AND list = ? AND key = ?"
        with self._store.transaction() as database:
            row = database.execute(question, (*_at(place), key(code))).fetchone()
        return from_json(row["body"]) if row else None

    def seed(self, place: Place, rows: Sequence[Mapping[str, Any]]) -> None:
        """The rows that a new company starts with."""
        with self._store.transaction() as database:
            database.executemany(_INSERT, [_values(place, row) for row in rows])

    def forget(self, place: Place) -> None:
        """Take the whole list away."""
        with self._store.transaction() as database:
            _wipe(database, place)
            database.execute("DELETE FROM refreshes WHERE company_id = ? AND list = ?", _at(place))

    # one row

    def put(self, place: Place, listed: Listed, code: str, value: object) -> dict[str, Any]:
        """Change the row with this code, or make it. Raises `Refused` 20 or 23; gives the row."""
        if isinstance(value, Mapping):
            value = {"Code": code, **value}
        row = self._checked(listed, value, "")
        if key(row["Code"]) != key(code):
            raise Refused(Code.ROW_REFUSED, "Code is not the one in the address.")
        with self._store.transaction() as database:
            changed = database.execute(
                "UPDATE listed SET code = ?, name = ?, body = ? WHERE company_id = ? AND list = ? AND key = ?",
                (row["Code"], row["Name"], to_json(row), *_at(place), key(code)),
            ).rowcount
            if not changed and not self._faults.is_on("put_creates"):
                raise _unknown(listed, code)
            if not changed:
                database.execute(_INSERT, _values(place, row))
        return row

    def delete(self, place: Place, listed: Listed, code: str) -> None:
        """Take one row away. Raises `Refused` 23."""
        question = "DELETE FROM listed WHERE company_id = ? AND list = ? AND key = ?"
        with self._store.transaction() as database:
            if not database.execute(question, (*_at(place), key(code))).rowcount:
                raise _unknown(listed, code)

    # many rows

    def refresh(self, place: Place, listed: Listed, body: Mapping[str, Any]) -> str:
        """Store one chunk and give the token for the next. An empty token replaces the list, the newest one continues.

        Raises `Refused` 1, 20, 21 or 22, and then nothing of the chunk is stored and the token stays good.
        """
        given = body.get(listed.array)
        token = body.get("ContinuationToken")
        if not isinstance(given, list):
            raise Refused(Code.BAD_REQUEST, f"{listed.array} must be a list.")
        if not isinstance(token, str):
            raise Refused(Code.BAD_REQUEST, "ContinuationToken must be text; the first call sends an empty one.")
        if len(given) > MOST_ITEMS:
            raise Refused(Code.TOO_MANY_ITEMS, f"{listed.array} holds {len(given)} items; {MOST_ITEMS} are the most.")
        rows = [self._checked(listed, value, f"{listed.array}[{index}].") for index, value in enumerate(given)]
        return self._stored(place, listed, rows, token)

    def _stored(self, place: Place, listed: Listed, rows: list[dict[str, Any]], token: str) -> str:
        with self._continuing:
            chunk = self._chunk(place, token)
            self._spoil(chunk, "")
            newest = str(uuid.uuid4())
            with self._store.transaction() as database:
                if chunk == 1:
                    _wipe(database, place)
                self._refuse_doubles(database, place, listed, rows)
                database.executemany(_INSERT, [_values(place, row) for row in rows])
                database.execute("INSERT OR REPLACE INTO refreshes VALUES (?, ?, ?, ?)", (*_at(place), newest, chunk))
        self._spoil(chunk, "_stored")
        return newest

    def _chunk(self, place: Place, token: str) -> int:
        """Which chunk this is, from 1."""
        if not token:
            return 1
        question = "SELECT token, chunks FROM refreshes WHERE company_id = ? AND list = ?"
        with self._store.transaction() as database:
            known = database.execute(question, _at(place)).fetchone()
        if self._faults.take("forget_continuation") or known is None or known["token"] != token.lower():
            raise Refused(Code.UNKNOWN_CONTINUATION, "The ContinuationToken is unknown or was used before.")
        return int(known["chunks"]) + 1

    def _spoil(self, chunk: int, when: str) -> None:
        if self._faults.take_chunk(f"chunk_error{when}", chunk):
            raise Broken
        if self._faults.take_chunk(f"chunk_drop{when}", chunk):
            raise Dropped

    def _refuse_doubles(
        self, database: sqlite3.Connection, place: Place, listed: Listed, rows: list[dict[str, Any]]
    ) -> None:
        """Codes that are in this chunk twice, or came in a chunk before."""
        seen: set[str] = set()
        question = "SELECT 1 FROM listed WHERE company_id = ? AND list = ? AND key = ?"
        for index, row in enumerate(rows):
            mine = key(row["Code"])
            if mine in seen or database.execute(question, (*_at(place), mine)).fetchone():
                sentence = f"{listed.array}[{index}].Code {row['Code']} is there twice."
                raise Refused(Code.ROW_REFUSED, self._sentence(sentence))
            seen.add(mine)

    def _checked(self, listed: Listed, value: object, place: str) -> dict[str, Any]:
        try:
            row = checked(listed, value, place)
        except Refused as refused:
            raise Refused(refused.code, self._sentence(str(refused))) from None
        if row["Code"] in self._faults.text("refused_codes").split():
            raise Refused(Code.ROW_REFUSED, self._sentence(f"{place}Code {row['Code']} is not accepted."))
        return row

    def _sentence(self, sentence: str) -> str:
        return _NAMELESS if self._faults.is_on("nameless_refusals") else sentence


def _at(place: Place) -> tuple[str, str]:
    return place.company_id, place.name


def _values(place: Place, row: Mapping[str, Any]) -> tuple[str, ...]:
    return *_at(place), key(row["Code"]), row["Code"], row["Name"], to_json(row)


def _wipe(database: sqlite3.Connection, place: Place) -> None:
    database.execute("DELETE FROM listed WHERE company_id = ? AND list = ?", _at(place))


def _unknown(listed: Listed, code: str) -> Refused:
    return Refused(Code.UNKNOWN_CODE, f"There is no {listed.item} with the code {code}.")
