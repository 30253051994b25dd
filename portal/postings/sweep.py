"""Find what is due without the broker, and what a dead worker left behind. One thread in every worker process."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections
from django.db.transaction import atomic
from django.utils import timezone

from portal.connections.limits import give_back
from portal.connections.registry import system
from portal.postings.changes import change
from portal.postings.due import Where, due
from portal.postings.models import Attempt, Posting
from portal.postings.quiet import outcome_unknown
from portal.postings.schedule import RECHECK_SECONDS
from portal.postings.shares import shares
from portal.postings.states import LEASED, Actor, State
from portal.postings.tally import tally
from portal.postings.work import run

logger = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
GRACE = timedelta(seconds=1)
BATCH = 200
DIED = "The worker that held it ended in mid-call. Whether it was booked is looked up."


def due_ids(now: datetime, limit: int = BATCH) -> list[int]:
    """Postings that wait for a worker at `now` (aware UTC), in the order in which they are taken."""
    return [posting_id for posting_id, _ in due(now, limit=limit, each=limit)]


def release_dead(now: datetime) -> int:
    """Postings whose lease ran out: their outcome is unknown. Returns how many."""
    dead = Posting.objects.filter(state__in=LEASED, lease_until__lt=now).select_related("connection")
    return sum(_release(posting, now) for posting in dead.order_by("lease_until")[:BATCH])


def _release(posting: Posting, now: datetime) -> bool:
    """A call that was cut off may still be committed over there; a lookup that was cut off is simply done again."""
    if posting.state == State.SENDING:
        fields = outcome_unknown(posting, now)
    else:
        fields = {"next_attempt_at": now + timedelta(seconds=RECHECK_SECONDS)}
    lease = posting.lease_token
    with atomic():
        crashes = posting.crashes + 1
        if not change(posting, State.UNKNOWN, who=Actor.SWEEP, why=DIED, reason=DIED, crashes=crashes, **fields):
            return False
        Attempt.objects.filter(posting=posting, ended_at__isnull=True).update(
            ended_at=now, outcome="Died", message=DIED
        )
    if lease is not None:
        give_back(posting.connection_id, system(posting.connection.integration), lease)
    return True


def sweep(now: datetime | None = None) -> int:
    """One pass in this thread: release the dead, run what is due. Returns how many were found due."""
    now = now or timezone.now()
    release_dead(now)
    found = due(now, limit=BATCH, each=BATCH)
    for posting_id, where in found:
        run(posting_id, where)
    return len(found)


class Sweeper(threading.Thread):
    """Sweeps every two seconds until stopped, and at once while there is more and something gets done.

    What is due runs on a small pool of its own. A row is left to its nudge for the first second after it became due.
    """

    def __init__(self, threads: int | None = None) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._threads = threads or settings.WORKER_THREADS
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="sweep")
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._running: set[int] = set()
        self._fruitless: set[uuid.UUID] = set()
        self._next_round = 0.0
        self._more = False
        self.last_pass_at: datetime | None = None
        self._failing = False

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._pass()
            except DatabaseError:
                logger.warning("The sweep could not read the database; it tries again.", exc_info=not self._failing)
                self._failing = True
                connections.close_all()
            self._wake.wait(EVERY_SECONDS)
            self._wake.clear()
        connections.close_all()

    def stop(self, *, wait: bool = True) -> None:
        """Take no more work; wait for what runs."""
        self._stopping.set()
        self._wake.set()
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def _pass(self) -> None:
        close_old_connections()
        now = timezone.now()
        if time.monotonic() >= self._next_round:
            self._next_round = time.monotonic() + EVERY_SECONDS
            self._fruitless.clear()
            release_dead(now)
        room = 2 * self._threads - len(self._running)
        found = due(now - GRACE, limit=room, each=self._threads, without=shares.full() | self._fruitless)
        for posting_id, where in found:
            if posting_id not in self._running and not self._stopping.is_set():
                self._running.add(posting_id)
                self._pool.submit(self._run_one, posting_id, where)
        self._more = len(found) >= room
        self.last_pass_at = now
        self._failing = False

    def _run_one(self, posting_id: int, where: Where) -> None:
        try:
            ran = run(posting_id, where)
            tally.add(by_sweep=ran)
            if not ran:
                self._fruitless.add(where.connection_id)
        except DatabaseError:
            self._fruitless.add(where.connection_id)
            logger.warning("The sweep could not run posting %s; it stays due.", posting_id, exc_info=True)
        finally:
            self._running.discard(posting_id)
            connections.close_all()
            if self._more and len(self._running) <= self._threads // 2:
                self._wake.set()
