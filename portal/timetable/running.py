"""Run what is due. Any process may ask at any time; of those who ask at once, one runs it.

Celery's beat only rings: with none of it every worker asks by itself, and with three of it nothing runs twice.
"""

from __future__ import annotations

import logging
import os
import platform
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from portal.timetable import registry
from portal.timetable.models import Outcome, Slot
from portal.timetable.registry import Job
from portal.timetable.slots import newest

logger = logging.getLogger(__name__)

MOST_TRIES: Final = 3
TRIED_AGAIN_AFTER: Final = timedelta(minutes=1)
ENDED: Final = "The process that ran it ended each time."


@dataclass(frozen=True, slots=True)
class Run:
    """A slot that is ours until its lease runs out."""

    job: Job
    slot: Slot


def run_due(now: datetime | None = None, jobs: Iterable[Job] | None = None) -> int:
    """Run everything that is due at `now` (aware UTC), one after another in this thread. Returns how many were run."""
    now = now or timezone.now()
    taken = (take(job, now) for job in (registry.jobs() if jobs is None else jobs))
    return sum(perform(run) for run in taken if run is not None)


def take(job: Job, now: datetime) -> Run | None:
    """The job's newest slot, if it is due and ours; None when it is done, under way elsewhere, or taken by another.

    Open runs of one job never overlap: while one is under way, and its lease with it, the next slot waits.
    """
    due = newest(job.rule, job.zone, now)
    last = _last(job)
    if last is None:
        _write_off(job, due, now, Outcome.NEW)
        return None
    if last.finished_at is None:
        return _after_an_open_one(job, last, due, now)
    return _begin(job, due, now) if last.starts_at < due else None


def perform(run: Run) -> bool:
    """Run it and write down how it went. An error is kept and tried again, three times in all. Always True."""
    try:
        run.job.run(run.slot.starts_at)
    except Exception as error:
        logger.exception("timetable: %s failed, try %d.", run.slot, run.slot.tries)
        _failed(run, f"{type(error).__name__}: {error}"[:300])
    else:
        _finish(run, Outcome.DONE, problem="")
    return True


def release_all(now: datetime) -> int:
    """End every lease now. Only for whoever knows that the holders are dead. Returns how many."""
    return Slot.objects.filter(finished_at__isnull=True, lease_until__gt=now).update(lease_until=now)


def _last(job: Job) -> Slot | None:
    """The open slot, else the newest. A process that was held up may have begun one after a newer one was done."""
    slots = Slot.objects.filter(job=job.name)
    return slots.filter(finished_at__isnull=True).first() or slots.order_by("-starts_at").first()


def _after_an_open_one(job: Job, last: Slot, due: datetime, now: datetime) -> Run | None:
    """Somebody else's run is left alone; a dead or failed one is repeated, or closed when a newer slot is due."""
    if last.lease_until > now:
        return None
    if last.starts_at < due:
        closed = _close(last, now, Outcome.FAILED if last.problem else Outcome.DIED)
        return _begin(job, due, now) if closed else None
    if last.tries >= MOST_TRIES:
        _close(last, now, Outcome.FAILED, problem=last.problem or ENDED)
        return None
    return _take_over(job, last, now)


def _begin(job: Job, due: datetime, now: datetime) -> Run | None:
    if not job.make_up and now - due > job.rule.period / 2:
        _write_off(job, due, now, Outcome.MISSED)
        return None
    slot = Slot(job=job.name, starts_at=due, lease_until=now + job.lease, **_holder(now))
    if not _inserted(slot):
        return None
    if Slot.objects.filter(job=job.name, starts_at__gt=due).exists():
        _close(slot, now, Outcome.MISSED)
        return None
    return Run(job, slot)


def _write_off(job: Job, due: datetime, now: datetime, outcome: Outcome) -> None:
    _inserted(Slot(job=job.name, starts_at=due, lease_until=now, finished_at=now, outcome=outcome, **_holder(now)))


def _inserted(slot: Slot) -> bool:
    """Insert, or do nothing where the slot exists already: then its row carries another token."""
    Slot.objects.bulk_create([slot], ignore_conflicts=True)
    return Slot.objects.filter(job=slot.job, starts_at=slot.starts_at, token=slot.token).exists()


def _take_over(job: Job, last: Slot, now: datetime) -> Run | None:
    values = {"lease_until": now + job.lease, "tries": last.tries + 1, **_holder(now)}
    if not _held(last).update(**values):
        return None
    for name, value in values.items():
        setattr(last, name, value)
    return Run(job, last)


def _holder(now: datetime) -> dict[str, Any]:
    return {"taken_at": now, "taken_by": f"{platform.node()}:{os.getpid()}"[:200], "token": uuid.uuid4()}


def _failed(run: Run, problem: str) -> None:
    now = timezone.now()
    if run.slot.tries >= MOST_TRIES:
        _finish(run, Outcome.FAILED, problem=problem)
        return
    again_at = now + TRIED_AGAIN_AFTER * run.slot.tries
    _held(run.slot).update(problem=problem, lease_until=again_at)


def _finish(run: Run, outcome: Outcome, **fields: Any) -> None:
    if not _close(run.slot, timezone.now(), outcome, **fields):
        logger.warning("timetable: the lease of %s ran out before it ended; somebody else repeats it.", run.slot)


def _close(slot: Slot, now: datetime, outcome: Outcome, **fields: Any) -> bool:
    return bool(_held(slot).update(finished_at=now, outcome=outcome, **fields))


def _held(slot: Slot) -> Any:
    """The row while it is open and held by whom we think."""
    return Slot.objects.filter(job=slot.job, starts_at=slot.starts_at, token=slot.token, finished_at__isnull=True)
