"""Find what is due without the broker, and what a dead worker left behind. One thread in every worker process."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections
from django.db.models import Q, Window
from django.db.models.functions import RowNumber
from django.db.transaction import atomic
from django.utils import timezone

from portal.connections.models import Status
from portal.postings.changes import change
from portal.postings.models import Attempt, Posting
from portal.postings.quiet import outcome_unknown
from portal.postings.schedule import RECHECK_SECONDS
from portal.postings.states import LEASED, WAITING_FOR_THEIR_TIME, Actor, State
from portal.postings.work import run

logger = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
GRACE = timedelta(seconds=1)
BATCH = 200
DIED = "The worker that held it ended in mid-call. Whether it was booked is looked up."


def due_ids(now: datetime, limit: int = BATCH) -> list[int]:
    """Postings that wait for a worker at `now` (aware UTC), the longest waiting first, fairly: each connection's first
    come before any connection's second."""
    asked = Q(state=State.HELD, recheck_asked=True)
    waiting = Q(state__in=WAITING_FOR_THEIR_TIME, next_attempt_at__lte=now)
    usable = Q(connection__status=Status.LINKED, connection__paused=False)
    closed = Q(connection__open_until__isnull=True) | Q(connection__open_until__lte=now)
    turn = Window(RowNumber(), partition_by="connection_id", order_by="next_attempt_at")
    rows = (
        Posting.objects.filter(asked | waiting, usable, closed).annotate(turn=turn).order_by("turn", "next_attempt_at")
    )
    return list(rows.values_list("pk", flat=True)[:limit])


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
    with atomic():
        crashes = posting.crashes + 1
        if not change(posting, State.UNKNOWN, who=Actor.SWEEP, why=DIED, reason=DIED, crashes=crashes, **fields):
            return False
        Attempt.objects.filter(posting=posting, ended_at__isnull=True).update(
            ended_at=now, outcome="Died", message=DIED
        )
    return True


def sweep(now: datetime | None = None) -> int:
    """One pass in this thread: release the dead, run what is due. Returns how many postings were run."""
    now = now or timezone.now()
    release_dead(now)
    ids = due_ids(now)
    for posting_id in ids:
        run(posting_id)
    return len(ids)


class Sweeper(threading.Thread):
    """Sweeps every two seconds until stopped; runs what is due on a small pool of its own.

    A row is left to its nudge for the first second after it became due.
    """

    def __init__(self, threads: int | None = None) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(threads or settings.WORKER_THREADS, thread_name_prefix="sweep")
        self._running: set[int] = set()
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
            self._stopping.wait(EVERY_SECONDS)
        connections.close_all()

    def stop(self, *, wait: bool = True) -> None:
        """Take no more work; wait for what runs."""
        self._stopping.set()
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def _pass(self) -> None:
        close_old_connections()
        now = timezone.now()
        release_dead(now)
        for posting_id in due_ids(now - GRACE):
            if posting_id not in self._running and not self._stopping.is_set():
                self._running.add(posting_id)
                self._pool.submit(self._run_one, posting_id)
        self.last_pass_at = now
        self._failing = False

    def _run_one(self, posting_id: int) -> None:
        try:
            run(posting_id)
        except DatabaseError:
            logger.warning("The sweep could not run posting %s; it stays due.", posting_id, exc_info=True)
        finally:
            self._running.discard(posting_id)
            connections.close_all()
