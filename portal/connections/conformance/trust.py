"""Whether a key that was sent before may be relied on: then sending again gives back what it made, if anything."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from portal.connections.models import Conformance, Connection
from portal.connections.services import abilities

HOLDS_FOR: Final = timedelta(days=180)
SHARE_OF_LIFE: Final = 0.5


def key_is_trusted(connection: Connection, first_sent_at: datetime, now: datetime) -> bool:
    """Whether the vendor still knows a key that first went out at `first_sent_at` (both aware UTC), and honours it.

    It does when the latest conformance run of this connection passed at most 180 days ago, at the address that the
    connection still has, and the key is younger than half the life that the vendor gives it.
    """
    life = abilities(connection).key_seconds
    if life is None or now - first_sent_at >= timedelta(seconds=life * SHARE_OF_LIFE):
        return False
    latest = Conformance.objects.filter(connection=connection).order_by("-ended_at", "-pk").first()
    return (
        latest is not None
        and latest.trusted
        and latest.integration == connection.integration
        and latest.base_url == connection.settings.get("base_url", "")[:500]
        and now - latest.ended_at <= HOLDS_FOR
    )
