"""Whose turn it is: a run is taken by one worker under a lease, kept before each request, then ended or handed back.

A request takes at most 45 seconds, and none begins more than five seconds after the lease was renewed: whoever takes a
run over 50 seconds after its last renewal meets no request of the one before.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.errors import IntegrationError, LeaseLost
from integrations.reply import LOOKED_UP
from portal.connections.models import Connection, Status
from portal.idle import give_back_connection
from portal.monotonic import since_boot
from portal.reference.sync.models import LEASED_STATES, SourceList, SyncRun, SyncState

LEASE: Final = timedelta(seconds=50)
REQUEST_SECONDS: Final = 45.0
RENEWED_EVERY_SECONDS: Final = 2.0
SEND_WITHIN_SECONDS: Final = 5.0
NAP_SECONDS: Final = 1.0
MOST_DEATHS_FETCHING: Final = 5
PROGRESS: Final = (
    "done", "total", "dimension", "read", "added", "changed", "removed", "unchanged", "sent", "deleted", "refused",
    "calls",
)  # fmt: skip

TAKEN_OVER: Final = "This run was cancelled, or another worker goes on with it."
HELD_UP: Final = "The worker was held up for too long before sending; nothing was sent."
ENDING: Final = "The worker that ran it was stopped"
NOT_IN_USE: Final = "{connection} is paused or no longer linked"
DIED: Final = "the worker that ran it ended in the middle"
READ_AGAIN: Final = "Read again from the start in a moment: {why}."
GAVE_UP: Final = "Reading it ended a worker five times. The log has the details."

stopping = threading.Event()
"""Set when this process ends: whatever runs hands its run back at its next request."""


class Interrupted(IntegrationError):
    """Nothing is wrong with this run, but it cannot go on here and now: it is handed back."""


@dataclass(slots=True)
class Lease:
    """A run that is ours as long as `keep` says so. `clock` and `sleep` are in seconds."""

    run: SyncRun
    token: uuid.UUID
    renewed_at: float
    clock: Callable[[], float] = field(default_factory=lambda: since_boot)
    sleep: Callable[[float], None] = field(default_factory=lambda: time.sleep)
    problems: list[str] = field(default_factory=list)

    def keep(self) -> None:
        """Before each request, each wait and each batch: renew the lease and write the progress, every two seconds.

        Raises `LeaseLost` when it is no longer ours, `Interrupted` when it is to stop.
        """
        if stopping.is_set():
            raise Interrupted(ENDING)
        if self.clock() - self.renewed_at >= RENEWED_EVERY_SECONDS:
            self._renew()

    def still_ours(self) -> None:
        """Right before each request that writes. Raises `LeaseLost`: then no byte was sent."""
        self.keep()
        if not self._held().exists():
            raise LeaseLost(TAKEN_OVER)
        give_back_connection()
        if self.clock() - self.renewed_at > SEND_WITHIN_SECONDS:
            raise LeaseLost(HELD_UP)

    def count_call(self, _: object = None) -> None:
        """One request to the source was answered, or broke off."""
        self.run.calls += 1

    def wait(self, seconds: float) -> None:
        """Wait, and keep the run. Raises as `keep` does."""
        end = self.clock() + seconds
        while (left := end - self.clock()) > 0:
            give_back_connection()
            self.sleep(min(left, NAP_SECONDS))
            self.keep()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction in which the run's counts are written beside the rows, or nothing is when it is not ours."""
        with atomic():
            began = self.clock()
            yield
            if not self._held().update(lease_until=timezone.now() + LEASE, **self._progress()):
                raise LeaseLost(TAKEN_OVER)
        self.renewed_at = began

    def send_now(self) -> None:
        """From reading to sending: the same lease, and tries are counted anew."""
        self._move(SyncState.PROCESSING, tries=0, message="", next_try_at=None)

    def hand_back(self, state: SyncState, at: datetime, message: str, *, tries: int | None = None) -> None:
        """Back into the queue, due at `at` (aware UTC)."""
        tries = self.run.tries if tries is None else tries
        self._move(state, next_try_at=at, message=message, tries=tries, lease_token=None, lease_until=None)

    def ask_a_person(self, guard: list[dict[str, Any]], message: str) -> None:
        """Wait until somebody confirms; nothing is due meanwhile."""
        self._move(
            SyncState.VALIDATION_QUEUED, guard=guard, message=message, next_try_at=None, lease_token=None,
            lease_until=None, confirmed_by=None, confirmed_at=None,
        )  # fmt: skip

    def end(self, state: SyncState, message: str = "") -> None:
        """Write how it ended. Raises `LeaseLost` when it was not ours any more."""
        self._move(
            state, ended_at=timezone.now(), message=message, next_try_at=None, lease_token=None, lease_until=None
        )

    def _renew(self) -> None:
        began = self.clock()
        if not self._held().update(lease_until=timezone.now() + LEASE, **self._progress()):
            raise LeaseLost(TAKEN_OVER)
        self.renewed_at = began
        far = far_end(self.run)
        if not Connection.objects.filter(pk=far.pk, status=Status.LINKED, paused=False).exists():
            raise Interrupted(NOT_IN_USE.format(connection=far))

    def _move(self, state: SyncState, **fields: Any) -> None:
        if not self._held().update(state=state, **self._progress(), **fields):
            raise LeaseLost(TAKEN_OVER)
        for name, value in {"state": state, **fields}.items():
            setattr(self.run, name, value)

    def _progress(self) -> dict[str, Any]:
        return {name: getattr(self.run, name) for name in PROGRESS}

    def _held(self) -> QuerySet[SyncRun]:
        return SyncRun.objects.filter(pk=self.run.pk, lease_token=self.token)


