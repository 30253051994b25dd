"""How an attempt ends: it is closed with what was said, and the posting moves under the lease token."""

from __future__ import annotations

import logging
import traceback
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from integrations.documents import Awaiting, Posted
from portal.postings.changes import change
from portal.postings.claim import Claim
from portal.postings.models import Attempt, Posting, Purpose
from portal.postings.order_first import release_waiting
from portal.postings.quiet import outcome_unknown
from portal.postings.settled_first import release
from portal.postings.states import Actor, State

logger = logging.getLogger(__name__)

EXHAUSTED = "It was tried for three days without success. The last reason: {reason}"
BUG = "An error on our side: {name}. Staff have the details."
NEVER_ENDED = "The accounting system took it a day ago and still has not booked it. It is looked up."
AWAITS_AT_MOST = timedelta(hours=24)
ASKS_AFTER_A_BUG = timedelta(minutes=10)
LEFT_OUR_HANDS = frozenset({State.POSTED, State.REJECTED, State.HELD})

Result = Posted | Awaiting | Exception | None


def move(claimed: Claim, after: State, why: str, *, result: Result = None, **fields: Any) -> bool:
    """Close the attempt, then change the state under the lease token. False: the lease was lost, nothing moved."""
    close(claimed, result, why)
    posting, guard = claimed.posting, _still_this_operation(claimed)
    user = posting.asked_by
    if not change(posting, after, who=Actor.WORKER, why=why, user=user, guard=guard, asked_by=None, **fields):
        logger.warning("stale_lease: the posting was taken from this worker before it could settle.")
        return False
    if after in LEFT_OUR_HANDS:
        release_waiting(posting)
    if after is State.POSTED:
        release(posting)
    return True


def _still_this_operation(claimed: Claim) -> dict[str, Any]:
    """Asking for an operation takes no lease: who asked for long must not settle what came after."""
    if claimed.purpose is not Purpose.POLL:
        return {}
    return {"operation": claimed.posting.operation, "attempt_count": claimed.posting.attempt_count}


def hold(claimed: Claim, why: str) -> None:
    """A person must look."""
    move(claimed, State.HELD, why, reason=why, next_attempt_at=None)


def wait_or_hold(claimed: Claim, after: State, error: Exception, why: str, due: datetime | None, **fields: Any) -> None:
    """Wait in `after` until `due`; without a next time the schedule is exhausted and a person must look."""
    moved = move(claimed, after, why, result=error, reason=why, error_class=name(error), next_attempt_at=due, **fields)
    if moved and due is None:
        exhausted = EXHAUSTED.format(reason=why)
        change(claimed.posting, State.HELD, who=Actor.WORKER, why=exhausted, reason=exhausted)


def bug(claimed: Claim, error: Exception) -> None:
    """An error of ours, in mid-call perhaps: the outcome is not known, and a person must look.

    In asking for an operation it changes nothing over there: it is asked again, and a mended release goes on by itself.
    """
    why, details = BUG.format(name=name(error)), "".join(traceback.format_exception(error))
    if claimed.purpose is Purpose.POLL:
        ask_later(claimed, why, timezone.now() + ASKS_AFTER_A_BUG, error, traceback=details)
        return
    unknown = {} if claimed.purpose is Purpose.LOOKUP else outcome_unknown(claimed.posting, timezone.now())
    if move(claimed, State.UNKNOWN, why, result=error, error_class=name(error), **unknown):
        change(
            claimed.posting, State.HELD, who=Actor.WORKER, why=why, reason=why, traceback=details, next_attempt_at=None
        )


def ask_later(claimed: Claim, reason: str, due: datetime, result: Result, **fields: Any) -> None:
    """An awaiting posting is asked for again at `due`, for a day; then its outcome counts as unknown."""
    posting, now = claimed.posting, timezone.now()
    if posting.awaiting_since is not None and now - posting.awaiting_since > AWAITS_AT_MOST:
        move(claimed, State.UNKNOWN, NEVER_ENDED, result=result, reason=NEVER_ENDED, **outcome_unknown(posting, now))
        return
    close(claimed, result, reason)
    Posting.objects.filter(pk=posting.pk, state=State.AWAITING, **_still_this_operation(claimed)).update(
        next_attempt_at=due, reason=reason, **fields
    )


def close(claimed: Claim, result: Result, message: str) -> None:
    """The sweep may have closed it already, when the lease ran out: then what came of it is still worth keeping."""
    Attempt.objects.filter(pk=claimed.attempt.pk).update(
        ended_at=timezone.now(),
        outcome=name(result) if result is not None else "Answered",
        message=message,
        exchanges=[exchange.told() for exchange in claimed.exchanges],
    )


def name(result: object) -> str:
    """An outcome as it is kept: its class's name."""
    return type(result).__name__
