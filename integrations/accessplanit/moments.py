"""Moments as accessplanit writes them: without a zone, in the time of the customer's platform (a setting)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ].+)?", re.ASCII)
# .NET writes the year 1 where a date was never set.
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 9000
_STEP: Final = timedelta(minutes=15)
_STEPS: Final = 12


def read(text: str) -> datetime | None:
    """What was written, with a zone only where it has one; None for what is missing or no moment."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def instant(text: str, zone: ZoneInfo) -> datetime | None:
    """The same as aware UTC. Of an hour that there is twice it is the first: whoever reads on from there misses
    nothing."""
    found = read(text)
    if found is None:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def day(text: str) -> date | None:
    """The business day that was written, whatever the zone."""
    found = read(text)
    return None if found is None else found.date()


def written_from(since: datetime, zone: ZoneInfo) -> str:
    """The earliest local time that anything at or after `since` (aware UTC) can have been written with.

    Where the clock goes back within the next three hours, what comes then is written with an earlier time.
    """
    begun = since.astimezone(UTC).replace(second=0, microsecond=0)
    next_quarter = begun - timedelta(minutes=begun.minute % 15) + _STEP
    later = [next_quarter + _STEP * step for step in range(_STEPS)]
    earliest = min(one.astimezone(zone).replace(tzinfo=None) for one in (since, *later))
    return earliest.isoformat(timespec="seconds")


def written_day(of: date) -> str:
    """The beginning of a day."""
    return f"{of.isoformat()}T00:00:00"
