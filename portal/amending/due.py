"""Which invoices wait for a worker, which amendments for a person, and how many."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from portal.amending.leases import is_due
from portal.amending.models import OPEN, WAITING_FOR_A_PERSON, AmendmentDuty, DutyState, KnownTerms
from portal.connections.models import Connection, Status

MOST_AT_ONCE: Final = 200


def due_postings(now: datetime) -> list[int]:
    """Invoices to be looked at at `now` (aware UTC), the longest waiting first, of connections in use; of those that
    were unlinked for good, too, for then a person has to know."""
    resting = Q(open_until__gt=now) | Q(paused=True) | ~Q(status__in=(Status.LINKED, Status.UNLINKED))
    stopped = Connection.objects.filter(resting, pk=OuterRef("connection"))
    rows = KnownTerms.objects.filter(is_due(now), ~Exists(stopped))
    return list(rows.order_by("next_at", "pk").values_list("pk", flat=True)[:MOST_AT_ONCE])


def needing_a_person() -> QuerySet[AmendmentDuty]:
    """Amendments that somebody has to settle."""
    return AmendmentDuty.objects.filter(state__in=WAITING_FOR_A_PERSON)


def open_counts() -> dict[DutyState, int]:
    """How many are open, by state."""
    rows = AmendmentDuty.objects.filter(state__in=OPEN).order_by().values_list("state")
    counts = dict(rows.annotate(count=Count("pk")))
    return {state: counts.get(state, 0) for state in OPEN}
