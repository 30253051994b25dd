"""Lengths of time as people say them."""

from __future__ import annotations

import pytest

from portal.desk.dashboard.durations import DAY, HOUR, duration


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (0.0002, "1 ms"),
        (0.042, "42 ms"),
        (0.0949, "95 ms"),
        (0.096, "0.1 s"),
        (2.44, "2.4 s"),
        (9.97, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (190, "3 min 10 s"),
        (HOUR - 0.2, "1 h"),
        (5 * HOUR + 20 * 60 + 59, "5 h 20 min"),
        (2 * DAY + 4 * HOUR, "2 d 4 h"),
    ],
)
def test_a_length_of_time_in_words(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said
