"""The sync's own thread in every worker process: it finds what is due in the database, with or without a broker."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections
from django.utils import timezone

from portal.reference.sync.leases import release_dead, stopping
from portal.reference.sync.models import SyncRun, SyncState
from portal.reference.sync.running import perform
from portal.reference.sync.schedules import begin_due, ensure_new

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 3.0
STOPS_WITHIN_SECONDS: Final = 20.0
MOST_LOOKED_AT: Final = 500
QUEUED: Final = (SyncState.QUEUED, SyncState.PROCESSING_QUEUED)

_bell = threading.Condition()
_rings = 0


def ring() -> None:
    """Make this process's runner look now; nothing happens where there is none."""
    global _rings  # noqa: PLW0603 - one bell per process, for whichever thread listens
    with _bell:
        _rings += 1
        _bell.notify_all()


def due(now: datetime) -> list[tuple[int, uuid.UUID]]:
    """The runs that wait for a worker at `now` (aware UTC), with their connections, the longest waiting first."""
    waiting = SyncRun.objects.filter(state__in=QUEUED, next_try_at__lte=now).order_by("next_try_at", "id")
    return list(waiting.values_list("id", "connection_id")[:MOST_LOOKED_AT])


def in_turns(waiting: list[tuple[int, uuid.UUID]], busy: Counter[uuid.UUID], room: int, each: int) -> list[int]:
    """Which of the waiting runs are begun: those of the connection with the fewest under way first, `each` at most."""
    chosen, left, held = list[int](), list(waiting), Counter(busy)
    while left and len(chosen) < room:
        run_id, connection_id = min(left, key=lambda one: held[one[1]])
        if held[connection_id] >= each:
            break
        chosen.append(run_id)
        held[connection_id] += 1
        left.remove((run_id, connection_id))
    return chosen


def look(now: datetime | None = None) -> int:
    """One pass in this thread: what dead workers left, what schedules ask for, what is due. Returns how many ran."""
    now = now or timezone.now()
    release_dead(now)
    ensure_new()
    begin_due(now)
    return sum(perform(run_id) for run_id, _ in due(now))


class Runner(threading.Thread):
    """Looks every three seconds, and when the bell rings, until stopped. What is due runs on a small pool of its own;
    a connection holds at most half of it."""

    def __init__(self, threads: int | None = None) -> None:
        super().__init__(name="sync", daemon=True)
        self._threads = threads or max(1, settings.WORKER_THREADS // 4)
        self._each = max(1, self._threads // 2)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="sync")
        self._ending = threading.Event()
        self._running: dict[int, uuid.UUID] = {}
        self._heard = _rings
        self._failing = False

    def run(self) -> None:
        while not self._ending.is_set():
            try:
                self._look(timezone.now())
            except DatabaseError:
                logger.warning("The sync runs could not be read; it is tried again.", exc_info=not self._failing)
                self._failing = True
            finally:
                connections.close_all()
            self._wait()

    def stop(self, *, wait: bool = True) -> None:
        """Begin nothing more; what runs hands itself back at its next request."""
        self._ending.set()
        stopping.set()
        ring()
        self._pool.shutdown(wait=False, cancel_futures=True)
        if wait and self.is_alive():
            self.join(STOPS_WITHIN_SECONDS)

    def _look(self, now: datetime) -> None:
        close_old_connections()
        release_dead(now)
        ensure_new()
        begin_due(now)
        room = self._threads - len(self._running)
        found = dict(one for one in due(now) if one[0] not in self._running) if room else {}
        busy = Counter(self._running.values())
        for run_id in in_turns(list(found.items()), busy, room, self._each):
            if not self._ending.is_set():
                self._running[run_id] = found[run_id]
                self._pool.submit(self._run_one, run_id)
        self._failing = False

    def _run_one(self, run_id: int) -> None:
        try:
            perform(run_id)
        except DatabaseError:
            logger.warning("Sync %s could not be written; it goes on when its lease is over.", run_id, exc_info=True)
        finally:
            self._running.pop(run_id, None)
            connections.close_all()
            ring()

    def _wait(self) -> None:
        with _bell:
            _bell.wait_for(lambda: _rings != self._heard or self._ending.is_set(), EVERY_SECONDS)
            self._heard = _rings
