"""Whose turn it is: a due handover is taken by one worker under a lease, kept while files go over, and let go once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.errors import LeaseLost, Retryable
from portal.connections.models import Connection, Status
from portal.monotonic import since_boot
from portal.postings.attachments.models import Handover, HandoverState
from portal.postings.attachments.schedule import delay_after, free_delay

LEASE: Final = timedelta(seconds=60)
KEPT_EVERY_SECONDS: Final = 2.0
# One call, with all its requests; it must end before the lease does.
CALL_SECONDS: Final = 45.0
# Before it, waiting for a place within the vendor's limits.
PATIENCE_SECONDS: Final = 30.0
BEGINS_WITHIN_SECONDS: Final = LEASE.total_seconds() - CALL_SECONDS
TAKEN: Final = "Another worker has these files now."
HELD_UP: Final = "The worker was held up for too long before handing the file over; nothing was sent."
STOPPED: Final = "{connection} was paused or unlinked meanwhile. It goes on when it is in use again."
GAVE_UP: Final = "It was tried for a week without success. The last reason: {reason}"
DIED: Final = "Each worker that tried it ended in the middle."


@dataclass(slots=True)
class Lease:
    """A handover that is ours as long as `keep` says so, with the two connections that it goes between.

    `asked` is the one that is being asked now. `clock` is in seconds, and goes on while the machine sleeps.
    """

    handover: Handover
    source: Connection
    token: uuid.UUID
    clock: Callable[[], float] = since_boot
    kept_at: float = field(default_factory=since_boot)
    asked: Connection = field(init=False)

    def __post_init__(self) -> None:
        self.asked = self.source

    @property
    def books(self) -> Connection:
        """The connection of the posting."""
        return self.handover.connection

    def keep(self) -> None:
        """Renew the lease, every two seconds at most. Raises `LeaseLost`, and `Retryable` when a side is paused."""
        if self.clock() - self.kept_at < KEPT_EVERY_SECONDS:
            return
        now = self.clock()
        if not self._held().update(lease_until=timezone.now() + LEASE):
            raise LeaseLost(TAKEN)
        self.kept_at = now
        if stopped := next((one for one in (self.source, self.books) if not is_in_use(one.pk)), None):
            raise Retryable(STOPPED.format(connection=stopped), free=True)

    def still_ours(self) -> None:
        """Right before each write: a worker that was frozen must not send. Raises `LeaseLost`."""
        if self.clock() - self.kept_at > BEGINS_WITHIN_SECONDS:
            raise LeaseLost(HELD_UP)

    def begin_to_write(self, quiet: timedelta) -> None:
        """From here on a file may be over there without our knowing: should this worker end now, nobody looks for it
        before the call has waited its turn and had its time, and the quiet period is over. Raises `LeaseLost`."""
        now = timezone.now()
        not_before = now + timedelta(seconds=PATIENCE_SECONDS + CALL_SECONDS) + quiet
        if not self._held().update(lease_until=now + LEASE, next_at=not_before):
            raise LeaseLost(TAKEN)
        self.kept_at = self.clock()

    def wait(self, message: str, delay: timedelta) -> bool:
        """Let go of it until later; no failure. False when it was not ours any more."""
        return self._let_go(next_at=timezone.now() + delay, message=message)

    def failed(self, message: str, *, wished_seconds: float | None = None, quiet: timedelta = timedelta(0)) -> bool:
        """Count a failure: later by the schedule, not before the other side wishes or `quiet` is over, or given up."""
        tries = self.handover.tries + 1
        delay = delay_after(tries)
        if delay is None:
            return self.end(HandoverState.GIVEN_UP, GAVE_UP.format(reason=message), tries=tries)
        at = timezone.now() + max(delay, free_delay(wished_seconds), quiet)
        return self._let_go(next_at=at, message=message, tries=tries)

    def end(self, state: HandoverState, message: str = "", **fields: Any) -> bool:
        """It is over. False when it was not ours any more."""
        return self._let_go(state=state, next_at=None, ended_at=timezone.now(), message=message, **fields)

    def _let_go(self, **fields: Any) -> bool:
        return bool(self._held().update(lease_token=None, lease_until=None, **fields))

    def _held(self) -> QuerySet[Handover]:
        return Handover.objects.filter(pk=self.handover.pk, state=HandoverState.WAITING, lease_token=self.token)


def is_due(now: datetime) -> Q:
    """Handovers that wait for a worker at `now` (aware UTC), those of dead workers included."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    return free & Q(state=HandoverState.WAITING, next_at__lte=now)


def is_in_use(connection_id: uuid.UUID) -> bool:
    """Whether something may be asked there."""
    return Connection.objects.filter(pk=connection_id, status=Status.LINKED, paused=False).exists()


def take(handover: Handover, source: Connection, now: datetime) -> Lease | None:
    """Take a handover that is due, or None: it is not, or another worker was faster.

    A lease that ran out counts as a failure: what ends one worker after the other ends, too.
    """
    died = handover.lease_token is not None
    token, tries = uuid.uuid4(), handover.tries + died
    began = since_boot()
    mine = Handover.objects.filter(is_due(now), pk=handover.pk, lease_token=handover.lease_token)
    if not mine.update(lease_token=token, lease_until=now + LEASE, tries=tries):
        return None
    handover.lease_token, handover.tries = token, tries
    lease = Lease(handover, source, token, kept_at=began)
    if died and delay_after(tries) is None:
        lease.end(HandoverState.GIVEN_UP, DIED)
        return None
    return lease


def give_up(handover: Handover, message: str, now: datetime) -> bool:
    """End one that is due and that nobody can do. False when a worker has it."""
    mine = Handover.objects.filter(is_due(now), pk=handover.pk)
    ended = {"state": HandoverState.GIVEN_UP, "next_at": None, "ended_at": now, "message": message}
    return bool(mine.update(lease_token=None, lease_until=None, **ended))
