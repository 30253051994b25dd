"""When a kind of reference data is synchronised by itself: at local times of the tenant, through both changes of the
clock."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.reference import RecordKind
from portal.connections.models import Connection, Side, Status
from portal.connections.registry import accounting_systems
from portal.events.services import tell
from portal.notation import zone_of
from portal.reference.sync.asking import CannotSync, ask, kinds_of
from portal.reference.sync.models import Frequency, SyncSchedule
from portal.timetable.slots import Daily, Monthly, Rule, Weekly, slots

MOST_AT_ONCE: Final = 200
HOUR: Final = timedelta(hours=1)
# The longest that a slot can be away: a month, and days that a zone may leave out.
REACH: Final = timedelta(days=35)
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ENDINGS: Final = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


def ensure(connection: Connection) -> None:
    """A schedule for each kind that the connection tells, daily at midnight; those that exist stay as they are."""
    now, zone = timezone.now(), _zone(connection)
    had = set(SyncSchedule.objects.filter(connection=connection).values_list("kind", flat=True))
    new = [SyncSchedule(connection=connection, kind=kind.value) for kind in kinds_of(connection) if kind not in had]
    for schedule in new:
        schedule.next_at = next_slot(schedule, zone, now)
    SyncSchedule.objects.bulk_create(new, ignore_conflicts=True)


def save(
    schedule: SyncSchedule, *, frequency: Frequency | str, at: time, weekday: int = 0, day: int = 1, who: str
) -> None:
    """Keep when a kind is synchronised; `at` is local time. Raises `ValidationError` with the field that is wrong."""
    before = words(schedule)
    schedule.frequency, schedule.at = Frequency(frequency), at.replace(second=0, microsecond=0, tzinfo=None)
    schedule.weekday, schedule.day = weekday, day
    schedule.clean_fields(exclude=["connection"])
    schedule.next_at = next_slot(schedule, _zone(schedule.connection), timezone.now())
    schedule.save()
    company, after = schedule.connection.company, words(schedule)
    message = f"{schedule.get_kind_display()}: synchronised {after[0].lower()}{after[1:]}."
    tell(
        "sync.scheduled", message, who=who, subject=schedule.connection, tenant_id=company.tenant_id,
        company_id=company.pk, kind=schedule.kind, before=before, after=after,
    )  # fmt: skip


def words(schedule: SyncSchedule) -> str:
    """When it is: `Daily at 00:00 (Europe/London)`."""
    at = f"at {schedule.at:%H:%M} ({_zone(schedule.connection).key})"
    return {
        Frequency.OFF: "Off",
        Frequency.HOURLY: f"Hourly at {schedule.at.minute} minutes past",
        Frequency.DAILY: f"Daily {at}",
        Frequency.WEEKLY: f"Weekly on {WEEKDAYS[schedule.weekday % 7]} {at}",
        Frequency.MONTHLY: f"Monthly on the {schedule.day}{ENDINGS.get(schedule.day, 'th')} {at}",
    }[Frequency(schedule.frequency)]


def next_slot(schedule: SyncSchedule, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first slot after a moment (aware), in UTC; None when it is off.

    A local time that the clock leaves out comes as much later as the clock jumps, one that comes twice is the first; a
    month without the day has its slot on its last one.
    """
    if schedule.frequency == Frequency.OFF:
        return None
    if schedule.frequency == Frequency.HOURLY:
        return _next_hour(schedule.at.minute, zone, after)
    return next(slots(_rule(schedule), zone, after, after + REACH), None)


def ensure_new() -> None:
    """Schedules for what was linked since the last look; nothing is written where all have theirs."""
    telling = [slug for slug, system in accounting_systems().items() if system.can.reads]
    without = Connection.objects.filter(
        ~Exists(SyncSchedule.objects.filter(connection=OuterRef("pk"))),
        side=Side.ACCOUNTING, status=Status.LINKED, integration__in=telling,
    )  # fmt: skip
    for connection in without.select_related("company__tenant")[:MOST_AT_ONCE]:
        ensure(connection)


def begin_due(now: datetime) -> list[int]:
    """The runs of every schedule that is due at `now` (aware UTC); slots that were missed are made up by one run.

    A kind whose last run is still open, or that cannot be synchronised now, is left to its next slot.
    """
    due = SyncSchedule.objects.filter(next_at__lte=now, connection__company__closed_at=None).order_by("next_at")
    begun = (_begin(schedule, now) for schedule in due.select_related("connection__company__tenant")[:MOST_AT_ONCE])
    return [run_id for run_id in begun if run_id is not None]


def of_tenant(tenant_id: UUID) -> QuerySet[SyncSchedule]:
    """Every schedule that follows a tenant's clock."""
    return SyncSchedule.objects.filter(connection__company__tenant_id=tenant_id)


def move_with(tenant_id: UUID) -> None:
    """A tenant has another zone from now on: its schedules keep their local times."""
    now = timezone.now()
    for schedule in of_tenant(tenant_id).select_related("connection__company__tenant"):
        schedule.next_at = next_slot(schedule, _zone(schedule.connection), now)
        schedule.save(update_fields=["next_at"])


def _begin(schedule: SyncSchedule, now: datetime) -> int | None:
    with atomic():
        following = next_slot(schedule, _zone(schedule.connection), now)
        moved = SyncSchedule.objects.filter(pk=schedule.pk, next_at=schedule.next_at).update(next_at=following)
        if not moved:  # another worker was faster
            return None
        try:
            return ask(schedule.connection, RecordKind(schedule.kind)).pk
        except CannotSync:
            return None


def _rule(schedule: SyncSchedule) -> Rule:
    if schedule.frequency == Frequency.WEEKLY:
        return Weekly(schedule.weekday, schedule.at)
    if schedule.frequency == Frequency.MONTHLY:
        return Monthly(schedule.day, schedule.at)
    return Daily(schedule.at)


def _next_hour(minute: int, zone: ZoneInfo, after: datetime) -> datetime:
    """Zones may be half an hour away from UTC, so the minute is the local clock's."""
    start = after.replace(second=0, microsecond=0)
    at = start + timedelta(minutes=(minute - start.astimezone(zone).minute) % 60)
    return at if at > after else at + HOUR


def _zone(connection: Connection) -> ZoneInfo:
    return zone_of(connection.company.tenant.time_zone)
