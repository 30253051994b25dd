"""What pages show of the reference sync: how each kind stands, and what is mirrored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Max, Q, QuerySet

from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.reference.sync.asking import kinds_of, source_for
from portal.reference.sync.models import OPEN_STATES, Record, SourceList, SyncRun, SyncSchedule, SyncState
from portal.reference.sync.words import label_of, progress

__all__ = ["TypeStatus", "overview", "progress", "records"]

INITIAL: Final = "Initial"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeStatus:
    """How one kind of a connection's reference data stands.

    `run` is the latest one and `open_run` the one that has not ended; `records` counts the active ones, `refused`
    those that the source does not take; `incomplete` are the lists there whose replacement broke off.
    """

    kind: RecordKind
    label: str
    schedule: SyncSchedule | None = None
    run: SyncRun | None = None
    open_run: SyncRun | None = None
    last_success_at: datetime | None = None
    records: int = 0
    refused: int = 0
    incomplete: list[SourceList] = field(default_factory=list)

    @property
    def status_word(self) -> str:
        """Codat's word for it: the latest run's state, `Initial` before the first."""
        return str(self.run.state) if self.run else INITIAL


def overview(connection: Connection) -> list[TypeStatus]:
    """How every kind stands that the connection's system tells, in a constant number of queries."""
    runs, counts = _latest(connection), _counts(connection)
    schedules = {one.kind: one for one in _of(SyncSchedule, connection).select_related("connection__company__tenant")}
    succeeded, incomplete = _succeeded(connection), _incomplete(connection)
    return [
        TypeStatus(
            kind=kind,
            label=label_of(kind),
            schedule=schedules.get(kind.value),
            run=runs.get(kind.value),
            open_run=_if_open(runs.get(kind.value)),
            last_success_at=succeeded.get(kind.value),
            records=counts.get(kind.value, (0, 0))[0],
            refused=counts.get(kind.value, (0, 0))[1],
            incomplete=[one for one in incomplete if one.kind == kind.value],
        )
        for kind in kinds_of(connection)
    ]


def records(connection: Connection, kind: RecordKind, *, search: str = "", dimension: str = "") -> QuerySet[Record]:
    """The mirrored rows of a kind that are in use, by dimension and code; `search` looks into code and name."""
    found = Record.objects.filter(connection=connection, kind=RecordKind(kind).value, is_active=True)
    if dimension:
        found = found.filter(dimension=dimension)
    if search:
        found = found.filter(Q(code__icontains=search) | Q(name__icontains=search))
    return found.order_by("dimension", "code", "id")


def _latest(connection: Connection) -> dict[str, SyncRun]:
    """The newest run of each kind; at most one is open, and that is always the newest."""
    newest = _of(SyncRun, connection).order_by().values("kind").annotate(newest=Max("id")).values("newest")
    runs = SyncRun.objects.filter(pk__in=newest)
    return {one.kind: one for one in runs.select_related("connection__company__tenant", "source", "asked_by")}


def _succeeded(connection: Connection) -> dict[str, datetime]:
    done = _of(SyncRun, connection).filter(state=SyncState.COMPLETE).order_by()
    return dict(done.values_list("kind").annotate(Max("ended_at")))


def _counts(connection: Connection) -> dict[str, tuple[int, int]]:
    """By kind: active records, and those of them that are refused."""
    counted = _of(Record, connection).filter(is_active=True).order_by().values_list("kind")
    rows = counted.annotate(Count("pk"), refused_rows=Count("pk", filter=~Q(refused="")))
    return {kind: (every, refused) for kind, every, refused in rows}


def _incomplete(connection: Connection) -> list[SourceList]:
    source = source_for(connection)
    return list(SourceList.objects.filter(connection=source, is_incomplete=True)) if source else []


def _if_open(run: SyncRun | None) -> SyncRun | None:
    return run if run is not None and run.state in OPEN_STATES else None


def _of(model: Any, connection: Connection) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.filter(connection=connection)
    return rows
