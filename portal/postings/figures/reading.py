"""The figures of a company as pages show them: two queries, some thirty rows, however much there was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    counting, by_day = counted(company_id, first_day(today, days), today)
    return made_of(by_day, today, days, counting.counted_to if counting else None)


def first_day(today: date, days: int = DAYS) -> date:
    """The first day that a report looks at: of the days that it shows, or of the month."""
    return min(today - timedelta(days=days - 1), today.replace(day=1))


def made_of(by_day: Mapping[date, Figures], today: date, days: int, counted_to: datetime | None) -> Report:
    """The report of these figures."""
    shown = [today - timedelta(days=back) for back in reversed(range(days))]
    month = total(figures for day, figures in by_day.items() if day >= today.replace(day=1))
    return Report(
        today=by_day.get(today, Figures()),
        month=month,
        days=[Day(day=day, figures=by_day.get(day, Figures())) for day in shown],
        counted_to=counted_to,
    )


def total(figures: Iterable[Figures]) -> Figures:
    """The sum of several."""
    every = list(figures)
    counts = {name: sum(getattr(each, name) for each in every) for name in COUNTS}
    return Figures(**counts, seconds=added(each.seconds for each in every))


def counted(company_id: UUID, since: date, until: date) -> tuple[Counting | None, dict[date, Figures]]:
    """What is counted of a company's days, and by which counting: its mark is that of these very figures. A day that is
    not there yet is counted by no mark that is read before it."""
    counting = Counting.objects.filter(is_shown=True).first()
    rows = DayFigures.objects.filter(counting__is_shown=True, company_id=company_id, day__range=(since, until))
    found = list(rows.select_related("counting"))
    by_day = {row.day: Figures(**{name: getattr(row, name) for name in (*COUNTS, "seconds")}) for row in found}
    return found[0].counting if found else counting, by_day
