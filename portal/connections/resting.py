"""Leave something that just failed alone for a while, so that not every caller pays for its time-out."""

from __future__ import annotations

import time


class Resting:
    """After `rest()` this is resting for `seconds`. Threads may share one."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = float("-inf")

    def rest(self) -> None:
        """It failed: rest from now on."""
        self._until = time.monotonic() + self._seconds

    @property
    def is_resting(self) -> bool:
        """Whether it failed within the last `seconds`."""
        return time.monotonic() < self._until
