"""The demo's first sync: what the accounting systems know goes into the stand-in for iCompleat, which begins empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from portal.connections.models import Connection, Side, Status
from portal.operations.demo.children import Child
from portal.operations.demo.seed import TENANT
from portal.reference.sync.asking import ask_all, source_for
from portal.reference.sync.lists import mistrust
from portal.reference.sync.models import OPEN_STATES, SyncRun, SyncState
from portal.reference.sync.schedules import ensure

DONE_WITHIN_SECONDS: Final = 90.0


@dataclass(frozen=True, slots=True)
class FirstSyncs:
    """The runs that were asked for, by their ids."""

    ids: tuple[int, ...]

    @classmethod
    def begin(cls) -> FirstSyncs:
        """Ask for a run of every kind of every company. What iCompleat held before is gone with the last demo."""
        linked = Connection.objects.filter(
            company__tenant__name=TENANT, side=Side.ACCOUNTING, status=Status.LINKED, paused=False
        )
        made: list[int] = []
        for connection in linked.select_related("company__tenant").order_by("created_at"):
            ensure(connection)
            if (source := source_for(connection)) is not None:
                mistrust(source)
            made += [run.pk for run in ask_all(connection)[0]]
        return cls(tuple(made))

    def wait(self, portal: Child) -> None:
        """Until all are done. Raises `DemoFailed` when that takes too long, or the portal ends."""
        portal.wait_until(self._are_done, "synchronise the reference data", DONE_WITHIN_SECONDS)

    def lines(self) -> Iterator[str]:
        """What went to iCompleat, a line for each company, and a line for each run that did not end well."""
        runs = list(SyncRun.objects.filter(pk__in=self.ids).select_related("company").order_by("pk"))
        for company in dict.fromkeys(run.company for run in runs):
            told = [f"{run.sent} {_words(run)}" for run in runs if run.company == company and run.sent]
            yield f"Reference data  {company}: {', '.join(told)} sent to iCompleat"
        for run in runs:
            if run.state != SyncState.COMPLETE:
                yield f"    {run.company}, {run.get_kind_display()}: {run.get_state_display()}. {run.message}"

    def _are_done(self) -> bool:
        """What waits for a person is as far as it gets by itself."""
        waits = [state for state in OPEN_STATES if state != SyncState.VALIDATION_QUEUED]
        return not SyncRun.objects.filter(pk__in=self.ids, state__in=waits).exists()


def _words(run: SyncRun) -> str:
    return str(run.get_kind_display()).lower()
