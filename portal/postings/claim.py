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
from portal.connections import breaker
from portal.connections.models import Connection, Status
from portal.connections.registry import accounting_system
from portal.postings.changes import change, fresh_lease
from portal.postings.models import Attempt, Posting, Purpose, Trigger
from portal.postings.order_first import ASK_AGAIN, GAVE_UP, WAITING, has_waited_too_long, open_order
from portal.postings.schedule import CRASHES_BEFORE_HELD, LEASE_SECONDS, SEND_WITHIN_SECONDS
from portal.postings.shares import shares
from portal.postings.states import LEASED, WAITING_FOR_THEIR_TIME, Actor, State

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
    """Claim a posting that is due, or None: not due, not there, its connection not usable or full, or taken.

    `now` is an aware UTC time. A claim comes back with lease and attempt committed: a crash from here on is seen.
    """
    now = now or timezone.now()
    with atomic():
        posting = _read(posting_id)
        if posting is None or not _may_be_taken(posting, now) or _goes_elsewhere(posting, now):
            return None
        if not _has_room(posting) or not breaker.may_try(posting.connection, now):
            return None
        return _take_poll(posting, now) if posting.state == State.AWAITING else _take(posting, now)


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
    return due and posting.state in WAITING_FOR_THEIR_TIME


def _goes_elsewhere(posting: Posting, now: datetime) -> bool:
    """Held after three crashes, or waiting for its order: both are written here, and nothing is taken."""
    if posting.crashes >= CRASHES_BEFORE_HELD and posting.state in (State.READY, State.UNKNOWN):
        return _hold(posting, CRASHED)
    if posting.state != State.READY or not (order := open_order(posting)):
        return False
    if has_waited_too_long(posting, now):
        return _hold(posting, GAVE_UP.format(order=order))
    Posting.objects.filter(pk=posting.pk, state=State.READY, next_attempt_at=posting.next_attempt_at).update(
        next_attempt_at=now + ASK_AGAIN, waits_for=order, reason=WAITING.format(order=order)
    )
    return True


def _hold(posting: Posting, why: str) -> bool:
    change(posting, State.HELD, who=Actor.WORKER, why=why, reason=why, next_attempt_at=None)
    return True


def _has_room(posting: Posting) -> bool:
    """Whether the vendor allows one more call at once. The connection's row is locked: no two count the same."""
    at_once = accounting_system(posting.connection.integration).limits.at_once
    Connection.objects.select_for_update(no_key=True).filter(pk=posting.connection_id).values_list("pk").get()
    leased = Posting.objects.filter(connection_id=posting.connection_id, state__in=LEASED)
    if leased.count() < at_once:
        return True
    shares.note_refusal(posting.connection_id)
    return False


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
        waits_for="",
        operation="" if sending else posting.operation,
    )
    if not taken:
        return None
    return Claim(posting, _open_attempt(posting, purpose, posting.lease_token), purpose, existed_before)


def _take_poll(posting: Posting, now: datetime) -> Claim | None:
    """Asking changes nothing over there, so there is no lease: the next time to ask is moved away from the others."""
    until = now + timedelta(seconds=LEASE_SECONDS)
    taken = Posting.objects.filter(pk=posting.pk, state=State.AWAITING, next_attempt_at=posting.next_attempt_at).update(
        next_attempt_at=until, attempt_count=posting.attempt_count + 1
    )
    if not taken:
        return None
    Attempt.objects.filter(posting=posting, ended_at__isnull=True).update(ended_at=now, outcome="Died")
    posting.next_attempt_at, posting.attempt_count = until, posting.attempt_count + 1
    return Claim(posting, _open_attempt(posting, Purpose.POLL, None), Purpose.POLL, existed_before=True)


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
