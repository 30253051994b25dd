"""Statements whose text is kept: the ORM would write each anew for every document, which costs more than running it.

Both databases run them. Values go in as the ORM's fields would hand them over.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

from ledger.models import Books

ROWS_AT_A_TIME = 500


def rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run one statement; give its rows, none for one that has no result. Raises the errors of `django.db`."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall()) if cursor.description else []


def column_value(books: Books) -> Any:
    """The books' id as this database keeps it in a column."""
    return books._meta.pk.get_db_prep_value(books.pk, connection)


def insert(new: Sequence[Model]) -> None:
    """Insert rows of one model, 500 in a statement. They get no primary key."""
    for start in range(0, len(new), ROWS_AT_A_TIME):
        some = new[start : start + ROWS_AT_A_TIME]
        rows(_insert(type(some[0]), len(some)), *(value for row in some for value in _values(row)))
        for row in some:
            _is_there(row)


def insert_unless_there(new: Model) -> bool:
    """Insert one row and give it its primary key. False when a unique constraint knows another row like it."""
    made = rows(f"{_insert(type(new), 1)} ON CONFLICT DO NOTHING RETURNING id", *_values(new))
    if made:
        new.pk = made[0][0]
        _is_there(new)
    return bool(made)


@lru_cache(maxsize=100)
def _insert(model: type[Model], count: int) -> str:
    columns = [str(field.column) for field in _fields(model)]
    row = f"({', '.join(['%s'] * len(columns))})"
    into = f"{model._meta.db_table} ({', '.join(columns)})"
    return f"INSERT INTO {into} VALUES {', '.join([row] * count)}"  # noqa: S608 - the models' own names


@lru_cache(maxsize=10)
def _fields(model: type[Model]) -> tuple[Field[Any, Any], ...]:
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)


def _values(row: Model) -> list[Any]:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in _fields(type(row))]


def _is_there(row: Model) -> None:
    row._state.adding, row._state.db = False, connection.alias
