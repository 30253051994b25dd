"""Two charts of thirty days as places on a drawing: how many were posted, and how long that took.

The drawing is as wide as its card and stretched to it, so that nothing but bars, lines and points stands in it; the
words stand beside it at their own size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from portal.desk.dashboard.durations import MARKS, duration
from portal.notation import day_text
from portal.postings.figures.reading import Day

HEIGHT: Final = 140
STEP: Final = 20
BAR: Final = 14
TOP: Final = 10
BOTTOM: Final = HEIGHT - 6
NICE: Final = (1, 2, 4, 5, 10)
NOTHING: Final = "Nothing was posted."


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A line across the chart, and what stands beside it; both in pixels from the top."""

    y: float
    text: str

    @property
    def text_y(self) -> float:
        """The base of the text, in the middle of the line."""
        return round(self.y + 4, 1)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One day: where it stands, its words, and the height of its bar, or its point; None where it has none."""

    x: int
    title: str
    y: float | None

    @property
    def middle(self) -> float:
        """Where a point stands."""
        return self.x + STEP / 2

    @property
    def bar_x(self) -> float:
        """The left side of a bar."""
        return self.x + (STEP - BAR) / 2

    @property
    def bar_height(self) -> float:
        """The height of a bar, a hair where it would vanish."""
        return round(BOTTOM - self.y, 1) if self.y is not None else 0


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart. `width` and `height` are those of its drawing; `first` and `last` stand beneath its ends."""

    columns: list[Column]
    marks: list[Mark]
    first: str
    last: str
    about: str
    height: int = HEIGHT
    bar: int = BAR
    step: int = STEP

    @property
    def width(self) -> int:
        """So many days side by side."""
        return len(self.columns) * STEP

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(column.y is not None for column in self.columns)

    @property
    def lines(self) -> list[tuple[Column, Column]]:
        """The points that follow one another, days without any left out."""
        return list(pairwise(column for column in self.columns if column.y is not None))


def posted_chart(days: Sequence[Day]) -> Chart:
    """How many were posted each day, as bars from nought."""
    counts = [each.figures.posted for each in days]
    top = _nice(max(counts, default=0))
    columns = [
        _column(place, each, f"{count:,} posted", _linear(count, top) if count else None)
        for place, (each, count) in enumerate(zip(days, counts, strict=True))
    ]
    marks = [Mark(y=_linear(value, top), text=f"{value:,}") for value in dict.fromkeys((top, top // 2, 0))]
    best = max(days, key=lambda each: each.figures.posted)
    about = f"{sum(counts):,} posted in {len(days)} days; the most on {day_text(best.day)}: {max(counts):,}."
    return _chart(days, columns, marks, about)


def time_chart(days: Sequence[Day]) -> Chart:
    """The median time from receipt to number each day, as points on a logarithmic axis."""
    medians = [each.figures.median_seconds for each in days]
    known = [seconds for seconds in medians if seconds is not None]
    low, high = _ends(known)
    columns = [
        _column(place, each, f"median {duration(seconds)}", None if seconds is None else _log(seconds, low, high))
        for place, (each, seconds) in enumerate(zip(days, medians, strict=True))
    ]
    marks = [Mark(y=_log(value, low, high), text=text) for value, text in MARKS.items() if low <= value <= high]
    ends = list(dict.fromkeys(map(duration, (min(known), max(known))))) if known else []
    about = f"Between {' and '.join(ends)} a day." if len(ends) > 1 else f"{ends[0]} on each day." if ends else NOTHING
    return _chart(days, columns, marks, about)


def _chart(days: Sequence[Day], columns: list[Column], marks: list[Mark], about: str) -> Chart:
    return Chart(
        columns=columns, marks=marks, first=day_text(days[0].day), last=day_text(days[-1].day), about=about
    )  # fmt: skip


def _column(place: int, each: Day, said: str, y: float | None) -> Column:
    return Column(x=place * STEP, title=f"{day_text(each.day)}: {said}", y=y)


def _linear(value: int, top: int) -> float:
    """From the bottom; one of a thousand is still a hair high."""
    height = (BOTTOM - TOP) * value / top
    return round(BOTTOM - max(height, 1.5 if value else 0), 1)


def _log(seconds: float, low: float, high: float) -> float:
    share = math.log(max(seconds, low) / low) / math.log(high / low)
    return round(BOTTOM - TOP - (BOTTOM - 2 * TOP) * min(share, 1.0), 1)


def _ends(known: Sequence[float]) -> tuple[float, float]:
    """The marks around all of them."""
    marks = list(MARKS)
    low = max((mark for mark in marks if mark <= min(known, default=1)), default=marks[0])
    high = min((mark for mark in marks if mark > max(known, default=1)), default=marks[-1])
    return low, high


def _nice(most: int) -> int:
    """A round number that is not below, and even where it can be halved."""
    if most <= 2:
        return 2
    power = 10 ** int(math.log10(most))
    return int(next(step * power for step in NICE if step * power >= most))
