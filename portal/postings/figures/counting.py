"""Count what happened: read the logs on from the mark, add it to the days, mark and days in one transaction.

What a pass costs depends on what is new, never on how much there was before; whoever writes the logs pays nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from itertools import takewhile
from typing import Any, Final

from django.db.models import F, QuerySet
from django.db.transaction import atomic

from portal.postings.figures.adding import add
from portal.postings.figures.happenings import of_changes, of_revisions
from portal.postings.figures.models import Counting
from portal.postings.figures.settled import settled_before
from portal.postings.models import Revision, Transition

BATCH: Final = 1_000
PASS_SECONDS: Final = 30.0

Row = dict[str, Any]


def count(now: datetime, *, clock: Callable[[], float] = time.monotonic) -> int:
    """One pass over what is new at `now` (aware UTC), for half a minute at most; the next goes on behind it.

    Returns how many rows of the logs were read. It may be called again at any time, by many at once: each row is
    counted once. `clock` is monotonic, in seconds.
    """
    began, horizon, read = clock(), settled_before(now), 0
    counting = shown()
    while clock() - began < PASS_SECONDS:
        done, is_more = count_batch(counting.pk, horizon)
        read += done
        if not is_more:
            break
    return read


def shown() -> Counting:
    """The one whose figures are shown; the first call makes it."""
    found = Counting.objects.filter(is_shown=True).first()
    if found is None:
        Counting.objects.bulk_create([Counting(is_shown=True)], ignore_conflicts=True)
        found = Counting.objects.get(is_shown=True)
    return found


def count_batch(counting_id: int, horizon: datetime) -> tuple[int, bool]:
    """Count the next rows of both logs that are older than `horizon`: how many, and whether there may be more.

    The mark's row is locked meanwhile, so that of two who count at once the second goes on where the first has ended.
    A counting that is gone has nothing more to count.
    """
    with atomic():
        mark = Counting.objects.select_for_update().filter(pk=counting_id).first()
        if mark is None:
            return 0, False
        changes, more_changes = _settled(_changes(), mark.up_to, horizon)
        revisions, more_revisions = _settled(_revisions(), mark.revisions_up_to, horizon)
        add(mark, [*of_changes(changes), *of_revisions(revisions)])
        _move(mark, changes, revisions, horizon, is_more=more_changes or more_revisions)
    return len(changes) + len(revisions), more_changes or more_revisions


def _changes() -> QuerySet[Any, Any]:
    return Transition.objects.values("pk", "posting_id", "before", "after", moment=F("at"))


def _revisions() -> QuerySet[Any, Any]:
    """All of them, not the contested ones alone: the mark has to move on over the others, too."""
    return Revision.objects.values("pk", "state", "transaction_id", moment=F("received_at"))


def _settled(rows: QuerySet[Any, Any], mark: int, horizon: datetime) -> tuple[list[Row], bool]:
    """The next rows in the order of their ids, up to the first that is too young; and whether there may be more."""
    old = list(takewhile(lambda row: row["moment"] <= horizon, rows.filter(pk__gt=mark).order_by("pk")[:BATCH]))
    return old, len(old) == BATCH


def _move(mark: Counting, changes: list[Row], revisions: list[Row], horizon: datetime, *, is_more: bool) -> None:
    """The mark never goes back, nor does the moment that it tells: a log's times are not quite in the order of ids."""
    reached = horizon if not is_more else changes[-1]["moment"] if changes else mark.counted_to
    mark.up_to = changes[-1]["pk"] if changes else mark.up_to
    mark.revisions_up_to = revisions[-1]["pk"] if revisions else mark.revisions_up_to
    mark.counted_to = max(filter(None, (mark.counted_to, reached)), default=None)
    mark.save(update_fields=["up_to", "revisions_up_to", "counted_to"])
