"""When a handover is tried again: for a week, then it is given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
DELAYS: Final = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, *[DAY] * 7)


def delay_after(tries: int) -> timedelta | None:
    """How long to wait after so many failures that count (1 or more); None when the schedule is exhausted."""
    return DELAYS[max(tries, 1) - 1] if tries <= len(DELAYS) else None


def free_delay(wished_seconds: float | None) -> timedelta:
    """How long to wait where nothing failed (a rate limit, a pause): as long as the other side wishes, or a minute."""
    return max(MINUTE, timedelta(seconds=wished_seconds or 0))
