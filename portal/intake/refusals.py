"""Calls without a good token: counted per endpoint and hour, never stored. At most one write a second per process."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F
from django.db.transaction import atomic
from django.utils import timezone

from portal.intake.models import RefusedCalls

UNKNOWN = "unknown"
WRITE_EVERY_SECONDS = 1.0
NAMES_AT_MOST = 40


@dataclass(slots=True)
class _Count:
    last_at: datetime
    header_names: list[str]
    count: int = 0


@dataclass(slots=True)
class RefusalCounter:
    """Collects counts in memory and writes them now and then. A crash loses a second of counts, no more."""

    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _counts: dict[tuple[str, datetime], _Count] = field(default_factory=dict)
    _written_at: float = float("-inf")

    def add(self, endpoint_id: uuid.UUID | None, header_names: Iterable[str]) -> None:
        """Count one refused call. `endpoint_id` is None when there is no such endpoint."""
        now = timezone.now()
        key = (str(endpoint_id) if endpoint_id else UNKNOWN, now.replace(minute=0, second=0, microsecond=0))
        with self._lock:
            counted = self._counts.setdefault(key, _Count(now, []))
            counted.count += 1
            counted.last_at, counted.header_names = now, sorted(header_names)[:NAMES_AT_MOST]
        self.write_if_due()

    def write_if_due(self) -> None:
        """Write what was counted, at most once a second. Good calls ask too, so that the last counts do not linger."""
        with self._lock:
            due = bool(self._counts) and self.clock() - self._written_at >= WRITE_EVERY_SECONDS
        if due:
            self.write()

    def write(self) -> None:
        """Write what was counted since the last time."""
        with self._lock:
            counts, self._counts = self._counts, {}
            self._written_at = self.clock()
        for (endpoint_id, hour), counted in counts.items():
            _write_one(endpoint_id, hour, counted)


def _write_one(endpoint_id: str, hour: datetime, counted: _Count) -> None:
    latest = {"last_at": counted.last_at, "header_names": counted.header_names}
    with atomic():
        row, made = RefusedCalls.objects.get_or_create(
            endpoint_id_called=endpoint_id, hour=hour, defaults={"count": counted.count, **latest}
        )
        if not made:
            RefusedCalls.objects.filter(pk=row.pk).update(count=F("count") + counted.count, **latest)


refusals = RefusalCounter()
