"""One at a time for each company, in this process: whoever takes a number locks its series until the commit.

Without it a company's deliveries at once would queue up inside the database, where each wait holds a connection's row
locks, wakes others for nothing and makes PostgreSQL look at the row again. The lock of the row is the rule, between
processes too; this only keeps the queue short, so a wait that lasts ends by going on without a turn.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection

WAIT_SECONDS: Final = 2.0
# Companies share them by chance: then two of them take turns, which costs little.
_locks: Final = tuple(threading.Lock() for _ in range(64))


@contextmanager
def turn(company_id: uuid.UUID) -> Iterator[None]:
    """Around the transaction that takes a number. Inside of one it is too late to queue: there it does nothing."""
    if connection.in_atomic_block:
        yield
        return
    lock = _locks[hash(company_id) % len(_locks)]
    held = lock.acquire(timeout=WAIT_SECONDS)
    try:
        yield
    finally:
        if held:
            lock.release()
