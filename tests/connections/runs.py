"""Conformance runs as they are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from portal.connections.models import Conformance, Connection


def kept_run(connection: Connection | None, ended_at: datetime | None = None, **columns: Any) -> Conformance:
    """A run of one passed check, trusted unless `columns` say otherwise."""
    ended_at = ended_at or timezone.now()
    check = {
        "name": "double_send", "title": "Double send", "outcome": "passed", "seen": "The first time document 1.",
        "documents": 1, "counts": True,
    }  # fmt: skip
    values: dict[str, Any] = {
        "integration": connection.integration if connection else "demo",
        "base_url": connection.settings.get("base_url", "") if connection else "",
        "version": "0123456789ab",
        "started_at": ended_at - timedelta(seconds=30),
        "checks": [check],
        "trusted": True,
        "who": "tests",
    }
    return Conformance.objects.create(connection=connection, ended_at=ended_at, **{**values, **columns})
