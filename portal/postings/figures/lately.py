"""The figures of a company to this moment, where it has few documents: those that no pass has counted yet are added.

A pass leaves two minutes out (`portal.postings.figures.settled`). Somebody whose first document was just booked would
see noughts until then. What is read for it is bounded: the company's latest documents and what happened to them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import F

from portal.postings.figures.buckets import added
from portal.postings.figures.buckets import counted as in_buckets
from portal.postings.figures.happenings import RECEIVED, Happening, of_changes, of_revisions
from portal.postings.figures.models import Counting
from portal.postings.figures.reading import DAYS, Figures, Report, counted, first_day, made_of
from portal.postings.models import Posting, Revision, Transaction, Transition

# A company that received no more in the days of a report has few; as many of its documents are looked at.
FEW: Final = 50


def report_now(company_id: UUID, today: date, now: datetime, days: int = DAYS) -> Report:
    """The same as `report`, in a number of queries that grows with nothing; up to `now` (aware UTC) for who has few."""
    since = first_day(today, days)
    counting, by_day = counted(company_id, since, today)
    counted_to = counting.counted_to if counting else None
    fresh = _fresh(company_id, counting) if sum(each.received for each in by_day.values()) <= FEW else []
    if fresh and sum(each.figure == RECEIVED for each in fresh) <= FEW:
        by_day = {**by_day, **_with(by_day, fresh)}
        counted_to = now
    return made_of(by_day, today, days, counted_to)


def _fresh(company_id: UUID, counting: Counting | None) -> list[Happening]:
    """What happened behind the mark to the latest documents: one more than few, so that more than few can be told."""
    latest = Transaction.objects.filter(company_id=company_id).order_by("-pk").values_list("pk", flat=True)
    ids = list(latest[: FEW + 1])
    postings = list(Posting.objects.filter(transaction_id__in=ids).order_by().values_list("pk", flat=True))
    changes: Any = Transition.objects.filter(posting_id__in=postings, pk__gt=counting.up_to if counting else 0)
    revisions: Any = Revision.objects.filter(transaction_id__in=ids, pk__gt=counting.revisions_up_to if counting else 0)
    return [
        *of_changes(list(changes.values("pk", "posting_id", "before", "after", moment=F("at")))),
        *of_revisions(list(revisions.values("pk", "state", "transaction_id", moment=F("received_at")))),
    ]


def _with(by_day: dict[date, Figures], fresh: Iterable[Happening]) -> dict[date, Figures]:
    """The days on which something happened, with that."""
    counts, lengths = defaultdict[date, Counter[str]](Counter), defaultdict[date, list[float]](list)
    for each in fresh:
        counts[each.day][each.figure] += 1
        if each.seconds is not None:
            lengths[each.day].append(each.seconds)
    found = {}
    for day, more in counts.items():
        before = by_day.get(day, Figures())
        sums = {name: getattr(before, name) + count for name, count in more.items()}
        found[day] = replace(before, **sums, seconds=added([before.seconds, in_buckets(lengths[day])]))
    return found
