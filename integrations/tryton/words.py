"""Tryton's notation of values, read and written: numbers, days, moments, and what a text may hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from integrations.documents import Document
from integrations.errors import Rejected

CHARACTERS: Final = 200
"""So much of a text that is shown on one line."""
_MOMENT: Final = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def number(value: Decimal) -> dict[str, str]:
    """An exact number."""
    return {"__class__": "Decimal", "decimal": format(value, "f")}


def date(document: Document) -> dt.date:
    """The date to book on. Raises `Rejected` for a document without any."""
    if document.day is None:
        raise Rejected("The document has no date. Give it one where it was entered.", field="date")
    return document.day


def date_told(on: dt.date) -> dict[str, Any]:
    """A day."""
    return {"__class__": "date", "year": on.year, "month": on.month, "day": on.day}


def moment(at: dt.datetime) -> dict[str, Any]:
    """A moment (aware), in UTC."""
    at = at.astimezone(dt.UTC)
    return {"__class__": "datetime", **{name: getattr(at, name) for name in _MOMENT}}


def one_line(text: str, most: int = CHARACTERS) -> str:
    """A text for a field of one line, which takes no control characters; cut to its length."""
    visible = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(visible.split())[:most].rstrip()


def like(text: str) -> str:
    """A text to be searched for as it is."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return text


def amount(value: object) -> Decimal | None:
    """A number that Tryton told; None where it told none."""
    told = value.get("decimal") if isinstance(value, Mapping) else value
    if isinstance(told, bool) or not isinstance(told, int | str | Decimal):
        return None
    try:
        read = Decimal(told)
    except InvalidOperation:
        return None
    return read if read.is_finite() else None


def instant(value: object) -> dt.datetime | None:
    """A moment that Tryton told, in UTC; None where it told none."""
    if not isinstance(value, Mapping):
        return None
    try:
        return dt.datetime(**{name: value[name] for name in _MOMENT}, tzinfo=dt.UTC)
    except (KeyError, TypeError, ValueError):
        return None


def day(value: object) -> dt.date | None:
    """A day that Tryton told; None where it told none."""
    if not isinstance(value, Mapping):
        return None
    try:
        return dt.date(value["year"], value["month"], value["day"])
    except (KeyError, TypeError, ValueError):
        return None


def word(value: object) -> str:
    """A text that Tryton told; empty where it told none."""
    return value if isinstance(value, str) else ""


def part(record: Mapping[str, Any], *names: str) -> Any:
    """What is found in a record by the way of `names`; None where the way ends."""
    found: Any = record
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
