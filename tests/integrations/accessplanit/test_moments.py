from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.accessplanit import moments

LONDON = ZoneInfo("Europe/London")
ZONES = [LONDON, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-05-12T09:14:33", datetime(2025, 5, 12, 8, 14, 33, tzinfo=UTC)),
        ("2025-01-12T09:14:33", datetime(2025, 1, 12, 9, 14, 33, tzinfo=UTC)),
        ("2025-05-12 09:14", datetime(2025, 5, 12, 8, 14, tzinfo=UTC)),
        ("2025-05-12", datetime(2025, 5, 11, 23, 0, tzinfo=UTC)),
        ("2025-05-12T09:14:33.5170000", datetime(2025, 5, 12, 8, 14, 33, 517000, tzinfo=UTC)),
        ("2025-05-12T09:14:33Z", datetime(2025, 5, 12, 9, 14, 33, tzinfo=UTC)),
        ("2025-05-12T09:14:33+02:00", datetime(2025, 5, 12, 7, 14, 33, tzinfo=UTC)),
        ("2025-10-26T01:30:00", datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
        ("0001-01-01T00:00:00", None),
        ("9999-12-31T23:59:59", None),
        ("12/05/2025", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_moment_is_written_in_the_platforms_time(text: str, instant: datetime | None) -> None:
    assert moments.instant(text, LONDON) == instant


def test_a_business_day_is_the_one_that_was_written() -> None:
    assert moments.day("2025-05-12T00:00:00") == date(2025, 5, 12)
    assert moments.day("2025-05-12T23:30:00Z") == date(2025, 5, 12)


def test_before_the_clock_goes_back_it_is_asked_from_the_earlier_time() -> None:
    """At 00:55 UTC it is 01:55 in summer time; ten minutes later it is 01:05 in winter time."""
    assert moments.written_from(datetime(2025, 10, 26, 0, 55, tzinfo=UTC), LONDON) == "2025-10-26T01:00:00"
    assert moments.written_from(datetime(2025, 5, 12, 8, 14, 33, 900000, tzinfo=UTC), LONDON) == "2025-05-12T09:14:33"


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - drawn without a zone
    st.timedeltas(timedelta(0), timedelta(days=2)),
    st.sampled_from(ZONES),
)
def test_nothing_later_is_written_with_an_earlier_time(begun: datetime, later: timedelta, zone: ZoneInfo) -> None:
    since = begun.replace(tzinfo=UTC)
    written = (since + later).astimezone(zone).replace(tzinfo=None).isoformat()
    assert written >= moments.written_from(since, zone)
