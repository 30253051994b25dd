"""What a member may read of the reference sync: every query here starts from a company that the caller may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from portal.connections.models import Connection
from portal.desk.access import Place
from portal.desk.words import system_name
from portal.reference.badges import sync_words
from portal.reference.sync import asking
from portal.reference.sync.models import OPEN_STATES, Frequency, SyncRun, SyncState
from portal.reference.sync.overview import TypeStatus, overview, progress
from portal.reference.sync.schedules import ensure, words

MOVING: Final = frozenset(OPEN_STATES) - {SyncState.VALIDATION_QUEUED}


@dataclass(frozen=True)
class Row:
    """One kind of reference data as the page shows it."""

    status: TypeStatus

    @property
    def schedule(self) -> str:
        """When it is synchronised, in words."""
        return words(self.status.schedule) if self.status.schedule else "Off"

    @property
    def progress(self) -> str:
        """How far the open run is; empty without one."""
        return progress(self.status.open_run) if self.status.open_run else ""

    @property
    def outcome(self) -> str:
        """How the latest run ended, in words."""
        run = self.status.run
        if run is not None and run.message:
            return run.message
        return (
            summary(run) if run is not None and run.state == SyncState.COMPLETE else sync_words(self.status.status_word)
        )

    @property
    def is_moving(self) -> bool:
        """Whether the page should look again in a moment."""
        return is_moving(self.status.open_run)

    @property
    def ended_well(self) -> bool:
        """Whether the latest run came to its end."""
        return self.status.run is not None and self.status.run.state == SyncState.COMPLETE

    @property
    def is_off(self) -> bool:
        """Whether it is not read by itself."""
        return self.status.schedule is None or self.status.schedule.frequency == Frequency.OFF

    @property
    def is_stuck(self) -> bool:
        """Whether the latest run ended, and not well."""
        return self.status.run is not None and self.status.run.state not in {*OPEN_STATES, SyncState.COMPLETE}

    @property
    def is_left_out(self) -> bool:
        """Whether a person has accepted that it does not come to its end: by having it tried no more."""
        return self.is_stuck and self.is_off


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A company's reference data, and what is missing for it to flow."""

    connection: Connection | None
    source: Connection | None
    rows: Sequence[Row]

    @property
    def system_name(self) -> str:
        """The accounting system's name; empty where none is linked."""
        return system_name(self.connection) if self.connection else ""

    @property
    def is_moving(self) -> bool:
        """Whether the page should look again in a moment."""
        return any(row.is_moving for row in self.rows)


def overview_of(place: Place) -> Overview:
    """Everything on the page of reference data, in a constant number of queries."""
    connection = place.accounting()
    if connection is None or not asking.kinds_of(connection):
        return Overview(connection=connection, source=None, rows=())
    found = overview(connection)
    if any(status.schedule is None for status in found):  # a system that was linked before there were schedules
        ensure(connection)
        found = overview(connection)
    rows = [Row(status) for status in found]
    return Overview(connection=connection, source=asking.source_for(connection), rows=rows)


def runs_of(place: Place) -> QuerySet[SyncRun]:
    """The company's runs."""
    rows = SyncRun.objects.filter(company=place.company)
    return rows.select_related("connection__company__tenant", "source", "asked_by", "confirmed_by")


def run_of(place: Place, number: int) -> SyncRun:
    """One of them. Raises `Http404` for everybody else's, as for one that does not exist."""
    found = runs_of(place).filter(pk=number).first() if number < 2**63 else None
    if found is None:
        raise Http404("There is no such run.")
    return found


def is_moving(run: SyncRun | None) -> bool:
    """Whether a run goes on without anybody."""
    return run is not None and run.state in MOVING


def summary(run: SyncRun) -> str:
    """What a run found, in one line: `3 added, 1 removed`."""
    counted = {"added": run.added, "changed": run.changed, "removed": run.removed, "refused": run.refused}
    if not (run.added or run.changed or run.removed):  # found by a run before that did not get to send it
        counted |= {"sent": run.sent, "deleted at the source": run.deleted}
    found = [f"{count:,} {word}" for word, count in counted.items() if count]
    return ", ".join(found) or f"{run.unchanged:,} unchanged, nothing to send"


def person(request: HttpRequest) -> Any:
    """Who asks, as the runs keep it."""
    user: AbstractBaseUser | AnonymousUser = request.user
    return user if user.is_authenticated else None
