"""How a run stands, in sentences for people."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration, system
from portal.notation import zone_of
from portal.reference.sync.models import KIND_CHOICES, SyncRun, SyncState

SHORT: Final = {
    SyncState.QUEUED: "queued",
    SyncState.FETCHING: "fetching",
    SyncState.VALIDATION_QUEUED: "waiting for confirmation",
    SyncState.PROCESSING_QUEUED: "waiting to go on",
    SyncState.PROCESSING: "sending",
}
QUEUED: Final = "It starts in a moment."
THE_SOURCE: Final = "the source"


def label_of(kind: RecordKind | str) -> str:
    """A kind as people read it: `Suppliers`."""
    return str(dict(KIND_CHOICES)[RecordKind(kind).value])


def name_of(connection: Connection | None) -> str:
    """What is at the other end of a connection, by its name."""
    if connection is None:
        return THE_SOURCE
    try:
        return system(connection.integration).metadata.name
    except UnknownIntegration:
        return connection.integration


def clock_of(connection: Connection, at: datetime) -> str:
    """A time of today on the tenant's clock: `14:05`."""
    return f"{at.astimezone(zone_of(connection.company.tenant.time_zone)):%H:%M}"


def counted(run: SyncRun) -> str:
    """How far the stage is: `300 of 1,000`, or `300 rows` where nobody knows the whole."""
    return f"{run.done:,} rows" if run.total is None else f"{run.done:,} of {run.total:,}"


def progress(run: SyncRun) -> str:
    """How far a run is or how it ended, in one line."""
    state = SyncState(run.state)
    if state == SyncState.FETCHING:
        return f"Fetching from the accounting system: {counted(run)}"
    if state == SyncState.PROCESSING:
        where = f" ({run.dimension})" if run.dimension else ""
        return f"Sending to {name_of(run.source)}{where}: {counted(run)}"
    if run.message:
        return run.message
    return QUEUED if state == SyncState.QUEUED else f"{state.label}."


def under_way(run: SyncRun) -> str:
    """Why no second run is begun."""
    stage = SHORT[SyncState(run.state)]
    leased = run.state in (SyncState.FETCHING, SyncState.PROCESSING)
    how_far = f", {counted(run)}" if leased else ""
    since = clock_of(run.connection, run.started_at or run.asked_at)
    return f"{label_of(run.kind)}: a sync is running already ({stage}{how_far}, since {since})."
