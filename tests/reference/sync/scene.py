"""What the tests of the sync share: the far ends, the clock, and runs that are brought to where they come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import time_machine
from django.utils import timezone

from integrations.reference import Record, RecordKind
from portal.connections.models import Connection
from portal.reference.sync.asking import ask
from portal.reference.sync.models import SourceList, SyncChange, SyncRun
from portal.reference.sync.runner import look

SUPPLIER = RecordKind.SUPPLIER


def a_record(number: int, kind: RecordKind = SUPPLIER, **options: Any) -> Record:
    """A supplier `S01` called Supplier 1, unless told otherwise."""
    values: dict[str, Any] = {
        "kind": kind, "code": f"S{number:02}", "name": f"Supplier {number}", "external_id": str(number),
    }  # fmt: skip
    return Record(**{**values, **options})


@dataclass
class Scene:
    """A company between its books and its source."""

    books: Connection
    source: Connection
    clock: time_machine.Traveller
    shelf: Any
    there: Any

    def know(self, numbers: Iterable[int], kind: RecordKind = SUPPLIER, **options: Any) -> None:
        """The books know these records and no others."""
        self.shelf.put(kind, [a_record(number, kind, **options) for number in numbers])

    def change(self, number: int, kind: RecordKind = SUPPLIER, **options: Any) -> None:
        """One record of the books is different from now on."""
        rows = self.shelf.records[kind]
        place = next(place for place, row in enumerate(rows) if row.external_id == str(number))
        rows[place] = a_record(number, kind, **options)

    def ask(self, kind: RecordKind = SUPPLIER, **options: Any) -> SyncRun:
        """A run in the queue, and the source's log of requests empty."""
        self.there.calls.clear()
        self.clock.shift(1)
        return ask(self.books, kind, **options)

    def sync(self, kind: RecordKind = SUPPLIER, **options: Any) -> SyncRun:
        """Ask, and bring the run as far as it comes without waiting."""
        run = self.ask(kind, **options)
        look(timezone.now())
        run.refresh_from_db()
        return run

    def look(self, run: SyncRun, seconds: float = 0) -> SyncRun:
        """So much later the runner looks."""
        self.clock.shift(seconds)
        look(timezone.now())
        run.refresh_from_db()
        return run

    def listed(self, kind: RecordKind = SUPPLIER, dimension: str = "") -> SourceList:
        """What is known of a list at the source."""
        return SourceList.objects.get(connection=self.source, kind=kind.value, dimension=dimension)

    def told(self, run: SyncRun) -> list[tuple[Any, ...]]:
        """The history of a run."""
        return list(SyncChange.objects.filter(run=run).values_list("change", "code", "fields", "reason"))


def counts(run: SyncRun) -> dict[str, int]:
    """Every count of a run that is not zero."""
    names = ("read", "added", "changed", "removed", "unchanged", "sent", "deleted", "refused", "calls")
    return {name: getattr(run, name) for name in names if getattr(run, name)}
