"""Which connections have feeds that may be read now, and how their source is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db.models import Q

from integrations.feeds import FedSource
from portal.connections.models import Connection, Side, Status
from portal.connections.paced import paced
from portal.connections.registry import sources
from portal.connections.services import source_of

# A page, or a few records with their lines; each request has the usual limits of its own. Several readers of one
# connection wait for the same limits, which is no problem to be told.
ASKED_FOR_SECONDS: Final = 1800.0
PATIENCE_SECONDS: Final = 900.0


def fed_sources() -> dict[str, FedSource]:
    """The installed sources that are read, by slug."""
    return {slug: one for slug, one in sources().items() if isinstance(one, FedSource)}


def is_fed(connection: Connection) -> bool:
    """Whether its source is one that is read."""
    return connection.integration in fed_sources()


def readable(now: datetime, *, prefix: str = "") -> Q:
    """Which connections are read at `now` (aware UTC): linked, in use, of a company that is live. `prefix` leads from
    the rows that are filtered to their connection, such as `connection__`."""
    conditions = {
        "side": Side.SOURCE,
        "status": Status.LINKED,
        "paused": False,
        "integration__in": list(fed_sources()),
        "company__live_at__lte": now,
    }
    open_still = Q(**{f"{prefix}company__closed_at__isnull": True}) | Q(**{f"{prefix}company__closed_at__gt": now})
    return Q(**{prefix + name: value for name, value in conditions.items()}) & open_still


@contextmanager
def opened(connection: Connection, keep: Callable[[], None]) -> Iterator[FedSource]:
    """The source, ready to be asked for a page or a few records at its own pace. `keep` is called before each request
    and may raise."""
    with paced(connection, keep, patience_seconds=PATIENCE_SECONDS, deadline_seconds=ASKED_FOR_SECONDS) as outbound:
        asked = source_of(connection, outbound)
        assert isinstance(asked, FedSource)  # noqa: S101 - only rows of such connections come here
        yield asked
