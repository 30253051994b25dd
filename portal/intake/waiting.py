"""Hold an answer back until the posting is settled, without holding a database connection or all web threads."""

from __future__ import annotations

import threading
import time

from django.conf import settings
from django.db import connection

from portal.postings.answer import is_settled
from portal.postings.waiting import wait_until

slots = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 2))


def wait_for(posting_id: int, seconds: float) -> None:
    """Wait at most `seconds` until the answer is certain. Not at all when half of the web threads wait already."""
    if seconds <= 0 or not slots.acquire(blocking=False):
        return
    deadline = time.monotonic() + seconds
    try:
        wait_until(
            posting_id, lambda: is_settled(posting_id, deadline - time.monotonic()), seconds, _give_up_connection
        )
    finally:
        slots.release()


def _give_up_connection() -> None:
    """A test's surrounding transaction keeps its connection; a real request has none open here."""
    if not connection.in_atomic_block:
        connection.close()
