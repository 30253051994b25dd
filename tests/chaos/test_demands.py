"""A campaign that was not hard enough is seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.demands import Done, shortfalls
from tests.chaos.inside.points import POINTS

ENOUGH = Done(10_000, "chaos", 1_000, 50, 12_000, 5_400, dict.fromkeys(POINTS, 1), frozenset({"timetable_slot"}))


def test_a_campaign_that_was_hard_enough() -> None:
    assert list(shortfalls(ENOUGH)) == []
    assert list(shortfalls(Done(100, "chaos", 0, 0, 0, 0, {}, frozenset()))) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kills": 999}, "999 kills, 1000 were asked for"),
        ({"crashes": 49}, "49 crashes of the database, 50 were asked for"),
        ({"disturbed_writes": 5_399}, "5399 of 12000 writes were disturbed"),
        ({"points": dict.fromkeys(list(POINTS)[1:], 1)}, f"no process died at the point: {next(iter(POINTS))}"),
        ({"documents": 800, "kills": 59, "crashes": 4}, "59 kills, 60 were asked for"),
    ],
)
def test_a_campaign_that_was_not_hard_enough_is_seen(change: dict[str, Any], told: str) -> None:
    assert [problem.about for problem in shortfalls(replace(ENOUGH, **change))] == [told]


def test_a_point_of_a_table_that_is_not_there_need_not_be_hit() -> None:
    points = {name: 1 for name, point in POINTS.items() if not point.table}
    assert list(shortfalls(replace(ENOUGH, points=points, tables=frozenset()))) == []
