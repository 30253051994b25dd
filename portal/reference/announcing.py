"""What webhooks tell of syncs: that one ended and how, and that one waits for a person.

A run is written when it is asked for and ends later. The mark goes past its row while it is open; which of those are
not done is kept beside the mark, and they are looked at again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Q

from portal.events.webhooks.exactly import instant
from portal.events.webhooks.logs import PAGE, Log, News, Span, register
from portal.reference.sync.models import OPEN_STATES, SyncRun, SyncState

COMPLETED, FAILED, CANCELLED, WAITS = (
    "sync.completed", "sync.failed", "sync.cancelled", "sync.waits_for_confirmation",
)  # fmt: skip
TYPES: Final = {
    COMPLETED: "One kind of reference data was read, and the source has what is new.",
    FAILED: "It ended without having done so. Its message says why.",
    CANCELLED: "Somebody ended it, or discarded what it would have changed.",
    WAITS: "Much would disappear at the source, so somebody has to confirm it.",
}
ENDED: Final = {SyncState.COMPLETE: COMPLETED, SyncState.CANCELLED: CANCELLED}


def register_log() -> None:
    """Let it be read."""
    register(
        Log(
            name="syncs", types=TYPES, rows=SyncRun.objects.all, moment="asked_at", news=_news, payloads=_payloads,
            still_open=_still_open, waiting=_waiting,
        )
    )  # fmt: skip


def _still_open(up_to: int) -> Iterable[int]:
    return SyncRun.objects.filter(state__in=OPEN_STATES, pk__lte=up_to).values_list("pk", flat=True)


def _news(span: Span) -> list[News]:
    rows = SyncRun.objects.filter(Q(id__gt=span.after) | Q(id__in=span.again), company__tenant_id__in=span.tenants)
    ended = rows.exclude(state__in=OPEN_STATES).filter(ended_at__isnull=False).order_by("id")
    columns = ended.values_list("id", "state", "ended_at", "company_id", "company__tenant_id")
    return [
        News(
            origin=f"sync:{pk}:ended", type=ENDED.get(SyncState(state), FAILED), tenant_id=tenant_id,
            company_id=company_id, happened_at=at, key=pk,
        )
        for pk, state, at, company_id, tenant_id in columns[:PAGE]
        if at is not None
    ]  # fmt: skip


def _waiting(tenants: frozenset[uuid.UUID], now: datetime) -> list[News]:
    """A handful at most. Since when one waits is not kept, so that it is told as of now."""
    rows = SyncRun.objects.filter(state=SyncState.VALIDATION_QUEUED, company__tenant_id__in=tenants).order_by("-id")
    columns = rows.values_list("id", "company_id", "company__tenant_id")[:PAGE]
    return [
        News(
            origin=f"sync:{pk}:waits", type=WAITS, tenant_id=tenant_id, company_id=company_id, happened_at=now, key=pk
        )
        for pk, company_id, tenant_id in columns
    ]  # fmt: skip


def _payloads(keys: Sequence[int]) -> Mapping[int, dict[str, Any]]:
    rows = SyncRun.objects.filter(pk__in=keys).select_related("company", "connection").defer("connection__secrets")
    return {run.pk: _payload(run) for run in rows}


def _payload(run: SyncRun) -> dict[str, Any]:
    connection = run.connection
    return {
        "company": {"id": str(run.company.pk), "name": run.company.name},
        "connection": {"id": str(connection.pk), "integration": connection.integration, "side": connection.side},
        "sync": {
            "id": str(run.pk),
            "dataType": run.kind,
            "status": run.state,
            "message": run.message,
            "askedAt": instant(run.asked_at),
            "startedAt": instant(run.started_at),
            "endedAt": instant(run.ended_at),
            "read": run.read,
            "added": run.added,
            "changed": run.changed,
            "removed": run.removed,
            "unchanged": run.unchanged,
            "sent": run.sent,
            "deleted": run.deleted,
            "refused": run.refused,
        },
    }
