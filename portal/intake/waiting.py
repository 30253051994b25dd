"""Hold an answer back until the posting is settled, without holding a database connection or all web threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.conf import settings

from portal.idle import give_back_connection
from portal.postings.waiting import wait_until

slots = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 2))


def wait_for(
    posting_id: int, seconds: float, is_over: Callable[[float], bool], ring: Callable[[int], None] | None = None
) -> None:
    """Wait at most `seconds` until `is_over`, which is told how many are left. `ring` nudges a worker first.

    Not at all when half of the web threads wait already. Whoever rings is listening by then, and what was rung for this
    moment is not looked at before it moves.
    """
    if seconds <= 0 or not slots.acquire(blocking=False):
        if ring is not None:
            ring(posting_id)
        return
    deadline = time.monotonic() + seconds
    to_ring = [] if ring is None else [ring]

    def over() -> bool:
        if to_ring:
            to_ring.pop()(posting_id)
            return False
        return is_over(deadline - time.monotonic())

    try:
        wait_until(posting_id, over, seconds, give_back_connection)
    finally:
        slots.release()
