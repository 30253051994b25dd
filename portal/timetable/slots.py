"""When something is due: rules, and the moments that they give. Pure functions, no clock and no database."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY: Final = timedelta(days=1)
NO_TIME: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Every:
    """Every `period` on the clock of UTC, counted from 1970 and moved by `offset`; no zone changes it."""

    period: timedelta
    offset: timedelta = NO_TIME

    def __post_init__(self) -> None:
        if self.period <= NO_TIME:
            raise ValueError("A period is longer than nothing.")


@dataclass(frozen=True, slots=True)
class Daily:
    """Once in each day of the zone, at the local time `at`."""

    at: time

    def __post_init__(self) -> None:
        _refuse_zone(self.at)

    @property
    def period(self) -> timedelta:
        """From one slot to the next, without changes of the clock."""
        return DAY

    def falls_on(self, day: date) -> bool:
        """Every day."""
        return True


@dataclass(frozen=True, slots=True)
class Weekly:
    """Once a week at the local time `at`; `weekday` 0 is Monday, 6 Sunday."""

    weekday: int
    at: time

    def __post_init__(self) -> None:
        _refuse_zone(self.at)
        if self.weekday not in range(7):
            raise ValueError("A weekday is 0 (Monday) to 6 (Sunday).")

    @property
    def period(self) -> timedelta:
        """Seven days."""
        return 7 * DAY

    def falls_on(self, day: date) -> bool:
        """Its weekday."""
        return day.weekday() == self.weekday


@dataclass(frozen=True, slots=True)
class Monthly:
    """Once a month at the local time `at`, on `day` (1 to 31), or on the last day of a month that is too short."""

    day: int
    at: time

    def __post_init__(self) -> None:
        _refuse_zone(self.at)
        if self.day not in range(1, 32):
            raise ValueError("A day of the month is 1 to 31.")

    @property
    def period(self) -> timedelta:
        """The longest month."""
        return 31 * DAY

    def falls_on(self, day: date) -> bool:
        """Its day, or the month's last."""
        return day.day == min(self.day, monthrange(day.year, day.month)[1])


Rule = Every | Daily | Weekly | Monthly


def hourly(minute: int = 0) -> Every:
    """Once an hour, `minute` minutes past UTC's full hour."""
    return Every(timedelta(hours=1), timedelta(minutes=minute))


def slots(rule: Rule, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[datetime]:
    """The slots with `since` < slot <= `until` (aware times), in order, as UTC.

    On the night on which a clock goes forward, a local time that does not exist is the moment as far after the gap as
    it lies in it (01:30 in London becomes 02:30). On the night on which it goes back, a local time that exists twice
    is the first of the two. Each local day therefore has its slot exactly once.
    """
    if isinstance(rule, Every):
        yield from _even(rule, since, until)
        return
    last = None
    for day in _days(since.astimezone(zone).date() - DAY, until.astimezone(zone).date() + DAY):
        if not rule.falls_on(day):
            continue
        at = datetime.combine(day, rule.at, zone).astimezone(UTC)
        # A zone that crossed the date line left a day out: that day's slot is the next day's.
        if since < at <= until and at != last:
            yield at
            last = at


def newest(rule: Rule, zone: ZoneInfo, at: datetime) -> datetime:
    """The last slot that is not after `at`."""
    reach = rule.period if isinstance(rule, Every) else rule.period + 2 * DAY
    return list(slots(rule, zone, at - reach, at))[-1]


def _even(rule: Every, since: datetime, until: datetime) -> Iterator[datetime]:
    start = EPOCH + rule.offset
    at = start + rule.period * ((since - start) // rule.period + 1)
    while at <= until:
        yield at
        at += rule.period


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + number * DAY


def _refuse_zone(at: time) -> None:
    if at.tzinfo is not None:
        raise ValueError("A local time carries no zone of its own: the zone is given beside it.")
