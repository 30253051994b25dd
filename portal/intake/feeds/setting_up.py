"""The readers of a connection: one for each feed, and one more where changes do not show by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef

from integrations.feeds import FedSource
from portal.connections.models import Connection
from portal.connections.services import source_of
from portal.intake.feeds.asking import readable
from portal.intake.feeds.models import FeedReader

EVERY_SECONDS: Final = 900
OVERLAP_SECONDS: Final = 3600
OPEN_EVERY_SECONDS: Final = 86_400


def ensure(connection: Connection, now: datetime) -> None:
    """The readers that the connection should have; those that it has stay as they are.

    They are due at `now`, but for those of what is still open: at first the others read that, too, and two at once
    would ask for each record twice.
    """
    source = source_of(connection)
    if not isinstance(source, FedSource):
        return
    for values in _readers(source):
        feed, still_open = values.pop("feed"), values.pop("still_open")
        next_at = now + timedelta(seconds=OPEN_EVERY_SECONDS if still_open else 0)
        FeedReader.objects.get_or_create(
            connection=connection, feed=feed, still_open=still_open, defaults={**values, "next_at": next_at}
        )


def ensure_all(now: datetime) -> int:
    """The same for every connection in use that has none yet. Returns for how many."""
    has_one = Exists(FeedReader.objects.filter(connection=OuterRef("pk")))
    found = list(Connection.objects.select_related("company").filter(readable(now), ~has_one))
    for connection in found:
        ensure(connection, now)
    return len(found)


def _readers(source: FedSource) -> Iterator[dict[str, Any]]:
    for feed in source.feeds:
        yield {
            "feed": feed.name, "still_open": False, "every_seconds": EVERY_SECONDS, "overlap_seconds": OVERLAP_SECONDS,
        }  # fmt: skip
        if not source.tells_changes(feed.name):
            yield {"feed": feed.name, "still_open": True, "every_seconds": OPEN_EVERY_SECONDS, "overlap_seconds": 0}
