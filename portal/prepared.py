"""Statements whose text is kept in the code, for the few places where every webhook passes.

The ORM writes each of its statements anew, and PostgreSQL plans it anew; these are prepared once per connection. Only
PostgreSQL runs them. Whoever has one has the same in the ORM's words beside it, for SQLite and for every case that is
not the usual one, and a test that compares what the two leave behind. The texts stand in the `statements.py` of their
room.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, LiteralString, Self

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.transaction import atomic
from psycopg.types.numeric import Int8


@cache
def can_run() -> bool:
    """Whether this database runs such statements."""
    return connection.vendor == "postgresql"


class _PlannedAnew(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **_: Any) -> Self:
        return super().execute(query, params, prepare=False)


def run(statement: LiteralString, values: dict[str, Any], *, plan_anew: bool = False) -> tuple[Any, ...] | None:
    """Run one statement; gives its first row, or None where there is none. Raises the errors of `django.db`.

    `plan_anew` is for what looks through many rows, and not for each webhook: its plan must fit the tables of today.

    Outside of `atomic` it is a transaction of its own, committed when this returns. Values are bound by the server, so
    the text stays the same and prepared (`prepare_threshold` in the settings). Columns come as the driver reads them:
    JSON as text, money as whole ten-thousandths.
    """
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    # Django's own cursor writes the values into the text, and then there is nothing to prepare. Whole numbers go as one
    # type: the driver would choose one by their size, and each mixture of types would be another statement to prepare.
    bare: Any = (_PlannedAnew if plan_anew else psycopg.Cursor)(database.connection)
    cursor = database.make_debug_cursor(bare) if database.queries_logged else database.make_cursor(bare)
    cursor.execute(statement, {name: Int8(value) if type(value) is int else value for name, value in values.items()})
    row: tuple[Any, ...] | None = bare.fetchone()
    return row


def refusable() -> AbstractContextManager[Any]:
    """Around a statement that may be refused: inside of `atomic` it needs a savepoint, alone it needs nothing."""
    return atomic() if connection.in_atomic_block else nullcontext()
