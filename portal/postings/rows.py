"""Rows of a statement that is kept as text, as objects of the models, without the ORM having to build anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.utils.functional import cached_property

M = TypeVar("M", bound=models.Model)
Converter = Callable[[Any, Any, Any], Any]


class Columns(Generic[M]):
    """The columns of one model in a SELECT or RETURNING, and the way from their values to an object.

    `alias` is the table's name in the statement. `names` are attribute names (`transaction_id`); all columns when there
    are none. What is left out is read from the database should somebody ask for it.
    """

    def __init__(self, model: type[M], alias: str, names: Sequence[str] = ()) -> None:
        self._model = model
        self._fields = [field for field in model._meta.concrete_fields if not names or field.attname in names]
        self._names = [field.attname for field in self._fields]
        self.sql = ", ".join(f'{alias}."{field.column}"' for field in self._fields)

    def __len__(self) -> int:
        return len(self._names)

    def read(self, values: Sequence[Any]) -> M:
        """The object of these values, which stand in the order of `sql`."""
        row = list(values)
        for place, converters in self._converters:
            for convert in converters:
                row[place] = convert(row[place], None, connection)
        return self._model.from_db(connection.alias, self._names, row)

    @cached_property
    def _converters(self) -> list[tuple[int, list[Converter]]]:
        found = ((place, field.get_db_converters(connection)) for place, field in enumerate(self._fields))
        return [(place, converters) for place, converters in found if converters]
