"""A median that is read from buckets is near the true one, whatever was added up in which order."""

from __future__ import annotations

import math
from statistics import median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.postings.figures.buckets import BUCKETS, EDGES, added, bucket_of, counted, median

LENGTHS = st.lists(st.floats(min_value=EDGES[0], max_value=EDGES[-1] * 0.999), min_size=1, max_size=60)


@given(LENGTHS)
def test_the_median_is_at_most_19_percent_away_from_the_true_one(lengths: list[float]) -> None:
    found, true = median(counted(lengths)), median_low(lengths)
    assert found is not None
    assert abs(math.log(found / true)) <= math.log(2) / 4 + 1e-9


@given(LENGTHS, LENGTHS)
def test_days_are_added_up_as_if_they_had_been_one(first: list[float], second: list[float]) -> None:
    assert added([counted(first), counted(second)]) == counted(first + second)


def test_it_is_interpolated_inside_its_bucket() -> None:
    low, high = EDGES[10], EDGES[11]
    assert median([0] * 11 + [1]) == pytest.approx(math.sqrt(low * high))
    assert median([0] * 11 + [1, 1]) == pytest.approx(high)


@pytest.mark.parametrize(("seconds", "bucket"), [(-3.0, 0), (0.0, 0), (0.0499, 0), (0.05, 1), (1e9, BUCKETS - 1)])
def test_the_ends_are_closed(seconds: float, bucket: int) -> None:
    assert bucket_of(seconds) == bucket


def test_beyond_the_ends_it_stays_within_them() -> None:
    assert median([1]) == pytest.approx(0.025)
    assert median(counted([1e9])) == EDGES[-1]


def test_nothing_has_no_median() -> None:
    assert (median([]), median([0, 0]), counted([]), added([])) == (None, None, [], [])
