"""Replace a whole list, chunk by chunk, from its first row to its last.

Before the first chunk goes out it is written down that the list is incomplete; when the last one was taken, that it is
whole, and what it holds, in one transaction. Whatever ends in between leaves the list incomplete: then nothing else is
sent to it before another replacement, from the first row, has reached its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db.models import F, Q
from django.utils import timezone

from integrations.base import Refresh
from integrations.errors import OutcomeUnknown, Rejected, Retryable, RowsRefused, Unauthorised
from portal.reference.sync.leases import Interrupted
from portal.reference.sync.lists import Target
from portal.reference.sync.models import Record, SourceList
from portal.reference.sync.rows import BATCH
from portal.reference.sync.sending import Sending

MOST_REFUSED_ALONE: Final = 50
TOOK_NONE: Final = "{name} took none of the {rows:,} rows; the list there is as it was."
TAKES_NOTHING: Final = "{name} refuses row after row ({message})"


def replace(sending: Sending, target: Target) -> None:
    """Send every row, whether it changed or not. Rows that the source refuses are reported and left out.

    Raises `Rejected` when it takes none, and what the source raises; `OutcomeUnknown` when it has to begin again.
    """
    _Replacement(sending, target).run()


class _Replacement:
    """One pass over a list. `taken` counts the rows that certainly arrived."""

    def __init__(self, sending: Sending, target: Target) -> None:
        self.sending, self.target, self.lease = sending, target, sending.lease
        self.was_incomplete = target.list.is_incomplete
        self.taken = self.refused_alone = 0

    def run(self) -> None:
        """The whole of it."""
        refresh = self.sending.patiently(lambda: self.sending.source.refresh(self.target.there))
        self._write(is_incomplete=True)
        try:
            for chunk in self._chunks():
                self._send(refresh, chunk)
        except (Interrupted, Rejected, Retryable, Unauthorised) as error:
            self._after(error)
            raise
        if not self.taken:
            self._write(is_incomplete=self.was_incomplete)
            raise Rejected(TOOK_NONE.format(name=self._name, rows=self.lease.run.total or 0))
        self._close()

    @property
    def _name(self) -> str:
        return self.sending.source.metadata.name

    def _chunks(self) -> Iterator[list[Record]]:
        """No query is open while a chunk is under way."""
        size, last = self.sending.source.offers.rows_at_once, ""
        fetched = max(size, BATCH // size * size)
        while page := list(self.target.sendable.filter(row_key__gt=last).order_by("row_key")[:fetched]):
            last = page[-1].row_key
            yield from (page[start : start + size] for start in range(0, len(page), size))

    def _send(self, refresh: Refresh, records: list[Record]) -> None:
        """Send a chunk, without the rows that the source names as refused; where it names none, half and half."""
        while records:
            rows = [self.sending.row(record) for record in records]
            try:
                self.sending.patiently(lambda sent=rows: refresh.send(sent))  # type: ignore[misc]
            except RowsRefused as error:
                records = self._without_refused(refresh, records, error)
            else:
                self.taken, self.refused_alone = self.taken + len(records), 0
                self.lease.run.done += len(records)
                return

    def _without_refused(self, refresh: Refresh, records: list[Record], error: RowsRefused) -> list[Record]:
        refused = {position: why for position, why in error.refused.items() if 0 <= position < len(records)}
        if not refused and len(records) > 1:
            middle = len(records) // 2
            self._send(refresh, records[:middle])
            self._send(refresh, records[middle:])
            return []
        refused = refused or {0: self._alone(error)}
        self.sending.refuse([records[position] for position in refused], refused.values())
        self.lease.run.done += len(refused)
        return [record for position, record in enumerate(records) if position not in refused]

    def _alone(self, error: RowsRefused) -> str:
        """A source that refuses one row after another without a word about them means something else."""
        self.refused_alone += 1
        if self.refused_alone >= MOST_REFUSED_ALONE:
            raise Rejected(TAKES_NOTHING.format(name=self._name, message=error.message.rstrip(".")))
        return error.message

    def _after(self, error: Exception) -> None:
        """A refusal before anything arrived leaves the list as it was; one in the middle leaves it incomplete."""
        if not self.taken:
            self._write(is_incomplete=self.was_incomplete)
        elif isinstance(error, Retryable):
            raise OutcomeUnknown(error.message) from error

    def _write(self, **values: object) -> None:
        with self.lease.writing():
            SourceList.objects.filter(pk=self.target.list.pk).update(**values)

    def _close(self) -> None:
        run, sent = self.lease.run, self.target.sendable
        left_out = self.target.held.filter(Q(row_hash="") | Q(refused_hash=F("row_hash")))
        run.sent, run.deleted = run.sent + self.taken, run.deleted + left_out.count()
        with self.lease.writing():
            left_out.update(pushed_code="", pushed_hash="")
            sent.update(pushed_code=F("row_code"), pushed_hash=F("row_hash"), refused="", refused_hash="")
            SourceList.objects.filter(pk=self.target.list.pk).update(
                is_incomplete=False, broke_off_at=None, replaced_at=timezone.now(), rows=self.taken
            )
