"""When a message is tried again, and when no more. All lengths of time are in seconds or `timedelta`s."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

# After the first try, after the second …: 28 hours in all, as Codat does it.
PAUSES_SECONDS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
MOST_TRIES: Final = len(PAUSES_SECONDS) + 1
JITTER: Final = 0.1
LONGEST_WISH_SECONDS: Final = 3_600.0
"""How long a `Retry-After` is respected."""
DISABLED_AFTER: Final = timedelta(days=5)


def pause(tries: int, wish: float | None = None) -> timedelta | None:
    """How long to wait after the `tries`-th try failed, up to a tenth longer than the table; None: given up.

    `wish` is what the other side asked for, in seconds; it makes the pause longer, never shorter.
    """
    if tries >= MOST_TRIES:
        return None
    by_table = PAUSES_SECONDS[max(tries, 1) - 1] * (1 + random.uniform(0, JITTER))  # noqa: S311 - no secret
    return timedelta(seconds=max(by_table, min(wish or 0.0, LONGEST_WISH_SECONDS)))
