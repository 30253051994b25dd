"""Where the bars and the points stand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.desk.dashboard.chart import BOTTOM, HEIGHT, TOP, posted_chart, time_chart
from portal.postings.figures.buckets import counted
from portal.postings.figures.reading import Day, Figures

FIRST = date(2026, 6, 15)


def days(*posted: tuple[int, float] | None) -> list[Day]:
    """So many posted on each day, each after so many seconds; None: nothing happened."""
    return [
        Day(
            day=FIRST + timedelta(days=place),
            figures=Figures(posted=one[0], seconds=counted([one[1]] * one[0])) if one else Figures(),
        )
        for place, one in enumerate(posted)
    ]


def test_the_bars_stand_on_the_ground_and_are_as_high_as_their_counts() -> None:
    chart = posted_chart(days((50, 1.0), None, (100, 1.0), (25, 1.0)))
    heights = [column.bar_height for column in chart.columns]
    assert heights == [pytest.approx(62, abs=0.1), 0, pytest.approx(124, abs=0.1), pytest.approx(31, abs=0.1)]
    assert all(column.y is None or column.y + column.bar_height == BOTTOM for column in chart.columns)
    assert [mark.text for mark in chart.marks] == ["100", "50", "0"]
    assert chart.columns[2].title == "17 Jun 2026: 100 posted"
    assert (chart.first, chart.last, chart.width) == ("15 Jun 2026", "18 Jun 2026", 80)
    assert chart.about == "175 posted in 4 days; the most on 17 Jun 2026: 100."


def test_one_beside_very_many_is_still_seen() -> None:
    chart = posted_chart(days((1, 1.0), (999_999, 1.0)))
    assert chart.columns[0].bar_height == 1.5
    assert chart.marks[0].text == "1,000,000"


@pytest.mark.parametrize("most", [1, 2, 3, 7, 10, 11, 99, 101, 4_999])
def test_no_bar_is_higher_than_the_chart(most: int) -> None:
    chart = posted_chart(days((most, 1.0)))
    assert chart.columns[0].y is not None
    assert TOP <= chart.columns[0].y <= BOTTOM
    assert len({mark.text for mark in chart.marks}) == 3


def test_the_points_stand_between_the_marks_in_their_order() -> None:
    chart = time_chart(days((3, 0.3), None, (1, 40.0), (1, 4_000.0)))
    heights = [column.y for column in chart.columns if column.y is not None]
    assert heights == sorted(heights, reverse=True)
    assert all(TOP <= height <= HEIGHT for height in heights)
    assert [mark.text for mark in chart.marks] == ["0.1 s", "1 s", "10 s", "1 min", "10 min", "1 h", "6 h"]
    assert [(one.x, other.x) for one, other in chart.lines] == [(0, 40), (40, 60)]
    assert chart.columns[1].title == "16 Jun 2026: median –"


def test_what_is_the_same_every_day_is_said_once() -> None:
    assert time_chart(days((3, 1.0), (2, 1.0))).about.endswith(" s on each day.")
    assert " and " in time_chart(days((3, 1.0), (2, 90.0))).about


def test_without_anything_posted_both_are_empty() -> None:
    for chart in (posted_chart(days(None, None)), time_chart(days(None, None))):
        assert chart.is_empty
        assert chart.lines == []


@pytest.mark.parametrize("seconds", [0.0, 0.004, 1.0, 60.0, 8_000_000.0])
def test_any_length_finds_its_place(seconds: float) -> None:
    (column,) = time_chart(days((1, seconds))).columns
    assert column.y is not None
    assert 0 <= column.y <= BOTTOM
