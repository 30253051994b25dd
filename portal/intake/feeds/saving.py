"""Records that were read become deliveries, raw, in the same transaction that says how far the feed was read.

Two may read the same record at once, one of them what it was a moment ago: whoever compared with what is known no more
saves nothing, and the next pass sees it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from integrations.feeds import Head
from portal.connections.models import Connection
from portal.intake import deliveries
from portal.intake.endpoints import OpenEndpoint
from portal.intake.feeds.models import FedRecord
from portal.intake.models import Origin

LARGEST: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Changed:
    """A record that is new, or not as it was read last. `before` is its hash of then, empty for a new one."""

    head: Head
    before: str


def changed(connection: Connection, heads: Iterable[Head]) -> list[Changed]:
    """Those of one feed that are not known as they are, in their order; a record that comes twice counts once."""
    unique = {(head.feed, head.external_id): head for head in heads}
    rows = FedRecord.objects.filter(
        connection=connection,
        feed__in={feed for feed, _ in unique},
        external_id__in=[external_id for _, external_id in unique],
    )
    known = {(row.feed, row.external_id): row.content_hash for row in rows}
    return [Changed(head, known.get(key, "")) for key, head in unique.items() if known.get(key) != head.content_hash]


def save(
    endpoint: OpenEndpoint, connection: Connection, found: Sequence[tuple[Changed, bytes]], now: datetime
) -> list[int]:
    """Keep them, and give the ids of the deliveries that are to be taken. Call it inside `atomic`."""
    return [kept for one, body in found if (kept := _save(endpoint, connection, one, body, now)) is not None]


def _save(endpoint: OpenEndpoint, connection: Connection, one: Changed, body: bytes, now: datetime) -> int | None:
    head = one.head
    row = _claimed(connection, one, now)
    if row is None:
        return None
    delivery_id = deliveries.keep(endpoint, now, body, {}, Origin.FEED)
    FedRecord.objects.filter(pk=row).update(
        content_hash=head.content_hash, delivery_id=delivery_id, read_at=now, again_at=None, tries=0
    )
    return delivery_id


def _claimed(connection: Connection, one: Changed, now: datetime) -> int | None:
    """The record's row, locked; None where it is not what it was compared with."""
    key = {"connection": connection, "feed": one.head.feed, "external_id": one.head.external_id}
    if not one.before:
        fresh = FedRecord(**key, content_hash="", read_at=now)
        FedRecord.objects.bulk_create([fresh], ignore_conflicts=True)
    rows = FedRecord.objects.select_for_update().filter(**key, content_hash=one.before)
    return rows.values_list("pk", flat=True).first()
