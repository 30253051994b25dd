"""Reconcile one source: read what it lists, judge it batch by batch, and write how far it came and how it went."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeVar

from django.conf import settings
from django.db import Error as DatabaseError

from integrations.base import Source
from integrations.documents import Stage
from integrations.errors import IntegrationError, Unauthorised
from integrations.standing import Page, Standing
from portal import context
from portal.connections.services import deauthorise
from portal.intake.reconciliation import asking, reading
from portal.intake.reconciliation.comparing import BATCH, Comparison, resolve_gone, resolve_settled
from portal.intake.reconciliation.leases import Lease, TakenOver, take
from portal.intake.reconciliation.models import SourceRun, SourceRunState
from portal.intake.reconciliation.reading import START, Order, Place
from portal.postings.work import stopping

T = TypeVar("T")

logger = logging.getLogger(__name__)

BUG: Final = "An error on our side: {name}. The log has the details."
STAGES: Final = (Stage.APPROVED, Stage.DELETED)

# A run lasts for half an hour: a worker process keeps nearly all of its threads for postings.
_room = threading.BoundedSemaphore(max(1, settings.WORKER_THREADS // 8))


@dataclass(slots=True)
class Reading:
    """One run at work. `clock` is monotonic, in seconds; after `seconds` the rest is left to the next run."""

    lease: Lease
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    seconds: float = asking.READS_FOR_SECONDS
    comparison: Comparison = field(init=False)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        live_at = self.run.connection.company.live_at
        self.comparison = Comparison(self.run, live_at or self.run.since)
        self.began = self.clock()

    @property
    def run(self) -> SourceRun:
        """Where progress and counts are kept."""
        return self.lease.run

    def all(self) -> bool:
        """Read, judge, resolve. False when time was up before the end. Raises what the connector raises."""
        resolve_settled(self.run)
        with asking.opened(self.run.connection, self.lease.keep, sleep=self.sleep) as source:
            for stage in STAGES[STAGES.index(self._stage()) :]:
                if not self._list(source, stage):
                    return False
            resolve_gone(self.run, source, self._patiently)
        resolve_settled(self.run)  # what was on its way to us while its list was read
        return True

    def _list(self, source: Source, stage: Stage) -> bool:
        """One list, from where it was left off. What was judged is not read again; what was not, is."""

        def ask(number: int) -> Page:
            return self._patiently(lambda: source.listed(number, stage=stage))

        batch: list[Standing] = []
        for step in reading.read(ask, self.run.since, self._place()):
            batch += step.rows
            self.run.read += len(step.rows)
            is_time = step.then is not None and self.clock() - self.began > self.seconds
            if len(batch) >= BATCH or step.then is None or is_time:
                self._judge(stage, batch, step.then)
                batch = []
            if is_time:
                return False
        return True

    def _judge(self, stage: Stage, batch: Sequence[Standing], then: Place | None) -> None:
        self.comparison.judge(stage, batch)
        following = dict(pairwise(STAGES)).get(stage)
        if then is not None:
            self.run.position = {"stage": stage.value, "order": then.order.value, "page": then.page}
        elif following is not None:
            self.run.position = {"stage": following.value, "order": START.order.value, "page": START.page}
        else:
            self.run.position = {}
        self.lease.keep()

    def _patiently(self, ask: Callable[[], T]) -> T:
        self.run.calls += 1
        return asking.patiently(ask, self.lease.keep, self.sleep)

    def _stage(self) -> Stage:
        return Stage(self.run.position.get("stage", STAGES[0].value))

    def _place(self) -> Place:
        position = self.run.position
        return Place(Order(position["order"]), int(position["page"])) if position else START


def perform_where_there_is_room(run_id: int) -> None:
    """For a worker's thread: run it, and then what waits, as long as there is room. What finds none stays waiting."""
    following: int | None = run_id
    while following is not None:
        if not _room.acquire(blocking=False):
            return
        try:
            perform(following)
        finally:
            _room.release()
        following = None if stopping.is_set() else _next_waiting(following)


def perform(run_id: int) -> None:
    """Do a waiting run. Safe to call at any time and by anybody: what is not waiting any more is left alone."""
    lease = take(run_id)
    if lease is None:
        return
    with context.bound(source_run_id=run_id, company_id=lease.run.connection.company_id):
        go(Reading(lease))


def go(work: Reading) -> None:
    """Do the work of a run that was taken, and write how it went."""
    lease = work.lease
    try:
        is_whole = work.all()
    except TakenOver:
        logger.warning("stale_lease: another worker goes on with this connection.")
    except IntegrationError as error:
        _unread(lease, error)
    except DatabaseError:  # how it went cannot be written: it is abandoned when its lease runs out
        raise
    except Exception as error:
        logger.exception("The reconciliation with the source ended with an error of ours.")
        lease.end(SourceRunState.FAILED, error=BUG.format(name=type(error).__name__))
    else:
        lease.end(SourceRunState.FINISHED if is_whole else SourceRunState.PART)


def _unread(lease: Lease, error: IntegrationError) -> None:
    """No alarm by itself: it goes on in an hour. Credentials that are refused stop the connection, as always."""
    lease.end(SourceRunState.UNREAD, error=error.message)
    if isinstance(error, Unauthorised):
        deauthorise(lease.run.connection, who="reconciliation", why=error.message)


def _next_waiting(after: int) -> int | None:
    waiting = SourceRun.objects.filter(state=SourceRunState.WAITING, pk__gt=after).order_by("pk")
    return waiting.values_list("pk", flat=True).first()
