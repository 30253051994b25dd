"""Records that no webhook hints at, and that are asked for all the same: what is not due yet, and what a payment
settles."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from integrations.documents import Document
from integrations.feeds import FedSource
from portal.connections.models import Connection
from portal.intake.feeds.asking import fed_sources
from portal.intake.feeds.models import FedRecord, HintedRecord
from portal.intake.models import Verdict

NOT_TAKEN: Final = frozenset({Verdict.SKIPPED, Verdict.REFUSED, Verdict.UNREADABLE, Verdict.FAILED})
NEVER_READ: Final = "{source} was asked for it and has not told it."


def ask_again(record: FedRecord, now: datetime) -> None:
    """Ask the source how it stands, after whatever was hinted at since it was read last: nothing is written where it
    stands as it did."""
    _hint(record.connection_id, [(record.feed, record.external_id)], hinted_at=record.read_at, now=now)


def ask_for_what_it_settles(connection: Connection, source: FedSource, document: Document, now: datetime) -> None:
    """Ask for what a document settles and nobody has read: made before the history that was read, or missed."""
    if not document.allocations:
        return
    wanted = {one.external_id: _feed_of(source, one.external_id) for one in document.allocations}
    known = FedRecord.objects.filter(connection=connection, external_id__in=wanted, feed__in=set(wanted.values()))
    read = set(known.values_list("external_id", flat=True))
    unknown = [(feed, external_id) for external_id, feed in wanted.items() if feed and external_id not in read]
    _hint(connection.pk, unknown, hinted_at=now, now=now)


def why_not_taken(company_id: uuid.UUID, source: str, external_id: str) -> str:
    """Why a record of a source that is read has become no transaction, in a sentence; empty where that is not known."""
    of_company = {"connection__company_id": company_id, "connection__integration": source}
    connector = fed_sources().get(source)
    if connector is None:
        return ""
    feed = _feed_of(connector, external_id)
    record = (
        FedRecord.objects.filter(**of_company, feed=feed, external_id=external_id).select_related("delivery").first()
    )
    if record is None:
        return NEVER_READ.format(source=connector.metadata.name)
    delivery = record.delivery
    return delivery.reason if delivery is not None and delivery.verdict in NOT_TAKEN else ""


def _feed_of(source: FedSource, external_id: str) -> str:
    """The feed whose name an external id begins with; empty where it names none."""
    return next((feed.name for feed in source.feeds if external_id.startswith(f"{feed.name}-")), "")


def _hint(connection_id: uuid.UUID, records: Iterable[tuple[str, str]], *, hinted_at: datetime, now: datetime) -> None:
    """A hint that is there already stays as it is."""
    hints = [
        HintedRecord(connection_id=connection_id, feed=feed, external_id=external_id, hinted_at=hinted_at, next_at=now)
        for feed, external_id in records
    ]
    HintedRecord.objects.bulk_create(hints, ignore_conflicts=True)
