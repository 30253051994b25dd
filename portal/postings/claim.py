"""Take one due posting for oneself: a guarded UPDATE that sets the lease and writes the attempt, then commits."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.transaction import atomic
from django.utils import timezone

from integrations.errors import LeaseLost
from integrations.http import Exchange
from portal.connections.models import Status
from portal.postings.changes import change, fresh_lease
from portal.postings.models import Attempt, Posting, Purpose, Trigger
from portal.postings.schedule import CRASHES_BEFORE_HELD, LEASE_SECONDS, SEND_WITHIN_SECONDS
from portal.postings.states import Actor, State

CRASHED = "Sending it ended a worker three times. Staff must look before it is tried again."


@dataclass(slots=True)
class Claim:
    """A posting that is ours until its lease runs out, with its open attempt. `exchanges` collects what was said."""

    posting: Posting
    attempt: Attempt
    purpose: Purpose
    existed_before: bool
    clock: Callable[[], float] = time.monotonic
    claimed_at: float = field(default_factory=time.monotonic)
    exchanges: list[Exchange] = field(default_factory=list)

    def still_ours(self) -> None:
        """Right before each write: a worker that was frozen since the claim must not send. Raises `LeaseLost`."""
        if self.clock() - self.claimed_at > SEND_WITHIN_SECONDS:
            raise LeaseLost("The worker was held up for too long before sending; nothing was sent.")


def claim(posting_id: int, now: datetime | None = None) -> Claim | None:
    """Claim a posting that is due, or None: not due, not there, its connection not Linked or paused, or taken.

    `now` is an aware UTC time. A claim comes back with lease and attempt committed: a crash from here on is seen.
    """
    now = now or timezone.now()
    with atomic():
        posting = _read(posting_id)
        if posting is None or not _may_be_taken(posting, now):
            return None
        if posting.crashes >= CRASHES_BEFORE_HELD and posting.state != State.HELD:
            change(posting, State.HELD, who=Actor.WORKER, why=CRASHED, reason=CRASHED, next_attempt_at=None)
            return None
        return _take(posting, now)


def _read(posting_id: int) -> Posting | None:
    return (
        Posting.objects.select_related("transaction", "connection__company", "asked_by").filter(pk=posting_id).first()
    )


def _may_be_taken(posting: Posting, now: datetime) -> bool:
    connection = posting.connection
    if connection.status != Status.LINKED or connection.paused:
        return False
    if posting.state == State.HELD:
        return posting.recheck_asked
    due = posting.next_attempt_at is not None and posting.next_attempt_at <= now
    return due and posting.state in (State.READY, State.UNKNOWN)


def _take(posting: Posting, now: datetime) -> Claim | None:
    """The guard on `next_attempt_at` sees a row that went away and came back in between."""
    purpose, existed_before = _purpose(posting), posting.may_exist
    sending = purpose is Purpose.SEND
    taken = change(
        posting,
        State.SENDING if sending else State.CHECKING,
        who=Actor.STAFF if posting.state == State.HELD else Actor.WORKER,
        why=posting.reason if posting.state == State.HELD else "",
        user=posting.asked_by,
        guard={"next_attempt_at": posting.next_attempt_at, "attempt_count": posting.attempt_count},
        lease_token=fresh_lease(),
        lease_until=now + timedelta(seconds=LEASE_SECONDS),
        attempt_count=posting.attempt_count + 1,
        attempts_made=posting.attempts_made + sending,
        may_exist=posting.may_exist or sending,
        recheck_asked=False,
    )
    if not taken:
        return None
    return Claim(posting, _open_attempt(posting, purpose, posting.lease_token), purpose, existed_before)


def _purpose(posting: Posting) -> Purpose:
    return Purpose.SEND if posting.state == State.READY else Purpose.LOOKUP


def _open_attempt(posting: Posting, purpose: Purpose, lease: uuid.UUID | None) -> Attempt:
    return Attempt.objects.create(
        posting=posting,
        number=posting.attempt_count,
        purpose=purpose,
        trigger=Trigger.MANUAL if posting.asked_by_id else Trigger.AUTOMATIC,
        user_id=posting.asked_by_id,
        lease_token=lease,
        started_at=timezone.now(),
    )
