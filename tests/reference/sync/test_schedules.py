"""Schedules follow the tenant's clock, through the nights on which it changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.reference import RecordKind
from portal.events.models import AuditEvent
from portal.reference.sync.models import Frequency, SyncRun, SyncSchedule
from portal.reference.sync.runner import look
from portal.reference.sync.schedules import begin_due, ensure, move_with, next_slot, save, words
from tests.reference.sync.scene import SUPPLIER, Scene

LONDON = ZoneInfo("Europe/London")


def slots(after: str, count: int, zone: ZoneInfo = LONDON, **options: object) -> list[str]:
    """The next slots after a moment, in UTC."""
    schedule, at = SyncSchedule(**options), datetime.fromisoformat(f"{after}+00:00")

    def following() -> list[str]:
        nonlocal at
        found = next_slot(schedule, zone, at)
        assert found is not None
        at = found
        return [f"{found.astimezone(UTC):%d %H:%M}"]

    return [following()[0] for _ in islice(range(count), count)]


@pytest.mark.parametrize(
    ("at", "after", "expected"),
    [
        # On 29 March 2026 at 01:00 UTC the clock goes from 01:00 to 02:00.
        (time(0, 0), "2026-03-27T12:00", ["28 00:00", "29 00:00", "29 23:00", "30 23:00"]),
        (time(1, 30), "2026-03-27T12:00", ["28 01:30", "29 01:30", "30 00:30"]),
        (time(3, 0), "2026-03-27T12:00", ["28 03:00", "29 02:00", "30 02:00"]),
        # On 25 October 2026 at 01:00 UTC it goes from 02:00 to 01:00.
        (time(0, 0), "2026-10-23T12:00", ["23 23:00", "24 23:00", "26 00:00"]),
        (time(1, 30), "2026-10-23T12:00", ["24 00:30", "25 00:30", "26 01:30"]),
    ],
)
def test_each_local_day_has_its_slot_once(at: time, after: str, expected: list[str]) -> None:
    assert slots(after, len(expected), frequency=Frequency.DAILY, at=at) == expected


@pytest.mark.parametrize("night", ["2026-03-28T23:50", "2026-10-24T23:50"])
def test_hourly_is_every_hour_in_both_nights(night: str) -> None:
    found = slots(night, 4, frequency=Frequency.HOURLY, at=time(5, 15))
    assert [one[3:] for one in found] == ["00:15", "01:15", "02:15", "03:15"]


def test_hourly_uses_the_minutes_of_the_local_clock() -> None:
    found = slots("2026-11-20T12:00", 2, ZoneInfo("Asia/Kolkata"), frequency=Frequency.HOURLY, at=time(0, 0))
    assert found == ["20 12:30", "20 13:30"]


def test_weekly_and_monthly() -> None:
    assert slots("2026-11-20T12:00", 2, frequency=Frequency.WEEKLY, weekday=0, at=time(6, 0)) == [
        "23 06:00",
        "30 06:00",
    ]
    assert slots("2026-01-31T12:00", 3, frequency=Frequency.MONTHLY, day=31) == ["28 00:00", "30 23:00", "29 23:00"]


def test_off_is_never() -> None:
    assert next_slot(SyncSchedule(frequency=Frequency.OFF), LONDON, timezone.now()) is None


def test_every_kind_has_a_schedule_daily_at_midnight(scene: Scene) -> None:
    ensure(scene.books)
    SyncSchedule.objects.filter(kind="tax").update(frequency=Frequency.OFF, next_at=None)
    ensure(scene.books)
    assert SyncSchedule.objects.count() == 6
    assert SyncSchedule.objects.filter(next_at=datetime(2026, 11, 21, tzinfo=UTC)).count() == 5
    assert words(SyncSchedule.objects.get(kind="supplier")) == "Daily at 00:00 (Europe/London)"


def test_a_schedule_is_saved_and_told(scene: Scene) -> None:
    ensure(scene.books)
    schedule = SyncSchedule.objects.get(kind="supplier")
    save(schedule, frequency="weekly", at=time(6, 30, 12), weekday=4, day=1, who="sam")
    schedule.refresh_from_db()
    assert words(schedule) == "Weekly on Friday at 06:30 (Europe/London)"
    assert schedule.next_at == datetime(2026, 11, 27, 6, 30, tzinfo=UTC)
    told = AuditEvent.objects.get(verb="sync.scheduled")
    assert (told.who, told.message) == ("sam", "Suppliers: synchronised weekly on Friday at 06:30 (Europe/London).")


@pytest.mark.parametrize(("options", "field"), [({"weekday": 7}, "weekday"), ({"day": 32}, "day"), ({"day": 0}, "day")])
def test_a_schedule_that_makes_no_sense_is_refused_by_its_field(
    scene: Scene, options: dict[str, int], field: str
) -> None:
    ensure(scene.books)
    schedule = SyncSchedule.objects.get(kind="supplier")
    with pytest.raises(ValidationError) as refused:
        save(schedule, frequency=Frequency.MONTHLY, at=time(0, 0), who="sam", **options)
    assert list(refused.value.message_dict) == [field]


def test_a_missed_slot_is_made_up_once(scene: Scene) -> None:
    ensure(scene.books)
    SyncSchedule.objects.exclude(kind="supplier").delete()
    scene.clock.shift(timedelta(days=5))
    now = timezone.now()
    begun = begin_due(now)
    assert [run.pk for run in SyncRun.objects.all()] == begun
    assert SyncSchedule.objects.get().next_at == datetime(2026, 11, 26, tzinfo=UTC)
    assert begin_due(now) == []


def test_a_due_kind_whose_run_is_open_or_whose_connection_rests_is_left_to_its_next_slot(scene: Scene) -> None:
    ensure(scene.books)
    SyncSchedule.objects.exclude(kind="supplier").delete()
    open_one = scene.ask()
    scene.clock.shift(timedelta(days=1))
    assert begin_due(timezone.now()) == []
    assert list(SyncRun.objects.all()) == [open_one]
    assert SyncSchedule.objects.get().next_at == datetime(2026, 11, 22, tzinfo=UTC)


def test_the_scheduled_run_is_done_by_the_next_look(scene: Scene) -> None:
    ensure(scene.books)
    SyncSchedule.objects.exclude(kind="supplier").delete()
    scene.know(range(1, 4))
    run = scene.sync()
    scene.there.calls.clear()
    scene.know(range(1, 5))
    scene.look(run, 86_400)
    assert (scene.there.codes(), SyncRun.objects.filter(kind=SUPPLIER.value, asked_by=None).count()) == (
        ["S01", "S02", "S03", "S04"], 2,
    )  # fmt: skip


def test_another_zone_of_the_tenant_moves_its_schedules(scene: Scene) -> None:
    ensure(scene.books)
    tenant = scene.books.company.tenant
    tenant.time_zone = "America/New_York"
    tenant.save()
    move_with(tenant.pk)
    assert set(SyncSchedule.objects.values_list("next_at", flat=True)) == {datetime(2026, 11, 21, 5, tzinfo=UTC)}


def test_what_was_linked_gets_its_schedules_at_the_next_look(scene: Scene) -> None:
    SyncSchedule.objects.all().delete()
    scene.clock.shift(1)
    look(timezone.now())
    made = SyncSchedule.objects.filter(connection=scene.books)
    assert set(made.values_list("kind", "frequency")) == {(kind.value, "daily") for kind in RecordKind}
    assert not SyncSchedule.objects.exclude(connection=scene.books).exists()


def test_a_tenant_with_another_zone_keeps_its_local_times(scene: Scene) -> None:
    ensure(scene.books)
    schedule = SyncSchedule.objects.get(connection=scene.books, kind=SUPPLIER.value)
    save(schedule, frequency=Frequency.DAILY, at=time(6, 0), who="sam")
    tenant = scene.books.company.tenant
    tenant.time_zone = "Asia/Tokyo"
    tenant.save()
    schedule.refresh_from_db()
    assert schedule.next_at is not None
    assert schedule.next_at.astimezone(ZoneInfo("Asia/Tokyo")).time() == time(6, 0)
