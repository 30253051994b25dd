"""The figures of a company as pages show them: two queries, some thirty rows, however much there was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from portal.postings.figures.adding import COUNTS
from portal.postings.figures.buckets import added, median
from portal.postings.figures.models import Counting, DayFigures

DAYS: Final = 30


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What happened in some time. `seconds` is a histogram of `portal.postings.figures.buckets`."""

    received: int = 0
    posted: int = 0
    rejected: int = 0
    held: int = 0
    withdrawn: int = 0
    voided: int = 0
    contested: int = 0
    seconds: list[int] = field(default_factory=list)

    @property
    def median_seconds(self) -> float | None:
        """The median time from receipt to the accounting system's number, within 19 %; None where none was posted."""
        return median(self.seconds)


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day, with figures of nought where nothing happened."""

    day: date
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Report:
    """What pages need: today, the month so far, and the last days, the oldest first.

    What happened at or before `counted_to` is in it; None before anything was counted.
    """

    today: Figures
    month: Figures
    days: list[Day]
    counted_to: datetime | None

    @property
    def all_days(self) -> Figures:
        """The sum of the last days."""
        return total(each.figures for each in self.days)


def report(company_id: UUID, today: date, days: int = DAYS) -> Report:
    """The figures of a company that the caller already knows to be visible, up to `today` of its tenant's zone."""
    counting = Counting.objects.filter(is_shown=True).first()
    shown = [today - timedelta(days=back) for back in reversed(range(days))]
    since = min(shown[0], today.replace(day=1))
    by_day = _by_day(counting, company_id, since, today) if counting else {}
    month = total(figures for day, figures in by_day.items() if day >= today.replace(day=1))
    return Report(
        today=by_day.get(today, Figures()),
        month=month,
        days=[Day(day=day, figures=by_day.get(day, Figures())) for day in shown],
        counted_to=counting.counted_to if counting else None,
    )


def total(figures: Iterable[Figures]) -> Figures:
    """The sum of several."""
    every = list(figures)
    counts = {name: sum(getattr(each, name) for each in every) for name in COUNTS}
    return Figures(**counts, seconds=added(each.seconds for each in every))


def _by_day(counting: Counting, company_id: UUID, since: date, until: date) -> dict[date, Figures]:
    rows = DayFigures.objects.filter(counting=counting, company_id=company_id, day__range=(since, until))
    return {row.day: Figures(**{name: getattr(row, name) for name in (*COUNTS, "seconds")}) for row in rows}
