"""Which connections are to be reconciled, which have not been for too long, and how many differences are open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet

from portal.connections.models import Connection, Side, Status
from portal.connections.registry import accounting_systems
from portal.postings.reconciliation.leases import CannotReconcile, abandon_dead
from portal.postings.reconciliation.models import (
    NO_GOOD,
    OPEN_RUNS,
    Difference,
    DifferenceState,
    ReconciliationRun,
    RunState,
)
from portal.postings.reconciliation.run import ask_now

EVERY: Final = timedelta(days=1)
TRIED_AGAIN_AFTER: Final = timedelta(hours=1)
ALARM_AFTER: Final = timedelta(days=3)
NUDGED_AGAIN_AFTER: Final = timedelta(minutes=5)
MOST_AT_ONCE: Final = 200


def due_runs(now: datetime) -> list[int]:
    """The runs for which to ring at `now` (aware UTC): a new one for each connection that is due, and those that wait
    because a nudge was lost. Closes what dead workers left."""
    abandon_dead(now)
    waiting = ReconciliationRun.objects.filter(state=RunState.WAITING, asked_at__lt=now - NUDGED_AGAIN_AFTER)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    for connection in due(now).select_related("company")[: MOST_AT_ONCE - len(ids)]:
        try:
            ids.append(ask_now(connection).pk)
        except CannotReconcile:  # another process was faster
            continue
    return ids


def due(now: datetime) -> QuerySet[Connection]:
    """Connections in use whose last good run ended more than a day before `now`, and that were not tried lately."""
    lately = _runs(state=RunState.FINISHED, ended_at__gt=now - EVERY)
    tried = _runs(state__in=NO_GOOD, ended_at__gt=now - TRIED_AGAIN_AFTER)
    return in_use().filter(~Exists(_runs(state__in=OPEN_RUNS)), ~Exists(lately), ~Exists(tried)).order_by("created_at")


def unread_for_long(now: datetime) -> QuerySet[Connection]:
    """Connections in use that could not be reconciled for three days running: somebody should look."""
    since = now - ALARM_AFTER
    tried = _runs(state__in=NO_GOOD, ended_at__gt=now - EVERY)
    before = _runs(state__in=NO_GOOD, ended_at__lte=since, ended_at__gt=since - EVERY)
    return in_use().filter(Exists(tried), Exists(before), ~Exists(_runs(state=RunState.FINISHED, ended_at__gt=since)))


def open_differences() -> QuerySet[Difference]:
    """The differences that wait for somebody, by index."""
    return Difference.objects.filter(state=DifferenceState.OPEN)


def in_use() -> QuerySet[Connection]:
    """Linked connections to accounting systems that can list, and that are not paused."""
    slugs = [slug for slug, system in accounting_systems().items() if system.can.lists]
    return Connection.objects.filter(
        side=Side.ACCOUNTING, status=Status.LINKED, paused=False, integration__in=slugs
    ).exclude(can_list=False)


def _runs(**conditions: object) -> QuerySet[ReconciliationRun]:
    return ReconciliationRun.objects.filter(connection=OuterRef("pk"), **conditions)
