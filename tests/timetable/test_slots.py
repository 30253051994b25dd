"""When something is due, over the nights on which clocks change, the ends of months, and leap days."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.timetable.slots import Daily, Every, Monthly, Rule, Weekly, hourly, newest, slots

LONDON, UTC_ZONE = ZoneInfo("Europe/London"), ZoneInfo("UTC")
ZONES = [
    "Europe/London", "Europe/Dublin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe",
    "Pacific/Auckland", "Pacific/Chatham", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Casablanca", "UTC",
]  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def found(rule: Rule, zone: str, since: str, until: str) -> list[str]:
    return [f"{slot:%m-%d %H:%M}" for slot in slots(rule, ZoneInfo(zone), at(since), at(until))]


@pytest.mark.parametrize(
    ("rule", "zone", "since", "until", "expected"),
    [
        # the clock goes forward at 01:00 UTC on 29 March 2026: 01:30 does not exist and becomes 02:30
        (Daily(time(1, 30)), "Europe/London", "2026-03-28T00:00Z", "2026-03-31T00:00Z",
         ["03-28 01:30", "03-29 01:30", "03-30 00:30"]),
        # it goes back at 01:00 UTC on 25 October 2026: of the two 01:30 the first
        (Daily(time(1, 30)), "Europe/London", "2026-10-24T00:00Z", "2026-10-27T00:00Z",
         ["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
        (Daily(time(2, 30)), "America/New_York", "2026-03-08T00:00Z", "2026-03-09T12:00Z",
         ["03-08 07:30", "03-09 06:30"]),
        # midnight itself does not exist in Chile when summer begins
        (Daily(time(0, 0)), "America/Santiago", "2026-09-05T00:00Z", "2026-09-08T00:00Z",
         ["09-05 04:00", "09-06 04:00", "09-07 03:00"]),
        # Samoa had no 30 December 2011
        (Daily(time(9, 0)), "Pacific/Apia", "2011-12-29T00:00Z", "2011-12-31T23:00Z",
         ["12-29 19:00", "12-30 19:00", "12-31 19:00"]),
        (Weekly(6, time(1, 30)), "Europe/London", "2026-03-20T00:00Z", "2026-04-06T00:00Z",
         ["03-22 01:30", "03-29 01:30", "04-05 00:30"]),
        (Monthly(31, time(6, 0)), "UTC", "2026-01-01T00:00Z", "2026-06-01T00:00Z",
         ["01-31 06:00", "02-28 06:00", "03-31 06:00", "04-30 06:00", "05-31 06:00"]),
        (Monthly(29, time(6, 0)), "UTC", "2027-02-01T00:00Z", "2028-03-01T00:00Z",
         ["02-28 06:00", "03-29 06:00", "04-29 06:00", "05-29 06:00", "06-29 06:00", "07-29 06:00", "08-29 06:00",
          "09-29 06:00", "10-29 06:00", "11-29 06:00", "12-29 06:00", "01-29 06:00", "02-29 06:00"]),
        (Monthly(1, time(0, 30)), "Europe/London", "2026-05-20T00:00Z", "2026-07-20T00:00Z",
         ["05-31 23:30", "06-30 23:30"]),
        (Every(timedelta(minutes=20)), "Europe/London", "2026-03-29T00:30Z", "2026-03-29T01:40Z",
         ["03-29 00:40", "03-29 01:00", "03-29 01:20", "03-29 01:40"]),
        (hourly(5), "Asia/Kolkata", "2026-03-29T00:05Z", "2026-03-29T02:05Z", ["03-29 01:05", "03-29 02:05"]),
    ],
)  # fmt: skip
def test_exact_slots(rule: Rule, zone: str, since: str, until: str, expected: list[str]) -> None:
    assert found(rule, zone, since, until) == expected


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("local", [time(0, 0), time(0, 30), time(1, 30), time(2, 15), time(23, 59)])
def test_each_local_day_of_two_years_has_its_slot_exactly_once(zone: str, local: time) -> None:
    place, first, days = ZoneInfo(zone), date(2027, 1, 1), 731
    since = datetime.combine(first, time(0), place) - timedelta(seconds=1)
    until = datetime.combine(first + timedelta(days=days - 1), time(23, 59, 59), place)
    counted = Counter(slot.astimezone(place).date() for slot in slots(Daily(local), place, since, until))
    assert counted == Counter({first + timedelta(days=number): 1 for number in range(days)})


moments = st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
local_times = st.times().map(lambda found: found.replace(second=0, microsecond=0))
rules: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Every, st.timedeltas(timedelta(minutes=7), timedelta(days=3)), st.timedeltas(timedelta(0), timedelta(1))),
    st.builds(Daily, local_times),
    st.builds(Weekly, st.integers(0, 6), local_times),
    st.builds(Monthly, st.integers(1, 31), local_times),
)
zones = st.sampled_from(ZONES).map(ZoneInfo)


@given(rules, zones, moments, st.timedeltas(timedelta(0), timedelta(days=40)), st.floats(0, 1))
def test_a_span_cut_in_two_has_the_same_slots(
    rule: Rule, zone: ZoneInfo, since: datetime, length: timedelta, where: float
) -> None:
    until, middle = since + length, since + length * where
    whole = list(slots(rule, zone, since, until))
    assert whole == [*slots(rule, zone, since, middle), *slots(rule, zone, middle, until)]
    assert whole == sorted(set(whole))
    assert all(since < slot <= until and slot.tzinfo is UTC for slot in whole)


@given(rules, zones, moments)
def test_the_newest_is_the_last_one_before(rule: Rule, zone: ZoneInfo, now: datetime) -> None:
    last = newest(rule, zone, now)
    assert last <= now
    assert list(slots(rule, zone, last, now)) == []
    assert newest(rule, zone, last) == last


@given(rules, zones, moments)
def test_no_two_slots_are_further_apart_than_the_period_allows(rule: Rule, zone: ZoneInfo, now: datetime) -> None:
    before = newest(rule, zone, newest(rule, zone, now) - timedelta(microseconds=1))
    assert timedelta(0) < newest(rule, zone, now) - before <= rule.period + timedelta(hours=3)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Every(timedelta(0)), "longer than nothing"),
        (lambda: Weekly(7, time(1)), "weekday"),
        (lambda: Monthly(0, time(1)), "1 to 31"),
        (lambda: Daily(time(1, tzinfo=UTC)), "no zone of its own"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(make: type, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()
