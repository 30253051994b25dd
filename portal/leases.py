"""A row that one worker at a time works on: taken under a lease, which is renewed as long as it goes on.

The row has the columns `next_at`, `lease_token` and `lease_until`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from integrations.errors import LeaseLost, Retryable

# Longer than one request takes with all that it may wait for before its first byte.
LEASE: Final = timedelta(minutes=10)
KEPT_EVERY_SECONDS: Final = 2.0
TAKEN_OVER: Final = "Another worker goes on with it."
STOPPED: Final = "The connection is not in use any more: it was paused, unlinked, or its company was closed."

M = TypeVar("M", bound=Model)


@dataclass(slots=True)
class Lease(Generic[M]):
    """A row that is ours as long as `keep` says so. `is_usable` is what must hold of it for us to go on; `clock` is
    monotonic, in seconds."""

    reader: M
    token: uuid.UUID
    is_usable: Callable[[datetime], Q]
    clock: Callable[[], float] = time.monotonic
    kept_at: float = field(default_factory=time.monotonic)

    def keep(self) -> None:
        """Before each request and during each wait. Raises `LeaseLost` when somebody else has it, `Retryable` when the
        connection is not to be used now."""
        if self.clock() - self.kept_at < KEPT_EVERY_SECONDS:
            return
        self.kept_at = self.clock()
        self.write(lease_until=timezone.now() + LEASE)
        if not self._rows().filter(self.is_usable(timezone.now()), pk=self.reader.pk).exists():
            raise Retryable(STOPPED, free=True)

    def write(self, **values: Any) -> None:
        """Change the row. Raises `LeaseLost` when it is not ours any more: then nothing was changed."""
        if not self._rows().filter(pk=self.reader.pk, lease_token=self.token).update(**values):
            raise LeaseLost(TAKEN_OVER)
        for name, value in values.items():
            setattr(self.reader, name, value)

    def end(self, **values: Any) -> None:
        """Write how it went, and let go."""
        self.write(lease_token=None, lease_until=None, **values)

    def _rows(self) -> QuerySet[M]:
        rows: QuerySet[M] = type(self.reader)._default_manager.all()  # noqa: SLF001 - the public way to any model
        return rows


def take(rows: QuerySet[M], reader: M, is_usable: Callable[[datetime], Q], now: datetime) -> Lease[M] | None:
    """A row that was read from `rows` a moment ago; None where somebody was faster."""
    token = uuid.uuid4()
    same = rows.filter(free(now), pk=reader.pk, next_at=getattr(reader, "next_at"))  # noqa: B009 - the module says so
    return Lease(reader, token, is_usable) if same.update(lease_token=token, lease_until=now + LEASE) else None


def free(now: datetime) -> Q:
    """A lease that ran out belongs to nobody: whoever held it died, and what it had done is saved."""
    return Q(lease_until__isnull=True) | Q(lease_until__lte=now)
