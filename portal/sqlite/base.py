"""The database back end `portal.sqlite`: Django's own, with turns at writing and connections that are kept.

One option more than Django's: `keep`, how many connections to a file stay open in this process while nobody uses them
(0, the default, closes each). `timeout` (seconds) bounds the wait for the turn, then SQLite's wait for other processes.
"""

from __future__ import annotations

import os
import re
import sqlite3
import weakref
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Self

from django.db.backends.sqlite3 import base

from portal.sqlite.creation import DatabaseCreation
from portal.sqlite.kept import FileId, Place, file_id, kept
from portal.sqlite.threads import open_here
from portal.sqlite.turns import Turn, WriteLock, lock_of

TIMEOUT_SECONDS = 5.0  # the default of `sqlite3.connect`
only_reads = re.compile(
    r"\s*(?:SELECT|EXPLAIN|PRAGMA|SAVEPOINT|RELEASE|ROLLBACK|COMMIT|END|BEGIN(?!\s+(?:IMMEDIATE|EXCLUSIVE)))\b",
    re.IGNORECASE,
).match


LONGEST_KEPT_QUERY = 10_000


@lru_cache(maxsize=500)
def with_question_marks(query: str) -> str:
    """Django's statement as SQLite wants it. The same few are run all day, and each costs a walk over its text."""
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class Cursor(base.SQLiteCursorWrapper):
    """Waits for the turn before a statement that may write, and gives it back once no transaction is open."""

    turn: Turn
    _rows: Iterator[Any] | None = None

    def execute(self, query: str, params: Any = None) -> Self:
        """Run one statement. Raises `sqlite3.OperationalError` when the turn does not come in time."""
        return self._in_turn(query, partial(super().execute, query, params))

    def executemany(self, query: str, param_list: Iterable[Any]) -> Self:
        """Run one statement with each of some parameters, in one turn. Raises as `execute` does."""
        return self._in_turn(query, partial(super().executemany, query, param_list))

    def _in_turn(self, query: str, run: Callable[[], object]) -> Self:
        self._rows = None
        if not self.turn.held:
            if only_reads(query):
                run()
                return self
            self.turn.take()
        try:
            run()
            if self.description and not self.connection.in_transaction:
                # Outside of a transaction SQLite commits only when the last row of RETURNING has been read.
                self._rows = iter(super().fetchall())
        finally:
            if not self.connection.in_transaction:
                self.turn.give_back()
        return self

    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        """Django's, remembered."""
        if param_names is None and len(query) <= LONGEST_KEPT_QUERY:
            return with_question_marks(query)
        return str(super().convert_query(query, param_names=param_names))

    def fetchone(self) -> Any:
        """The next row, or None."""
        return super().fetchone() if self._rows is None else next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next rows, `arraysize` of them unless told."""
        size = self.arraysize if size is None else size
        return super().fetchmany(size) if self._rows is None else list(islice(self._rows, size))

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return super().fetchall() if self._rows is None else list(self._rows)

    def __next__(self) -> Any:
        return super().__next__() if self._rows is None else next(self._rows)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection to SQLite. `close` hands an open file to whoever connects next in this process."""

    creation_class = DatabaseCreation

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keep = 0
        self._place = Place("", "")
        self._file: FileId | None = None
        self._turn = Turn(WriteLock(), TIMEOUT_SECONDS)
        self._cursors: weakref.WeakSet[Cursor] = weakref.WeakSet()
        self._altered = False
        self._open_there = open_here()

    # --- opening -----------------------------------------------------------------------------------------------------

    def get_connection_params(self) -> dict[str, Any]:
        """Django's, without our own option."""
        params: dict[str, Any] = super().get_connection_params()
        self._keep = params.pop("keep", 0)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        """One that was kept, else a new one with all its PRAGMAs."""
        name = os.fspath(conn_params["database"])
        self._place = Place(os.path.realpath(name), str(self.settings_dict["OPTIONS"]))
        connection = kept.take(self._place) or super().get_new_connection(conn_params)
        self._file, self._altered = file_id(self._place.path), False
        lock = WriteLock() if name == ":memory:" else lock_of(self._place.path)
        self._turn = Turn(lock, conn_params.get("timeout", TIMEOUT_SECONDS))
        self._cursors = weakref.WeakSet()
        self._open_there = open_here()
        self._open_there.add(self)
        return connection

    def create_cursor(self, name: str | None = None) -> Cursor:
        """A cursor that takes turns."""
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        cursor.turn = self._turn
        self._cursors.add(cursor)
        return cursor

    # --- the end of a transaction ------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Django's, then the next one may write."""
        try:
            super().commit()
        finally:
            self._give_back()

    def rollback(self) -> None:
        """Django's, then the next one may write."""
        try:
            super().rollback()
        finally:
            self._give_back()

    def set_autocommit(self, autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False) -> None:
        """Django's. Python commits what is open when autocommit comes back."""
        try:
            super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)
        finally:
            self._give_back()

    def _give_back(self) -> None:
        if self._turn.held and not self.connection.in_transaction:
            self._turn.give_back()

    # --- closing -----------------------------------------------------------------------------------------------------

    def disable_constraint_checking(self) -> bool:
        """Django's; a connection that was altered is not kept."""
        self._altered = True
        return bool(super().disable_constraint_checking())

    def close(self) -> None:
        """Hand the open file over, or close it as Django does."""
        self.validate_thread_sharing()
        if self.connection is None or self.is_in_memory_db():
            super().close()
            return
        try:
            if self._is_kept():
                self.connection = None
            super().close()
        finally:
            self._open_there.discard(self)
            self._turn.give_back()

    def _is_kept(self) -> bool:
        """Keep what the next one may use. An open cursor would hold its user in the past, so all are closed."""
        if self._file is None or self._altered or self.errors_occurred or self.in_atomic_block:
            return False
        if self.connection.in_transaction:
            return False
        for cursor in list(self._cursors):
            cursor.close()
        return kept.keep(self._place, self._file, self.connection, self._keep)

    def end_with_its_thread(self) -> None:
        """The thread that connected ends without having closed. What it shares with others stays open."""
        if not self.allow_thread_sharing:
            self.close()
