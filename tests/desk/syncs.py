"""Reference data and its runs for tests of pages: rows as the engine leaves them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from portal.connections.models import Connection
from portal.reference.sync.models import Change, Record, SourceList, SyncChange, SyncRun, SyncSchedule, SyncState

LEASED = {SyncState.FETCHING, SyncState.PROCESSING}


def a_record(connection: Connection, code: str, **options: Any) -> Record:
    """A supplier that iCompleat has."""
    row: dict[str, Any] = {
        "kind": "supplier",
        "code": code,
        "name": f"Supplier {code}",
        "external_id": f"id-{code}",
        "row_hash": "r",
    }
    row |= {"pushed_code": code, "pushed_hash": "r", "content_hash": "c", "changed_at": timezone.now()}
    row["identity"] = uuid.uuid4()
    return Record.objects.create(connection=connection, **{**row, **options})


def refused(connection: Connection, code: str, why: str, **options: Any) -> Record:
    """A supplier that iCompleat does not take."""
    return a_record(connection, code, pushed_code="", pushed_hash="", refused=why, refused_hash="r", **options)


def a_sync(connection: Connection, state: SyncState = SyncState.COMPLETE, **options: Any) -> SyncRun:
    """A run in a state, leased where that state has a lease."""
    now = timezone.now()
    row: dict[str, Any] = {"kind": "supplier", "asked_at": now, "started_at": now, "company": connection.company}
    if state in LEASED:
        row |= {"lease_token": uuid.uuid4(), "lease_until": now + timedelta(minutes=2)}
    if state == SyncState.COMPLETE:
        row |= {"ended_at": now}
    return SyncRun.objects.create(connection=connection, state=state, **{**row, **options})


def a_change(run: SyncRun, change: Change, code: str, **options: Any) -> SyncChange:
    """One row that a run found to be different."""
    return SyncChange.objects.create(run=run, change=change, code=code, **{"name": f"Supplier {code}", **options})


def an_incomplete_list(source: Connection, **options: Any) -> SourceList:
    """A list at the source whose replacement broke off."""
    row = {"kind": "supplier", "is_incomplete": True, "broke_off_at": timezone.now()}
    return SourceList.objects.create(connection=source, **{**row, **options})


def a_schedule(connection: Connection, **options: Any) -> SyncSchedule:
    """Daily at midnight."""
    return SyncSchedule.objects.create(connection=connection, **{"kind": "supplier", **options})


def one_of_each(connection: Connection, source: Connection) -> None:
    """A row of every model of the reference sync, for whoever walks all pages."""
    a_record(connection, "WALK01", details={"city": "Leeds"})
    an_incomplete_list(source)
    a_schedule(connection)
    run = a_sync(connection, SyncState.VALIDATION_QUEUED, source=source)
    run.guard = [{"dimension": "", "before": 1000, "after": 3}]
    run.save()
    a_change(run, Change.CHANGED, "WALK01", fields=[["name", "Old", "New"]])
