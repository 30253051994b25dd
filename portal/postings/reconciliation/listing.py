"""Read a listing into rows: memory stays flat however long it is, and a document that comes twice is one row."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from portal.postings.reconciliation.asking import listed, told
from portal.postings.reconciliation.compare import Told
from portal.postings.reconciliation.leases import Lease
from portal.postings.reconciliation.models import ListedDocument

BATCH: Final = 500
# Their clock is not ours, and a document may stand there for a while before its posting is settled.
BEFORE_THE_WINDOW: Final = timedelta(days=1)
OUR_VERSION: Final = 4
LENGTH: Final = 36


def read_all(lease: Lease) -> None:
    """Read everything that was written since a day before the window. Raises what the connector raises."""
    run = lease.run
    batch: dict[tuple[UUID, str], Told] = {}
    for one in listed(run.connection, run.since - BEFORE_THE_WINDOW, lease.keep):
        run.read += 1
        if (key := our_key(one.key)) is not None:
            document = told(one.posted, one.kind, one.reference)
            batch[key, document["external_id"]] = document
        if len(batch) >= BATCH:
            _write(lease, batch)
            batch = {}
        lease.keep()
    _write(lease, batch)


def our_key(text: str) -> UUID | None:
    """The key of a posting, or None: a key that is not in our format is none of our business."""
    try:
        key = UUID(text)
    except ValueError:
        return None
    return key if len(text) == LENGTH and key.version == OUR_VERSION else None


def _write(lease: Lease, batch: dict[tuple[UUID, str], Told]) -> None:
    rows = [
        ListedDocument(run=lease.run, key=key, external_id=external_id, told=dict(document))
        for (key, external_id), document in batch.items()
    ]
    ListedDocument.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["run", "key", "external_id"], update_fields=["told"]
    )
