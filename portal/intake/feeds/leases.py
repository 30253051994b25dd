"""Whose turn it is: a reader is taken by one worker under a lease, which each page that is saved renews."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from portal import leases
from portal.connections import breaker
from portal.intake.feeds.asking import readable
from portal.intake.feeds.models import FeedReader
from portal.leases import KEPT_EVERY_SECONDS, LEASE, STOPPED, free

__all__ = ["KEPT_EVERY_SECONDS", "LEASE", "STOPPED", "Lease", "due", "take"]

Lease = leases.Lease[FeedReader]


def due(now: datetime) -> list[int]:
    """The readers that wait for a worker at `now` (aware UTC), the longest waiting first."""
    waiting = FeedReader.objects.filter(free(now), usable(now), next_at__lte=now)
    return list(waiting.order_by("next_at", "pk").values_list("pk", flat=True))


def take(reader_id: int, now: datetime) -> Lease | None:
    """A reader that is due, or None: somebody was faster, or its connection is not to be used now."""
    rows = FeedReader.objects.select_related("connection__company__tenant")
    reader = rows.filter(free(now), usable(now), pk=reader_id, next_at__lte=now).first()
    if reader is None or breaker.is_open(reader.connection, now):
        return None
    return leases.take(FeedReader.objects.all(), reader, usable, now)


def usable(now: datetime) -> Q:
    """Readers whose connection is read."""
    return readable(now, prefix="connection__")
