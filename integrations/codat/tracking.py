"""Tracking categories: trees over there, of which only leaves may be named; dimensions with values on this side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from integrations.codat.lists import Row, is_active
from integrations.codat.values import text

OTHERS: Final = "Tracking category"
# Platforms without a tree put the kind before the id: CLASS_7, DEPARTMENT-100, costcode_3.
_PREFIX: Final = re.compile(r"([A-Za-z]{3,20})[_-].+")
# Deeper trees than that are circles.
_DEEPEST: Final = 20


class Tracking:
    """All tracking categories of a company, by what a document may call them."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = {key: row for row in rows if (key := text(row.get("id")))}
        self._parents = {text(row.get("parentId")) for row in rows if is_active(row)} - {""}
        self._values: dict[str, list[Row]] = {}
        for row in self.leaves():
            self._values.setdefault(self.dimension(row).casefold(), []).append(row)

    def leaves(self) -> Iterator[Row]:
        """Those that a document may name, inactive ones too."""
        return (row for key, row in self._rows.items() if not self._has_children(key, row))

    def dimension(self, row: Row) -> str:
        """The name of the topmost category above one; without any, the kind that its id begins with."""
        above, name = row, ""
        for _ in range(_DEEPEST):
            above = self._rows.get(text(above.get("parentId")), {})
            if not above:
                break
            name = text(above.get("name")) or name
        kind = _PREFIX.fullmatch(text(row.get("id")))
        return name or (kind[1].capitalize() if kind else OTHERS)

    def code(self, row: Row) -> str:
        """What a document names a value by: its name, or its id where another of its dimension is called so too."""
        name = text(row.get("name"))
        namesakes = [one for one in self._values[self.dimension(row).casefold()] if text(one.get("name")) == name]
        return name if name and len(namesakes) == 1 else text(row.get("id"))

    def found(self, dimension: str, code: str) -> Row | str | None:
        """The value that a document means; words for what is wrong with it; None where there is no such dimension."""
        row = self._rows.get(code)
        values = self._values.get(dimension.strip().casefold(), [])
        named = [row] if row else [one for one in values if text(one.get("name")).casefold() == code.casefold()]
        usable = [one for one in named if is_active(one)]
        if len(usable) == 1:
            return self._leaf(usable[0], code)
        if not values and not named:
            return None
        trouble = "is there several times" if usable else "is no longer in use" if named else "is not there"
        return f"the {dimension} {code[:60]} {trouble} in the accounting software. Map it to the right one."

    def _leaf(self, row: Row, code: str) -> Row | str:
        if self._has_children(text(row.get("id")), row):
            return (
                f"the tracking category {code[:60]} has others below it, and only those can be used. Map one of them."
            )
        return row

    def _has_children(self, key: str, row: Mapping[str, object]) -> bool:
        return row.get("hasChildren") is True or key in self._parents
