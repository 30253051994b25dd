"""How far each feed of a source has been read, and what keeps it from being read further."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from integrations.feeds import FedSource, Feed
from portal.connections.models import Connection
from portal.intake.feeds.models import FeedReader
from portal.tones import CLOSED, PERSON, POSTED, UNDER_WAY, WAITING

FOLLOWS: Final = "{feed} are not read."


@dataclass(frozen=True, kw_only=True)
class FeedProgress:
    """One feed. `reader` follows what is new, `of_open` reads again what may change yet; None where there is none.

    `hidden` is why it is not seen, and `follows` what comes of that; both empty where it is seen.
    """

    label: str
    reader: FeedReader | None
    of_open: FeedReader | None
    hidden: str = ""
    follows: str = ""

    @property
    def problem(self) -> str:
        """What stopped the latest pass; empty where nothing did."""
        return next((one.problem for one in (self.reader, self.of_open) if one and one.problem), "")

    @property
    def is_being_read(self) -> bool:
        """Whether a worker is at it."""
        now = timezone.now()
        return any(one.lease_until and one.lease_until > now for one in (self.reader, self.of_open) if one)

    @property
    def stand(self) -> tuple[str, str]:
        """The tone and the word of a badge."""
        if self.follows:
            return PERSON, "Not seen"
        if self.is_being_read:
            return UNDER_WAY, "Being read"
        if self.problem:
            return PERSON, "Did not end"
        if self.reader is None:
            return CLOSED, "Not begun"
        return (POSTED, "Read") if self.reader.ended_at else (WAITING, "Waits for its turn")

    @property
    def next_at(self) -> datetime | None:
        """When it is read next."""
        return self.reader.next_at if self.reader else None


def progress_of(connection: Connection, there: FedSource) -> list[FeedProgress]:
    """Each feed of the connection, in one query."""
    rows = {(row.feed, row.still_open): row for row in FeedReader.objects.filter(connection=connection)}
    hidden = type(there).hidden(connection.told)
    return [_progress(feed, rows, hidden) for feed in there.feeds]


def is_moving(feeds: Iterable[FeedProgress]) -> bool:
    """Whether something of it will look different in a moment."""
    now = timezone.now()
    return any(each.is_being_read or (each.next_at is not None and each.next_at <= now) for each in feeds)


def _progress(feed: Feed, rows: Mapping[tuple[str, bool], FeedReader], hidden: Mapping[str, str]) -> FeedProgress:
    return FeedProgress(
        label=feed.label, reader=rows.get((feed.name, False)), of_open=rows.get((feed.name, True)),
        hidden=hidden.get(feed.name, ""), follows=FOLLOWS.format(feed=feed.label) if feed.name in hidden else "",
    )  # fmt: skip
