"""When a posting is tried again, and when it is given to a person."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

SECOND, MINUTE, HOUR = 1, 60, 3600
DELAYS_SECONDS = (
    5 * SECOND, 30 * SECOND,
    2 * MINUTE, 10 * MINUTE, 30 * MINUTE,
    2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR,
)  # fmt: skip
JITTER = 0.2
RECHECK_SECONDS = 30
LEASE_SECONDS = 120
SEND_WITHIN_SECONDS = 30
CRASHES_BEFORE_HELD = 3
MISSES_BEFORE_ABSENT = 2


def next_try(now: datetime, tries: int, wished_seconds: float | None = None) -> datetime | None:
    """When to try after `tries` failures that count (1 or more), or None when the schedule is exhausted.

    A wish of the outside system (Retry-After, seconds) is honoured when it is later than our own delay.
    """
    if tries > len(DELAYS_SECONDS):
        return None
    delay = DELAYS_SECONDS[max(tries, 1) - 1] * (1 + random.uniform(0, JITTER))  # noqa: S311
    return now + timedelta(seconds=max(delay, wished_seconds or 0))


def after_a_free_delay(now: datetime, wished_seconds: float | None) -> datetime:
    """When to try after a delay that is no failure (a rate limit): the outside system's wish, or some seconds."""
    return now + timedelta(seconds=wished_seconds or DELAYS_SECONDS[0] * (1 + random.uniform(0, JITTER)))  # noqa: S311
