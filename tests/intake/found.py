"""Rows of captures and of reconciliations with sources, for pages that show them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from portal.connections.models import Connection, Endpoint
from portal.intake.capturing import masked
from portal.intake.models import Capture, SourceDifference, SourceRun

LEASED = {"lease_token": "0b5a3f0e-0000-4000-8000-000000000007"}


def a_capture(endpoint: Endpoint, **fields: Any) -> Capture:
    """A request that was captured; `token` in its headers is not to be seen."""
    now = timezone.now()
    headers = {"content-type": "application/json", "x-api-compleat-token": "a-token-that-nobody-may-see"}
    values: dict[str, Any] = {
        "armed_at": now - timedelta(minutes=9), "armed_until": now + timedelta(minutes=51), "taken_at": now,
        "method": "POST", "headers": masked(headers), "body": b'{"Id": "6f0f"}', "answer_status": 401,
        "token_header": "x-vendors-own-idea",
    }  # fmt: skip
    return Capture.objects.create(endpoint=endpoint, **{**values, **fields})


def a_source_run(connection: Connection, state: str = "finished", **fields: Any) -> SourceRun:
    """A run over the last weeks."""
    now = timezone.now()
    times = {"since": now - timedelta(days=35), "until": now, "asked_at": now, "started_at": now, "begun_at": now}
    leased = {**LEASED, "lease_until": now + timedelta(minutes=5)} if state == "running" else {}
    ended = {} if state in ("waiting", "running") else {"ended_at": now + timedelta(minutes=3)}
    return SourceRun.objects.create(connection=connection, state=state, **{**times, **leased, **ended, **fields})


def a_source_difference(
    connection: Connection, kind: str = "never_received", run: SourceRun | None = None, **fields: Any
) -> SourceDifference:
    """An invoice over 1,200.00 GBP on which we do not agree."""
    now = timezone.now()
    values: dict[str, Any] = {
        "external_id": "6f1c0d2e-0000-4000-8000-000000000001", "transaction_kind": "invoice", "number": "INV000123",
        "supplier": "Crown Conference Centre", "gross": Decimal("1200.00"), "currency": "GBP",
        "created_there_at": now - timedelta(days=1), "first_seen_at": now, "last_seen_at": now,
    }  # fmt: skip
    return SourceDifference.objects.create(
        connection=connection, kind=kind, first_run=run, last_run=run, **{**values, **fields}
    )
