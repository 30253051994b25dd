"""Which sources are to be read: at night where their tenant is, or whenever they have not been for too long."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from portal.connections.models import Connection
from portal.intake.reconciliation.asking import in_use
from portal.intake.reconciliation.leases import CannotReconcile, abandon_dead, ask
from portal.intake.reconciliation.models import GOOD, NO_GOOD, OPEN_RUNS, SourceDifference, SourceRun, SourceRunState
from portal.postings.reconciliation.due import ALARM_AFTER
from portal.postings.reconciliation.models import DifferenceState

NIGHT: Final = (time(1, 0), time(5, 0))
NOT_SINCE: Final = timedelta(hours=12)
AT_ANY_TIME_AFTER: Final = timedelta(hours=36)
TRIED_AGAIN_AFTER: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
NUDGED_AGAIN_AFTER: Final = timedelta(minutes=5)
MOST_AT_ONCE: Final = 200


def due_runs(now: datetime) -> list[int]:
    """The runs for which to ring at `now` (aware UTC): a new one for each connection that is due, and those that wait
    because a nudge was lost. Closes what dead workers left."""
    abandon_dead(now)
    waiting = SourceRun.objects.filter(state=SourceRunState.WAITING, asked_at__lt=now - NUDGED_AGAIN_AFTER)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    for connection in due(now)[: MOST_AT_ONCE - len(ids)]:
        try:
            ids.append(ask(connection).pk)
        except CannotReconcile:  # another process was faster, or something is not filled in
            continue
    return ids


def due(now: datetime) -> list[Connection]:
    """Connections in use that have not been read for half a day, while it is night there; for a day and a half at any
    time, since the portal may run by day alone. Not those that were tried within the last hour."""
    lately = _runs(state__in=GOOD, ended_at__gt=now - NOT_SINCE)
    tried = _runs(state__in=NO_GOOD, ended_at__gt=now - TRIED_AGAIN_AFTER)
    recent = _runs(state__in=GOOD, ended_at__gt=now - AT_ANY_TIME_AFTER)
    found = in_use(now).filter(~Exists(_runs(state__in=OPEN_RUNS)), ~Exists(lately), ~Exists(tried))
    found = found.annotate(is_recent=Exists(recent)).select_related("company__tenant").order_by("created_at")
    return [one for one in found if _is_night(one, now) or not (one.is_recent or _is_new(one, now))]


def unread_for_long(now: datetime) -> QuerySet[Connection]:
    """Connections in use that could not be read for three days running: somebody should look."""
    since = now - ALARM_AFTER
    tried = _runs(state__in=NO_GOOD, ended_at__gt=now - DAY)
    before = _runs(state__in=NO_GOOD, ended_at__lte=since, ended_at__gt=since - DAY)
    return in_use(now).filter(Exists(tried), Exists(before), ~Exists(_runs(state__in=GOOD, ended_at__gt=since)))


def open_differences() -> QuerySet[SourceDifference]:
    """The differences that wait for somebody, by index."""
    return SourceDifference.objects.filter(state=DifferenceState.OPEN)


def _is_night(connection: Connection, now: datetime) -> bool:
    local = timezone.localtime(now, ZoneInfo(connection.company.tenant.time_zone)).time()
    return NIGHT[0] <= local < NIGHT[1]


def _is_new(connection: Connection, now: datetime) -> bool:
    """Its first night is still to come."""
    since = max(at for at in (connection.company.live_at, connection.linked_at, connection.created_at) if at)
    return since > now - AT_ANY_TIME_AFTER


def _runs(**conditions: object) -> QuerySet[SourceRun]:
    return SourceRun.objects.filter(connection=OuterRef("pk"), **conditions)
