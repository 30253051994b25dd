"""Which handovers wait for a worker, which for a person, and how many: by indexes over what is open."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from portal.connections.models import Connection, Side, Status
from portal.postings.attachments.leases import is_due
from portal.postings.attachments.models import Handover, HandoverState
from portal.postings.attachments.sides import UNLINKED, offering

MOST_AT_ONCE: Final = 200
OPEN: Final = (HandoverState.WAITING, HandoverState.GIVEN_UP)


def due_connections(now: datetime) -> list[UUID]:
    """Connections in use with files to hand over at `now` (aware UTC), whose company's source is in use, too."""
    in_use = Q(status=Status.LINKED, paused=False) & (Q(open_until__isnull=True) | Q(open_until__lte=now))
    sources = Connection.objects.filter(
        in_use, company=OuterRef("company"), side=Side.SOURCE, integration__in=offering()
    )
    due = Handover.objects.filter(is_due(now), connection=OuterRef("pk"))
    rows = Connection.objects.filter(in_use, Exists(due), Exists(sources), side=Side.ACCOUNTING)
    return list(rows.order_by("created_at").values_list("pk", flat=True)[:MOST_AT_ONCE])


def due_of(connection_id: UUID, now: datetime) -> list[int]:
    """The handovers of one connection that are due, the longest waiting first."""
    rows = Handover.objects.filter(is_due(now), connection=connection_id)
    return list(rows.order_by("next_at", "pk").values_list("pk", flat=True)[:MOST_AT_ONCE])


def end_of_unlinked(now: datetime) -> int:
    """What waits for a connection that was unlinked for good waits no more. Returns how many."""
    waiting = Handover.objects.filter(state=HandoverState.WAITING, connection=OuterRef("pk"))
    ended = 0
    for connection in Connection.objects.filter(Exists(waiting), status=Status.UNLINKED).select_related("company"):
        ended += Handover.objects.filter(state=HandoverState.WAITING, connection=connection).update(
            state=HandoverState.GIVEN_UP, next_at=None, ended_at=now, lease_token=None, lease_until=None,
            message=UNLINKED.format(connection=connection),
        )  # fmt: skip
    return ended


def given_up() -> QuerySet[Handover]:
    """Those that wait for a person; of an unlinked connection nobody can hand anything over."""
    rows = Handover.objects.filter(state=HandoverState.GIVEN_UP)
    return rows.exclude(connection__status=Status.UNLINKED)


def open_counts() -> dict[HandoverState, int]:
    """How many wait for a worker, and how many for a person."""
    states = Handover.objects.filter(state__in=OPEN).order_by().values_list("state")
    counts = dict(states.annotate(count=Count("pk")))
    return {state: counts.get(state, 0) for state in OPEN}
