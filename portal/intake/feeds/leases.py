"""Whose turn it is: a reader is taken by one worker under a lease, which each page that is saved renews."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.errors import LeaseLost, Retryable
from portal.connections import breaker
from portal.intake.feeds.asking import readable
from portal.intake.feeds.models import FeedReader

# Longer than one request takes with all that it may wait for before its first byte.
LEASE: Final = timedelta(minutes=10)
KEPT_EVERY_SECONDS: Final = 2.0
TAKEN_OVER: Final = "Another worker goes on with this feed."
STOPPED: Final = "The connection is not in use any more: it was paused, unlinked, or its company was closed."


@dataclass(slots=True)
class Lease:
    """A reader that is ours as long as `keep` says so. `clock` is monotonic, in seconds."""

    reader: FeedReader
    token: uuid.UUID
    clock: Callable[[], float] = time.monotonic
    kept_at: float = field(default_factory=time.monotonic)

    def keep(self) -> None:
        """Before each request and during each wait. Raises `LeaseLost` when somebody else has it, `Retryable` when the
        connection is not to be used now."""
        if self.clock() - self.kept_at < KEPT_EVERY_SECONDS:
            return
        self.kept_at = self.clock()
        self.write(lease_until=timezone.now() + LEASE)
        if not FeedReader.objects.filter(readable(timezone.now(), prefix="connection__"), pk=self.reader.pk).exists():
            raise Retryable(STOPPED, free=True)

    def write(self, **values: Any) -> None:
        """Change the reader. Raises `LeaseLost` when it is not ours any more: then nothing was changed."""
        if not self._held().update(**values):
            raise LeaseLost(TAKEN_OVER)
        for name, value in values.items():
            setattr(self.reader, name, value)

    def end(self, **values: Any) -> None:
        """Write how it went, and let go."""
        self.write(lease_token=None, lease_until=None, **values)

    def _held(self) -> QuerySet[FeedReader]:
        return FeedReader.objects.filter(pk=self.reader.pk, lease_token=self.token)


def due(now: datetime) -> list[int]:
    """The readers that wait for a worker at `now` (aware UTC), the longest waiting first."""
    waiting = FeedReader.objects.filter(_free(now), readable(now, prefix="connection__"), next_at__lte=now)
    return list(waiting.order_by("next_at", "pk").values_list("pk", flat=True))


def take(reader_id: int, now: datetime) -> Lease | None:
    """A reader that is due, or None: somebody was faster, or its connection is not to be used now."""
    rows = FeedReader.objects.select_related("connection__company__tenant")
    reader = rows.filter(_free(now), readable(now, prefix="connection__"), pk=reader_id, next_at__lte=now).first()
    if reader is None or breaker.is_open(reader.connection, now):
        return None
    token = uuid.uuid4()
    values = {"lease_token": token, "lease_until": now + LEASE}
    same = FeedReader.objects.filter(_free(now), pk=reader.pk, next_at=reader.next_at)
    if not same.update(**values):
        return None
    return Lease(reader, token)


def _free(now: datetime) -> Q:
    """A lease that ran out belongs to nobody: whoever held it died, and its pages are saved."""
    return Q(lease_until__isnull=True) | Q(lease_until__lte=now)
