"""Add what happened to the rows of its days."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

from portal.postings.figures.buckets import added, counted
from portal.postings.figures.happenings import Happening
from portal.postings.figures.models import Counting, DayFigures

COUNTS: Final = ("received", "posted", "rejected", "held", "withdrawn", "voided", "contested")
Key = tuple[UUID, date]


def add(counting: Counting, happenings: Iterable[Happening]) -> None:
    """Add them to the days of a counting whose row the caller has locked: nobody else adds to these meanwhile."""
    counts, lengths = defaultdict[Key, Counter[str]](Counter), defaultdict[Key, list[float]](list)
    for each in happenings:
        counts[each.company_id, each.day][each.figure] += 1
        if each.seconds is not None:
            lengths[each.company_id, each.day].append(each.seconds)
    rows = _rows(counting, set(counts))
    for key, row in rows.items():
        for figure, more in counts[key].items():
            setattr(row, figure, getattr(row, figure) + more)
        row.seconds = added([row.seconds, counted(lengths[key])])
    _write(rows.values())


def _rows(counting: Counting, keys: set[Key]) -> dict[Key, DayFigures]:
    """The row of each day, new ones not yet written."""
    if not keys:
        return {}
    companies, days = {company for company, _ in keys}, {day for _, day in keys}
    found = DayFigures.objects.filter(counting=counting, company_id__in=companies, day__in=days).order_by()
    known = {(row.company_id, row.day): row for row in found}
    return {key: known.get(key) or DayFigures(counting=counting, company_id=key[0], day=key[1]) for key in keys}


def _write(rows: Iterable[DayFigures]) -> None:
    new, old = list[DayFigures](), list[DayFigures]()
    for row in rows:
        (new if row._state.adding else old).append(row)
    DayFigures.objects.bulk_create(new)
    DayFigures.objects.bulk_update(old, [*COUNTS, "seconds"], batch_size=100)
