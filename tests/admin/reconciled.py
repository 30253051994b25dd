"""Runs and differences for the staff site."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from portal.connections.models import Connection
from portal.postings.models import Difference, Posting, ReconciliationRun

THERE = {
    "external_id": "doc_77", "number": "BILL-000077", "kind": "invoice", "net": "100.00", "tax": "20.00",
    "gross": "121.00", "currency": "GBP", "date": "2026-03-14",
}  # fmt: skip
DETAILS = {
    "missing": [["document", "DB-000001", ""]],
    "extra": [["document", "", "BILL-000077 (doc_77)"]],
    "double": [["document", "DB-000001", "BILL-000001 (doc_1)"], ["document", "", "BILL-000077 (doc_77)"]],
    "different": [["gross", "120.00", "121.00"]],
}


def a_run(connection: Connection, state: str = "finished", **fields: Any) -> ReconciliationRun:
    """A run over the last week."""
    now = timezone.now()
    leased = {"lease_token": uuid.uuid4(), "lease_until": now + timedelta(minutes=5)} if state == "running" else {}
    ended = {} if state in ("waiting", "running") else {"ended_at": now}
    return ReconciliationRun.objects.create(
        connection=connection, state=state, since=now - timedelta(days=7), until=now, asked_at=now, started_at=now,
        **{**leased, **ended, **fields},
    )  # fmt: skip


def a_difference(
    connection: Connection,
    kind: str,
    posting: Posting | None = None,
    run: ReconciliationRun | None = None,
    **fields: Any,
) -> Difference:
    """An open difference of a kind."""
    now = timezone.now()
    key = posting.idempotency_key if posting else uuid.uuid4()
    return Difference.objects.create(
        connection=connection, posting=posting, kind=kind, key=key, details=DETAILS[kind], first_run=run, last_run=run,
        documents=[] if kind == "missing" else [THERE], first_seen_at=now, last_seen_at=now, **fields,
    )  # fmt: skip
