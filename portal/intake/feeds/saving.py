"""Records that were read become deliveries, raw, in the same transaction that says how far the feed was read.

Two may read the same record at once, one of them what it was a moment ago: whoever compared with what is known no more
saves nothing, and the next pass sees it again.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.errors import Misconfigured, Missing, Rejected
from integrations.exact import to_json
from integrations.feeds import FedSource, Head, Unreadable
from portal.connections.models import Connection
from portal.intake import deliveries
from portal.intake.deliveries import Judgement
from portal.intake.endpoints import OpenEndpoint
from portal.intake.feeds.models import FedRecord
from portal.intake.models import Delivery, Origin, Verdict

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Changed:
    """A record that is new, or not as it was read last. `before` is its hash of then, empty for a new one."""

    head: Head
    before: str


@dataclass(frozen=True, slots=True)
class Whole:
    """Such a record as the body of a delivery; `refused` says why it could not be read whole."""

    changed: Changed
    body: bytes
    refused: str = ""


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


def whole_of(asked: FedSource, one: Changed) -> Whole | None:
    """A record with all that belongs to it; None for one that is gone. One that cannot be read whole, since it is too
    large, is kept as the page tells it, with the reason: the others do not wait for it. Raises as `FedSource.whole`,
    but for that."""
    try:
        return Whole(one, asked.whole(one.head))
    except Missing:
        logger.info("%s %s was gone before it was read.", one.head.feed, one.head.external_id)
        return None
    except Misconfigured:
        raise
    except Rejected as error:
        return Whole(one, to_json(one.head.row).encode(errors="replace"), error.message)


def save(endpoint: OpenEndpoint, connection: Connection, found: Sequence[Whole], now: datetime) -> list[int]:
    """Keep them, and give the ids of the deliveries that are to be taken. Call it inside `atomic`."""
    return [kept for one in found if (kept := _save(endpoint, connection, one, now)) is not None]


def keep_unreadable(endpoint: OpenEndpoint, rows: Iterable[Unreadable], now: datetime) -> None:
    """Rows that name no record become deliveries that cannot be read, each once, however often it is told."""
    for row in rows:
        body = to_json(row.row).encode(errors="replace")
        known = Delivery.objects.filter(endpoint_id=endpoint.id, body_sha256=hashlib.sha256(body).hexdigest())
        if not known.exists():
            delivery_id = deliveries.keep(endpoint, now, body, {}, Origin.FEED)
            deliveries.judge(delivery_id, Judgement(Verdict.UNREADABLE, row.why))


def _save(endpoint: OpenEndpoint, connection: Connection, whole: Whole, now: datetime) -> int | None:
    head = whole.changed.head
    row = _claimed(connection, whole.changed, now)
    if row is None:
        return None
    delivery_id = deliveries.keep(endpoint, now, whole.body, {}, Origin.FEED)
    FedRecord.objects.filter(pk=row).update(
        content_hash=head.content_hash, delivery_id=delivery_id, read_at=now, again_at=None, tries=0
    )
    if whole.refused:
        deliveries.judge(delivery_id, Judgement(Verdict.UNREADABLE, whole.refused))
        return None
    return delivery_id


def _claimed(connection: Connection, one: Changed, now: datetime) -> int | None:
    """The record's row, locked; None where it is not what it was compared with."""
    key = {"connection": connection, "feed": one.head.feed, "external_id": one.head.external_id}
    if not one.before:
        fresh = FedRecord(**key, content_hash="", read_at=now)
        FedRecord.objects.bulk_create([fresh], ignore_conflicts=True)
    rows = FedRecord.objects.select_for_update().filter(**key, content_hash=one.before)
    return rows.values_list("pk", flat=True).first()
