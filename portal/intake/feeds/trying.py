"""What would be understood of a call that somebody pastes: nothing of it is kept, and nobody is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from integrations.base import Link
from integrations.feeds import Call, FedSource, Feed
from portal.connections.models import Connection
from portal.connections.registry import source
from portal.intake.feeds.hints import FOUND, SEARCHED, STRANGE
from portal.intake.feeds.models import LONGEST_ID, FedRecord

GONE: Final = "It says that the record was deleted. It is asked for all the same, and what is booked stays."


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """`feed` and `external_id` as the call names them, empty where it does not; `sentence` is what the caller would be
    told, `record` what is known of the record already."""

    feed: Feed | None
    external_id: str
    is_gone: bool
    sentence: str
    record: FedRecord | None


def hinting(connection: Connection) -> FedSource:
    """The source that reads calls, under the connection's settings and without its secrets: it asks nobody."""
    found = type(source(connection.integration))(Link(settings=connection.settings))
    assert isinstance(found, FedSource)  # noqa: S101 - only connections of such sources come here
    return found


def understood(connection: Connection, call: Call) -> Understood:
    """The same as would be done with the call, without doing it."""
    there = hinting(connection)
    pointer = there.hinted(call)
    feed = next((one for one in there.feeds if one.name == pointer.feed), None)
    names_one = bool(pointer.external_id) and len(pointer.external_id) <= LONGEST_ID
    if not names_one:
        sentence = SEARCHED
    elif feed is None:
        sentence = STRANGE
    else:
        sentence = FOUND.format(record=f"{pointer.feed} {pointer.external_id}")
    rows = FedRecord.objects.filter(
        connection=connection, feed=pointer.feed, external_id=pointer.external_id.lower()
    ).select_related("delivery")
    return Understood(
        feed=feed, external_id=pointer.external_id, is_gone=pointer.is_gone, sentence=sentence,
        record=rows.first() if names_one and feed else None,
    )  # fmt: skip
