"""The webhooks' own thread in every worker process: it reads the logs and sends what is due, with or without a broker.

It looks every two seconds. The sending runs on a small pool of its own. Consumers that fail or are slow share half of
it, so that however many of them there are, the others do not wait.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from django.db import Error as DatabaseError
from django.db import close_old_connections, connections
from django.utils import timezone

from portal.events.webhooks.announcing import announce
from portal.events.webhooks.delivering import AT_ONCE, claim, deliver, due

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 2.0
THREADS: Final = 8
TURN_SECONDS: Final = 5.0
SLOW_SECONDS: Final = 2.0


def chosen(
    waiting: Sequence[tuple[uuid.UUID, bool]], busy: Counter[uuid.UUID], slow: Collection[uuid.UUID], threads: int
) -> list[uuid.UUID]:
    """Whose turn it is: the longest waiting first, each at most twice at once; those that are slow, or fail, have half
    of the `threads` together and one each. `waiting` are consumers, and whether each fails."""
    taken, held = list[uuid.UUID](), Counter(busy)
    failing = {consumer for consumer, fails in waiting if fails} | set(slow)
    for turn in range(1, AT_ONCE + 1):
        for consumer, _ in waiting:
            lags = consumer in failing
            lagging = sum(count for one, count in held.items() if one in failing)
            room = sum(held.values()) < threads and not (lags and lagging >= threads // 2)
            if room and held[consumer] < (1 if lags else turn):
                taken.append(consumer)
                held[consumer] += 1
    return taken


class Runner(threading.Thread):
    """Reads and sends until stopped."""

    def __init__(self, threads: int = THREADS) -> None:
        super().__init__(name="webhooks", daemon=True)
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="webhook")
        self._ending, self._wake = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._busy: Counter[uuid.UUID] = Counter()
        self._slow: set[uuid.UUID] = set()
        self._failing = False

    def run(self) -> None:
        while not self._ending.is_set():
            try:
                self._look(timezone.now())
                self._failing = False
            except DatabaseError:
                logger.warning("Webhooks could not be read; it is tried again.", exc_info=not self._failing)
                self._failing = True
            except Exception:
                # A bug in telling one thing must not end the thread that tells all others.
                logger.exception("webhooks: a pass failed.")
            finally:
                connections.close_all()
            self._wake.wait(EVERY_SECONDS)
            self._wake.clear()

    def stop(self, *, wait: bool = True) -> None:
        """Send nothing more; wait for what is being sent, fifteen seconds at most."""
        self._ending.set()
        self._wake.set()
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def _look(self, now: datetime) -> None:
        close_old_connections()
        try:
            announce(now)
        finally:
            self._send(timezone.now())

    def _send(self, now: datetime) -> None:
        with self._lock:
            busy, slow = Counter(self._busy), set(self._slow)
        if busy.total() >= self._threads:
            return
        for consumer in chosen(due(now), busy, slow, self._threads):
            if self._ending.is_set():
                return
            with self._lock:
                self._busy[consumer] += 1
            self._pool.submit(self._serve, consumer)

    def _serve(self, consumer: uuid.UUID) -> None:
        """One message after another of one consumer, for some seconds; then it is somebody else's turn."""
        end = time.monotonic() + TURN_SECONDS
        try:
            while not self._ending.is_set() and (row := claim(consumer, timezone.now())) is not None:
                took = deliver(row).milliseconds / 1000
                with self._lock:
                    (self._slow.add if took > SLOW_SECONDS else self._slow.discard)(consumer)
                if took > SLOW_SECONDS or time.monotonic() > end:
                    break
        except DatabaseError:
            logger.warning("webhooks: a message could not be settled; it is sent again.", exc_info=True)
        except Exception:
            logger.exception("webhooks: a message could not be sent.")
        finally:
            with self._lock:
                self._busy[consumer] -= 1
                self._busy += Counter()  # forgets those at zero
            connections.close_all()
            self._wake.set()
