"""Take one due posting for oneself: a guarded UPDATE that sets the lease and writes the attempt, then commits."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Allocation
from integrations.errors import LeaseLost
from integrations.http import Exchange, nothing
from portal.connections import breaker
from portal.connections.models import Status
from portal.monotonic import since_boot
from portal.postings import one_statement, settled_first
from portal.postings.changes import change, fresh_lease
from portal.postings.due import Where
from portal.postings.inside import books_inside
from portal.postings.models import Attempt, Posting, Purpose, Trigger
from portal.postings.order_first import ASK_AGAIN, GAVE_UP, WAITING, has_waited_too_long, open_order
from portal.postings.schedule import CRASHES_BEFORE_HELD, LEASE_SECONDS, SEND_WITHIN_SECONDS
from portal.postings.settled_first import put_off, unsettled
from portal.postings.states import WAITING_FOR_THEIR_TIME, Actor, State
from portal.postings.trusted_key import TOO_OLD, goes_out_again

LOOK_FIRST = "It may be in the books since before the restore: it is looked up before it is sent."
CRASHED = "Sending it ended a worker three times. Staff must look before it is tried again."


@dataclass(slots=True)
class Claim:
    """A posting that is ours until its lease runs out, with its open attempt.

    `permit` waits for the vendor's rate limit before each request; `exchanges` collects what was said.
    """

    posting: Posting
    attempt: Attempt
    purpose: Purpose
    existed_before: bool
    clock: Callable[[], float] = since_boot
    claimed_at: float = field(default_factory=since_boot)
    permit: Callable[[], None] = nothing
    exchanges: list[Exchange] = field(default_factory=list)

    def still_ours(self) -> None:
        """Right before each write: a worker that was frozen since the claim must not send. Raises `LeaseLost`."""
        if self.clock() - self.claimed_at > SEND_WITHIN_SECONDS:
            raise LeaseLost("The worker was held up for too long before sending; nothing was sent.")


def claim(
    posting_id: int, now: datetime | None = None, *, where: Where | None = None, lease: uuid.UUID | None = None
) -> Claim | None:
    """Claim a posting that is due, or None: not due, not there, its connection not usable, or taken.

    `now` is an aware UTC time; `where` the posting goes when that is known already; `lease` the token to take it with.
    A claim comes back with lease and attempt committed: a crash from here on is seen.
    """
    began = since_boot()  # before anything is written: who is held up around the commit has lost that time, too
    now, lease = now or timezone.now(), lease or fresh_lease()
    if where is not None and (taken := one_statement.claim(posting_id, where, lease, now)):
        return Claim(*taken, Purpose.SEND, existed_before=False, claimed_at=began)
    with atomic():
        claimed = _claim(posting_id, now, lease)
    if claimed is not None:
        claimed.claimed_at = began
    return claimed


def _claim(posting_id: int, now: datetime, lease: uuid.UUID) -> Claim | None:
    """The general way, for every state and case. What it asks of a ready posting, `one_statement.claim` asks too."""
    posting = _read(posting_id)
    if posting is None or not _may_be_taken(posting, now) or _goes_elsewhere(posting, now):
        return None
    if not breaker.may_try(posting.connection, now):
        return None
    return _take_poll(posting, now) if posting.state == State.AWAITING else _take(posting, now, lease)


def _read(posting_id: int) -> Posting | None:
    return (
        Posting.objects.select_related("transaction", "connection__company", "asked_by").filter(pk=posting_id).first()
    )


def _may_be_taken(posting: Posting, now: datetime) -> bool:
    connection = posting.connection
    if connection.status != Status.LINKED or connection.paused or books_inside(posting):
        return False
    if posting.state == State.HELD:
        return posting.recheck_asked
    due = posting.next_attempt_at is not None and posting.next_attempt_at <= now
    return due and posting.state in WAITING_FOR_THEIR_TIME


def _goes_elsewhere(posting: Posting, now: datetime) -> bool:
    """Looked up first, held after three crashes, or waiting for another one: written here, and nothing is taken."""
    if posting.state == State.READY and posting.may_exist and not goes_out_again(posting, now):
        return _look_first(posting, now)
    if posting.crashes >= CRASHES_BEFORE_HELD and posting.state in (State.READY, State.UNKNOWN):
        return _hold(posting, CRASHED)
    if posting.state != State.READY:
        return False
    if (settled := unsettled(posting)) is not None:
        return _waits_for(posting, settled, now)
    if not (order := open_order(posting)):
        return False
    if has_waited_too_long(posting, now):
        return _hold(posting, GAVE_UP.format(order=order))
    Posting.objects.filter(pk=posting.pk, state=State.READY, next_attempt_at=posting.next_attempt_at).update(
        next_attempt_at=now + ASK_AGAIN, waits_for=order, reason=WAITING.format(order=order)
    )
    return True


def _waits_for(posting: Posting, settled: Allocation, now: datetime) -> bool:
    if has_waited_too_long(posting, now):
        return _hold(posting, settled_first.gave_up(posting, settled))
    put_off(posting, settled, now + ASK_AGAIN)
    return True


def _look_first(posting: Posting, now: datetime) -> bool:
    """Refused or withdrawn in a backup that was restored, it may have been posted since; or its key grew too old."""
    due, why = max(now, posting.quiet_until or now), TOO_OLD if posting.misses else LOOK_FIRST
    change(posting, State.UNKNOWN, who=Actor.WORKER, why=why, reason=why, misses=0, next_attempt_at=due)
    return True


def _hold(posting: Posting, why: str) -> bool:
    change(posting, State.HELD, who=Actor.WORKER, why=why, reason=why, next_attempt_at=None)
    return True


def _take(posting: Posting, now: datetime, lease: uuid.UUID) -> Claim | None:
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
        lease_token=lease,
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
    return Claim(posting, _open_attempt(posting, purpose, lease), purpose, existed_before)


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
