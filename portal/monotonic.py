"""A clock for leases: whoever was frozen, or slept with its machine, sees that time has gone by."""

from __future__ import annotations

import time


def since_boot() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine sleeps where the system has one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
