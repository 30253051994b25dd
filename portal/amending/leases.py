"""Whose turn it is: an invoice with something due is taken by one worker under a lease, and let go once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Case, F, IntegerField, Q, QuerySet, When
from django.utils import timezone

from integrations.errors import LeaseLost
from portal.amending.models import KnownTerms
from portal.monotonic import since_boot

LEASE: Final = timedelta(minutes=5)
KEPT_EVERY_SECONDS: Final = 2.0
# One side, with all its requests; it must end before the lease does.
CALL_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 30.0
BEGINS_WITHIN_SECONDS: Final = LEASE.total_seconds() - CALL_SECONDS
TAKEN: Final = "Another worker has this invoice now."
HELD_UP: Final = "The worker was held up for too long before it wrote; nothing was sent."


@dataclass(slots=True)
class Lease:
    """An invoice that is ours as long as `keep` says so. `clock` is in seconds, and goes on while a machine sleeps."""

    known: KnownTerms
    token: uuid.UUID
    clock: Callable[[], float] = since_boot
    kept_at: float = field(default_factory=since_boot)

    def keep(self) -> None:
        """Before each request and during each wait. Raises `LeaseLost`."""
        if self.clock() - self.kept_at >= KEPT_EVERY_SECONDS:
            now = self.clock()
            self.hold()
            self.kept_at = now

    def hold(self) -> None:
        """At the beginning of what is written down. Raises `LeaseLost`."""
        self.write(lease_until=timezone.now() + LEASE)

    def still_ours(self) -> None:
        """Right before each write: a worker that was frozen must not send. Raises `LeaseLost`."""
        if self.clock() - self.kept_at > BEGINS_WITHIN_SECONDS:
            raise LeaseLost(HELD_UP)

    def write(self, **values: Any) -> None:
        """Change the row. Raises `LeaseLost` when it is not ours any more: then nothing was changed."""
        if not self._held().update(**values):
            raise LeaseLost(TAKEN)
        for name, value in values.items():
            setattr(self.known, name, value)

    def end(self, next_at: datetime | None, tries: int) -> None:
        """Let go of it. What became due meanwhile stays due."""
        free: dict[str, Any] = {"lease_token": None, "lease_until": None}
        same = self._held().filter(next_at=self.known.next_at)
        if not same.update(**free, next_at=next_at, tries=tries):
            self._held().update(**free)

    def _held(self) -> QuerySet[KnownTerms]:
        return KnownTerms.objects.filter(pk=self.known.pk, lease_token=self.token)


def is_due(now: datetime) -> Q:
    """Invoices that wait for a worker at `now` (aware UTC), those of dead workers included."""
    return (Q(lease_until__isnull=True) | Q(lease_until__lte=now)) & Q(next_at__lte=now)


def take(posting_id: int, now: datetime) -> Lease | None:
    """One that is due, or None: it is not, or another worker was faster.

    A lease that ran out counts as a failure: what ends one worker after the other is to end, too.
    """
    token, began = uuid.uuid4(), since_boot()
    mine = KnownTerms.objects.filter(is_due(now), pk=posting_id)
    died = Case(When(lease_token__isnull=False, then=F("tries") + 1), default=F("tries"), output_field=IntegerField())
    if not mine.update(lease_token=token, lease_until=now + LEASE, tries=died):
        return None
    return Lease(KnownTerms.objects.get(pk=posting_id), token, kept_at=began)


def is_taken(known: KnownTerms, now: datetime) -> bool:
    """Whether a worker has it at `now`."""
    return known.lease_until is not None and known.lease_until > now
