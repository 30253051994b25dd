"""What of the portal's own works waits for a person: a job that is late or fails, a worker that fell silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from portal.events.waits import Begins, Found, Still, Wait, register
from portal.operations.models import Part, Sign
from portal.timetable.history import failing_slots, late_jobs

LATE, FAILED, SILENT = "timetable.late", "timetable.failed", "worker.silent"
SILENT_AFTER: Final = timedelta(minutes=2)

# A handful at most: the same question answers what begins and what still waits.
Asked = Callable[[datetime], Iterator[Found]]


def register_waits() -> None:
    """Let these kinds be watched."""
    register(
        Wait(
            kind=LATE,
            one="job that is late",
            many="jobs that are late",
            advice="It is more than two of its periods late. Do the workers run?",
            list_path=lambda: reverse("admin:timetable_slot_changelist"),
            begins=_begins(_late),
            still=_still(_late),
        )
    )
    register(
        Wait(
            kind=FAILED,
            one="job that failed",
            many="jobs that failed",
            advice="It was tried three times. The log has the details; it is tried again at its next time.",
            list_path=lambda: reverse("admin:timetable_slot_changelist"),
            begins=_begins(_failed),
            still=_still(_failed),
        )
    )
    register(
        Wait(
            kind=SILENT,
            one="worker that fell silent",
            many="workers that fell silent",
            advice="It ended without a word or hangs, and none has taken its place since.",
            list_path=lambda: reverse("admin:operations_sign_changelist"),
            begins=_begins(_silent),
            still=_still(_silent),
        )
    )


def _begins(ask: Asked) -> Begins:
    return lambda now, known: (one for one in ask(now) if one.subject_id not in known)


def _still(ask: Asked) -> Still:
    return lambda now, _: (one.subject_id for one in ask(now))


def _late(now: datetime) -> Iterator[Found]:
    for late in late_jobs(now):
        title = f"{late.job.name}: last done {late.last:%d %b %Y %H:%M} UTC"
        yield Found(subject_id=late.job.name, title=title, path=_slots_of(late.job.name), since=late.last)


def _failed(now: datetime) -> Iterator[Found]:
    """Only the error's class: what an error says may hold what a mail must not."""
    for slot in failing_slots():
        title = f"{slot.job}: {slot.problem.partition(':')[0]}"
        yield Found(subject_id=slot.job, title=title, path=_slots_of(slot.job), since=slot.finished_at or now)


def _silent(now: datetime) -> Iterator[Found]:
    for sign in silent_workers(now):
        title = f"{sign.process}: last seen {sign.seen_at:%d %b %Y %H:%M:%S} UTC"
        path = reverse("admin:operations_sign_change", args=[sign.pk])
        yield Found(subject_id=str(sign.pk), title=title, path=path, since=sign.seen_at)


def silent_workers(now: datetime) -> QuerySet[Sign]:
    """Workers that left no sign for two minutes and did not say goodbye, unless one that lives was started since."""
    workers = Sign.objects.filter(part=Part.WORKER)
    replaced = workers.filter(started_at__gt=OuterRef("seen_at"), seen_at__gte=now - SILENT_AFTER)
    return workers.filter(~Exists(replaced), seen_at__lt=now - SILENT_AFTER).order_by("seen_at")


def _slots_of(job: str) -> str:
    return f"{reverse('admin:timetable_slot_changelist')}?job__exact={job}"
