"""One request to a source: sent again as long as it was certainly not taken, and what a refused row leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from integrations.base import Source
from integrations.errors import Retryable
from integrations.reference import Row
from portal.reference.sync.leases import Lease
from portal.reference.sync.models import Record, SyncChange
from portal.reference.sync.rows import as_told, refused_change

WAITS_SECONDS: Final = (5.0, 10.0, 20.0, 40.0, 55.0)
LONGEST_WAIT_SECONDS: Final = 60.0
# Without a single answer for so long it is no delay any more.
PATIENCE_SECONDS: Final = 600.0
FREE_PATIENCE_SECONDS: Final = 6 * 3600.0
T = TypeVar("T")


@dataclass(slots=True)
class Sending:
    """What a push works with: the lease, and the source on the terms of this run."""

    lease: Lease
    source: Source

    def patiently(self, call: Callable[[], T]) -> T:
        """Make a call again as long as it is certain that it was not taken, with waits in between.

        Raises what the call raises; `Retryable` when patience is at its end.
        """
        waited, tries = 0.0, 0
        while True:
            try:
                return call()
            except Retryable as error:
                wait = min(error.retry_after or WAITS_SECONDS[min(tries, len(WAITS_SECONDS) - 1)], LONGEST_WAIT_SECONDS)
                if waited + wait > (FREE_PATIENCE_SECONDS if error.free else PATIENCE_SECONDS):
                    raise
                self.lease.wait(wait)
                waited, tries = waited + wait, tries + 1

    def row(self, record: Record) -> Row:
        """What the source is told of a record."""
        return self.source.row(as_told(record))

    def refuse(self, records: Iterable[Record], reasons: Iterable[str]) -> None:
        """Keep why the source does not take these rows as they are: they are not tried again until they change."""
        changes = list[SyncChange]()
        with self.lease.writing():
            for record, reason in zip(records, reasons, strict=True):
                record.refused, record.refused_hash = reason, record.row_hash or ""
                Record.objects.filter(pk=record.pk).update(refused=reason, refused_hash=record.refused_hash)
                changes.append(refused_change(self.lease, record, reason))
            SyncChange.objects.bulk_create(changes)
