"""The four ways in which iCompleat writes a moment; see the README of this folder."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

from integrations.icompleat.reading import Node

_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ].+)?", re.ASCII)
# .NET writes the year 1 where a date was never set.
_FIRST_YEAR: Final = 1900


def moment(node: Node) -> datetime | None:
    """An instant in UTC; without a zone it is taken as UTC. None where it is missing or cannot be read."""
    read = _read(node)
    if read is None:
        return None
    try:
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except OverflowError:
        return None


def business_date(node: Node) -> date | None:
    """The day that was written, whatever the zone: midnight in London must not become the day before. None as above."""
    read = _read(node)
    return None if read is None else read.date()


def _read(node: Node) -> datetime | None:
    value = node.value
    if not isinstance(value, str) or not _MOMENT.fullmatch(value.strip()):
        return None
    try:
        read = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return read if read.year >= _FIRST_YEAR else None
