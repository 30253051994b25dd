"""What the timetable's rows tell: which job is late, which failed; and forgetting old rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from portal.timetable import registry
from portal.timetable.models import Outcome, Slot
from portal.timetable.registry import Job
from portal.timetable.slots import newest

LATE_AFTER_PERIODS: Final = 2
KEPT_AT_LEAST: Final = timedelta(days=1)
KEPT_PERIODS: Final = 60
IN_ORDER: Final = (Outcome.DONE, Outcome.NEW, Outcome.MISSED)


@dataclass(frozen=True, slots=True)
class Late:
    """A job whose slot of two periods ago, or a later one, should be done and is not. `last` is the newest done."""

    job: Job
    last: datetime
    overdue: timedelta


def late_jobs(now: datetime | None = None) -> list[Late]:
    """The jobs that are more than two periods late at `now` (aware UTC), whatever the reason: one query.

    A job without a row is new: no process has looked at the timetable since it was registered.
    """
    now, known = now or timezone.now(), registry.jobs()
    done = dict(
        Slot.objects.filter(job__in=[job.name for job in known], outcome__in=IN_ORDER)
        .order_by()
        .values_list("job")
        .annotate(newest=Max("starts_at"))
    )
    return [
        Late(job, done[job.name], now - done[job.name] - job.rule.period)
        for job in known
        if job.name in done and done[job.name] < newest(job.rule, job.zone, now - LATE_AFTER_PERIODS * job.rule.period)
    ]


def failing_slots() -> list[Slot]:
    """Of each job whose newest slot failed for good, that slot. One that was done again since is no more failing."""
    better = Slot.objects.filter(job=OuterRef("job"), starts_at__gt=OuterRef("starts_at"), outcome=Outcome.DONE)
    failed = Slot.objects.filter(~Exists(better), outcome=Outcome.FAILED, job__in=[job.name for job in registry.jobs()])
    return list({slot.job: slot for slot in failed.order_by("starts_at")}.values())


def prune(now: datetime | None = None) -> int:
    """Forget what is older than sixty periods of its job and than a day; of a job that is gone, all. Returns how many.

    The newest row of a registered job stays: it says that the job is not new.
    """
    now, known = now or timezone.now(), registry.jobs()
    gone = Slot.objects.filter(starts_at__lt=now - KEPT_AT_LEAST).exclude(job__in=[job.name for job in known])
    return gone.delete()[0] + sum(_prune(job, now) for job in known)


def _prune(job: Job, now: datetime) -> int:
    rows = Slot.objects.filter(job=job.name)
    stays = rows.order_by("-starts_at").values_list("starts_at", flat=True).first() or now
    before = min(stays, now - max(KEPT_AT_LEAST, job.rule.period * KEPT_PERIODS))
    return rows.filter(starts_at__lt=before, finished_at__isnull=False).delete()[0]
