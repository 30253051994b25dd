"""Forget the history that has had its time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet

from portal.reference.sync.models import OPEN_STATES, SyncChange, SyncRun

CHANGES_KEPT: Final = timedelta(days=90)
RUNS_KEPT: Final = timedelta(days=365)
BATCH: Final = 1_000
MOST_BATCHES: Final = 20


def prune(now: datetime) -> dict[str, int]:
    """One pass: the changes of runs that ended more than 90 days before `now` (aware UTC), and runs that ended more
    than a year before, except the latest of each connection and kind. Returns how many rows of what were deleted."""
    old = SyncChange.objects.filter(run__ended_at__lt=now - CHANGES_KEPT)
    later = SyncRun.objects.filter(connection=OuterRef("connection"), kind=OuterRef("kind"), id__gt=OuterRef("id"))
    ended = SyncRun.objects.filter(ended_at__lt=now - RUNS_KEPT).exclude(state__in=OPEN_STATES)
    return {
        "sync changes deleted": _delete(old),
        "sync runs deleted": _delete(ended.filter(Exists(later), ~Exists(_changes()))),
    }


def _changes() -> QuerySet[SyncChange]:
    return SyncChange.objects.filter(run=OuterRef("pk"))


def _delete(rows: QuerySet[Any]) -> int:
    deleted = 0
    for _ in range(MOST_BATCHES):
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        rows.model.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
        if len(ids) < BATCH:
            break
    return deleted