def far_end(run: SyncRun) -> Connection:
    """The connection that the present stage talks to."""
    sends = run.state in (SyncState.PROCESSING, SyncState.PROCESSING_QUEUED)
    return run.source if sends and run.source is not None else run.connection


def lease_of(run: SyncRun, to: SyncState, now: datetime) -> Lease | None:
    """Take a queued run, from the state it was read in; None when somebody was faster."""
    began, token = since_boot(), uuid.uuid4()
    values = {
        "state": to, "lease_token": token, "lease_until": now + LEASE, "started_at": run.started_at or now,
        "next_try_at": None, "done": 0, "total": None,
    }  # fmt: skip
    if not SyncRun.objects.filter(pk=run.pk, state=run.state, next_try_at=run.next_try_at).update(**values):
        return None
    for name, value in values.items():
        setattr(run, name, value)
    return Lease(run, token, began)


def release_dead(now: datetime) -> int:
    """Runs whose lease ran out go back into the queue and are due at once. Returns how many."""
    dead = SyncRun.objects.filter(state__in=LEASED_STATES, lease_until__lte=now)
    return sum(_release(run, now) for run in dead)


def release_all(now: datetime) -> int:
    """End the leases of runs that only read. Only for whoever knows that the holders are dead. Returns how many.

    One that was sending keeps its own: a first chunk that the source still works on would wipe what is sent meanwhile.
    """
    return SyncRun.objects.filter(state=SyncState.FETCHING, lease_until__gt=now).update(lease_until=now)


def note_broken_off(run: SyncRun, now: datetime) -> bool:
    """Say on the lists that a replacement left incomplete since when they are. False when there are none."""
    if run.source_id is None:
        return False
    lists = SourceList.objects.filter(connection_id=run.source_id, kind=run.kind, is_incomplete=True)
    lists.filter(broke_off_at__isnull=True).update(broke_off_at=now)
    return lists.exists()


def broke_off(run: SyncRun, why: str, when: str, *, from_the_start: bool) -> str:
    """`Broke off at row 300 (why). It goes on by itself at 14:05 from the first row.`"""
    where = f"at row {run.done:,} " if run.done else ""
    again = " from the first row" if from_the_start else ""
    why = why.removesuffix(LOOKED_UP).rstrip(". ")
    return f"Broke off {where}({why}). It goes on by itself {when}{again}."


def _release(run: SyncRun, now: datetime) -> bool:
    with atomic():
        if run.state == SyncState.FETCHING:
            values = _read_again(run, now)
        else:
            incomplete = note_broken_off(run, now)
            message = broke_off(run, DIED, "now", from_the_start=incomplete)
            values = {"state": SyncState.PROCESSING_QUEUED, "next_try_at": now, "message": message}
        held = SyncRun.objects.filter(pk=run.pk, lease_token=run.lease_token, lease_until__lte=now)
        return bool(held.update(tries=F("tries") + 1, lease_token=None, lease_until=None, **values))


def _read_again(run: SyncRun, now: datetime) -> dict[str, Any]:
    if run.tries + 1 >= MOST_DEATHS_FETCHING:
        return {"state": SyncState.INTERNAL_ERROR, "ended_at": now, "next_try_at": None, "message": GAVE_UP}
    return {"state": SyncState.QUEUED, "next_try_at": now, "message": READ_AGAIN.format(why=DIED)}
