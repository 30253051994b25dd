"""What a staff page shows beneath or instead of a form: facts, tables and texts, prepared in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html

from portal.staff.formats import NOTHING


@dataclass(frozen=True, slots=True)
class Fact:
    """One value with its name. A plain string is escaped by the template; a long one is `wide`."""

    label: str
    value: str
    wide: bool = False

    @property
    def shown(self) -> str:
        """The value, or a dash where there is none."""
        return self.value or NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under a heading line. `numeric` names the columns (from zero) that are right-aligned."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    foot: Sequence[str] = ()
    empty: str = "Nothing yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a page: a heading, then whatever of the rest it has, in this order."""

    title: str
    note: str = ""
    facts: Sequence[Fact] = ()
    html: str = ""
    table: Table | None = None
    columns: Sequence[Section] = ()


def differences(rows: Sequence[Sequence[Any]], *, ours: str, theirs: str) -> Table:
    """A field-by-field difference as it is stored: `[field, ours, theirs]`."""
    shown = [(_field(name), _value(mine), _value(other)) for name, mine, other in rows]
    return Table(head=("Field", ours, theirs), rows=shown, empty="No field differs.")


def _field(name: Any) -> str:
    return format_html("<code>{}</code>", name)


def _value(value: Any) -> str:
    return NOTHING if value in (None, "") else str(value)
