"""The closed tables from what a connector raised to what becomes of the posting, for sending, asking and looking up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.utils import timezone

from integrations.errors import (
    IntegrationError,
    LeaseLost,
    Malformed,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Retryable,
    Unauthorised,
)
from portal.connections.services import deauthorise
from portal.postings.claim import Claim
from portal.postings.models import Purpose
from portal.postings.moves import ask_later, bug, move, name, wait_or_hold
from portal.postings.quiet import outcome_unknown
from portal.postings.schedule import after_a_free_delay, next_try
from portal.postings.states import State

Rule = Callable[[Claim, Any], None]
# The vendor itself ended the operation: only then a later lookup may prove that it booked nothing. It is forgotten in
# the same guarded move, so that who lost the posting meanwhile forgets nothing of what came after.
ENDED_THERE: dict[str, Any] = {"operation": ""}


def apply(claimed: Claim, error: Exception) -> None:
    """Settle an attempt that raised. An error that no table knows is a bug of ours. Call it inside `atomic`."""
    for kind, rule in TABLES[claimed.purpose]:
        if isinstance(error, kind):
            rule(claimed, error)
            return
    bug(claimed, error)


def _retry_later(claimed: Claim, error: Retryable) -> None:
    """Proof that nothing happened."""
    due, tries = _next(claimed, error)
    wait_or_hold(claimed, State.READY, error, error.message, due, tries=tries, may_exist=claimed.existed_before)


def _unauthorised(claimed: Claim, error: Unauthorised) -> None:
    """The posting waits, ready, for the connection to be linked again."""
    _ready_at_once(claimed, error)
    deauthorise(claimed.posting.connection, who="worker", why=error.message)


def _ready_at_once(claimed: Claim, error: IntegrationError) -> None:
    wait_or_hold(claimed, State.READY, error, error.message, timezone.now(), may_exist=claimed.existed_before)


def _rejected(claimed: Claim, error: IntegrationError, **fields: Any) -> None:
    """A definite refusal. The key is spent: some systems would repeat the refusal to the same key."""
    move(claimed, State.REJECTED, error.message, result=error, reason=error.message, reason_field=error.field[:100],
         error_class=name(error), next_attempt_at=None, generation=claimed.posting.generation + 1,
         may_exist=claimed.existed_before and claimed.purpose is Purpose.SEND, **fields)  # fmt: skip


def _unknown(claimed: Claim, error: IntegrationError, **fields: Any) -> None:
    move(claimed, State.UNKNOWN, error.message, result=error, reason=error.message, error_class=name(error),
         **outcome_unknown(claimed.posting, timezone.now()), **fields)  # fmt: skip


def _ask_again(claimed: Claim, error: IntegrationError) -> None:
    """Asking failed: that says nothing about the document."""
    wished = error.retry_after if isinstance(error, Retryable) else None
    ask_later(claimed, error.message, after_a_free_delay(timezone.now(), wished), error)
    if isinstance(error, Unauthorised):
        deauthorise(claimed.posting.connection, who="worker", why=error.message)


def _look_again(claimed: Claim, error: IntegrationError) -> None:
    """A lookup that fails changes nothing about the document: it is asked again later, for days."""
    due, tries = _next(claimed, error)
    wait_or_hold(claimed, State.UNKNOWN, error, error.message, due, tries=tries)
    if isinstance(error, Unauthorised):
        deauthorise(claimed.posting.connection, who="worker", why=error.message)


def _next(claimed: Claim, error: IntegrationError) -> tuple[datetime | None, int]:
    """(when, failures that count)."""
    now, wished = timezone.now(), error.retry_after if isinstance(error, Retryable) else None
    if isinstance(error, Retryable) and error.free:
        return after_a_free_delay(now, wished), claimed.posting.tries
    tries = claimed.posting.tries + 1
    return next_try(now, tries, wished), tries


TABLES: dict[Purpose, tuple[tuple[type[IntegrationError], Rule], ...]] = {
    Purpose.SEND: (
        (Retryable, _retry_later),
        (OutcomeUnknown, _unknown),
        (Rejected, _rejected),
        (Unauthorised, _unauthorised),
        (LeaseLost, _ready_at_once),
        (Malformed, _rejected),
    ),
    Purpose.POLL: (
        (Retryable, _ask_again),
        (Unauthorised, _ask_again),
        (Misconfigured, _ask_again),  # the question could not be asked: that says nothing about the document
        (OutcomeUnknown, partial(_unknown, **ENDED_THERE)),
        (Rejected, partial(_rejected, **ENDED_THERE)),
    ),
    Purpose.LOOKUP: ((IntegrationError, _look_again),),
}
