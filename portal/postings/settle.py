"""What becomes of a posting after an attempt: one closed table from outcome to state, guarded by the lease token."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import Abilities
from integrations.documents import Document, Posted
from integrations.errors import (
    IntegrationError,
    LeaseLost,
    Malformed,
    OutcomeUnknown,
    Rejected,
    Retryable,
    Unauthorised,
)
from portal.connections.registry import accounting_system
from portal.connections.services import deauthorise
from portal.postings.changes import change
from portal.postings.claim import Claim
from portal.postings.models import Attempt, Purpose
from portal.postings.outcome import booked_fields
from portal.postings.schedule import MISSES_BEFORE_ABSENT, RECHECK_SECONDS, after_a_free_delay, next_try
from portal.postings.states import Actor, State

logger = logging.getLogger(__name__)

EXHAUSTED = "It was tried for three days without success. The last reason: {reason}"
TWO_FOUND = "The accounting system holds {count} documents with our key. A person must decide which one counts."
OTHER_FOUND = "The accounting system holds a document with our key but other content ({field}: {ours}, there {theirs})."
CANNOT_PROVE = "It is not known whether it was booked, and this system cannot prove that it was not. Look it up there."
ABSENT = "Looked up twice: it is not in the books. It is sent again."
MISSED = "Not found yet; it is looked up once more."


def posted(claimed: Claim, document: Document, result: Posted) -> None:
    """The document is in the books."""
    with atomic():
        if _move(claimed, State.POSTED, "", result=result, reason="", next_attempt_at=None,
                 **booked_fields(document, result)):  # fmt: skip
            return
    logger.error("A posted document came back after its lease was lost; the lookup will find it.")


def found(claimed: Claim, document: Document, matches: tuple[Posted, ...]) -> None:
    """A lookup answered: with one match, with too many, with another document, or with none."""
    with atomic():
        if not matches:
            _missed(claimed)
        elif len(matches) > 1:
            _hold(claimed, TWO_FOUND.format(count=len(matches)))
        elif (other := mismatch(document, matches[0])) is not None:
            _hold(claimed, OTHER_FOUND.format(field=other[0], ours=other[1], theirs=other[2]))
        else:
            _move(claimed, State.POSTED, "Found by lookup.", result=matches[0], reason="", next_attempt_at=None,
                  **booked_fields(document, matches[0]))  # fmt: skip


def mismatch(document: Document, match: Posted) -> tuple[str, str, str] | None:
    """(field, ours, theirs) when party or gross differ from what the match says; None when it is the same document."""
    if match.gross is not None and match.gross != document.gross:
        return "gross", str(document.gross), str(match.gross)
    code = document.supplier.code
    if code and match.supplier_code is not None and match.supplier_code.casefold() != code.casefold():
        return "supplier", code, match.supplier_code
    return None


def failed(claimed: Claim, error: Exception) -> None:
    """An attempt raised: the error's class decides."""
    with atomic():
        if claimed.purpose is Purpose.LOOKUP:
            _lookup_failed(claimed, error)
            return
        for kind, rule in SEND_RULES:
            if isinstance(error, kind):
                rule(claimed, error)
                return
        _bug(claimed, error)


# --- sending -------------------------------------------------------------------------------------------------------


def _retryable(claimed: Claim, error: Retryable) -> None:
    now = timezone.now()
    tries = claimed.posting.tries + (not error.free)
    due = after_a_free_delay(now, error.retry_after) if error.free else next_try(now, tries, error.retry_after)
    _back_to_ready(claimed, error, due, tries=tries)


def _back_to_ready(claimed: Claim, error: IntegrationError, due: datetime | None, **fields: Any) -> None:
    """Proof that nothing happened. Without a next time the schedule is exhausted and a person must look."""
    moved = _move(claimed, State.READY, error.message, result=error, reason=error.message, error_class=_name(error),
                  next_attempt_at=due, may_exist=claimed.existed_before, **fields)  # fmt: skip
    if moved and due is None:
        why = EXHAUSTED.format(reason=error.message)
        change(claimed.posting, State.HELD, who=Actor.WORKER, why=why, reason=why)


def _unauthorised(claimed: Claim, error: Unauthorised) -> None:
    """The posting waits, ready, for the connection to be linked again."""
    _back_to_ready(claimed, error, timezone.now())
    deauthorise(claimed.posting.connection, who="worker", why=error.message)


def _lease_lost(claimed: Claim, error: LeaseLost) -> None:
    _back_to_ready(claimed, error, timezone.now())


def _rejected(claimed: Claim, error: Rejected) -> None:
    """A definite refusal. The key is spent: some systems would repeat the refusal to the same key."""
    _move(claimed, State.REJECTED, error.message, result=error, reason=error.message, reason_field=error.field,
          error_class=_name(error), next_attempt_at=None, may_exist=claimed.existed_before,
          generation=claimed.posting.generation + 1)  # fmt: skip


def _unknown(claimed: Claim, error: IntegrationError) -> None:
    _move(claimed, State.UNKNOWN, error.message, result=error, reason=error.message, error_class=_name(error),
          misses=0, next_attempt_at=_after_quiet(claimed))  # fmt: skip


def _after_quiet(claimed: Claim) -> datetime:
    return timezone.now() + timedelta(seconds=_abilities(claimed).quiet_seconds)


def _bug(claimed: Claim, error: Exception) -> None:
    """An error of ours, in mid-call perhaps: the outcome is not known, and a person must look."""
    why = f"An error on our side: {_name(error)}. Staff have the details."
    details = "".join(traceback.format_exception(error))
    if _move(claimed, State.UNKNOWN, why, result=error, error_class=_name(error), next_attempt_at=None):
        change(claimed.posting, State.HELD, who=Actor.WORKER, why=why, reason=why, traceback=details)


Rule = Callable[[Claim, Any], None]
SEND_RULES: tuple[tuple[type[Exception], Rule], ...] = (
    (Retryable, _retryable),
    (OutcomeUnknown, _unknown),
    (Rejected, _rejected),
    (Unauthorised, _unauthorised),
    (LeaseLost, _lease_lost),
    (Malformed, _rejected),
)


# --- looking up ----------------------------------------------------------------------------------------------------


def _missed(claimed: Claim) -> None:
    abilities, misses = _abilities(claimed), claimed.posting.misses + 1
    if not abilities.lookup:
        _hold(claimed, CANNOT_PROVE)
    elif misses < MISSES_BEFORE_ABSENT:
        _move(claimed, State.UNKNOWN, MISSED, misses=misses, reason=MISSED,
              next_attempt_at=timezone.now() + timedelta(seconds=RECHECK_SECONDS))  # fmt: skip
    elif not abilities.lookup_complete:
        _hold(claimed, CANNOT_PROVE)
    else:
        _move(claimed, State.READY, ABSENT, misses=0, reason=ABSENT, may_exist=False, next_attempt_at=timezone.now())


def _lookup_failed(claimed: Claim, error: Exception) -> None:
    """A lookup that fails changes nothing about the document: it is asked again later, for days."""
    if not isinstance(error, IntegrationError):
        _bug(claimed, error)
        return
    now, free = timezone.now(), isinstance(error, Retryable) and error.free
    wished = error.retry_after if isinstance(error, Retryable) else None
    tries = claimed.posting.tries + (not free)
    due = after_a_free_delay(now, wished) if free else next_try(now, tries, wished)
    moved = _move(claimed, State.UNKNOWN, error.message, result=error, reason=error.message, tries=tries,
                  error_class=_name(error), next_attempt_at=due)  # fmt: skip
    if moved and due is None:
        why = EXHAUSTED.format(reason=error.message)
        change(claimed.posting, State.HELD, who=Actor.WORKER, why=why, reason=why)
    if isinstance(error, Unauthorised):
        deauthorise(claimed.posting.connection, who="worker", why=error.message)


# --- both ----------------------------------------------------------------------------------------------------------


def _hold(claimed: Claim, why: str) -> None:
    _move(claimed, State.HELD, why, reason=why, next_attempt_at=None)


def _move(claimed: Claim, after: State, why: str, *, result: Posted | Exception | None = None, **fields: Any) -> bool:
    """Close the attempt, then change the state under the lease token. False: the lease was lost, nothing moved."""
    _close(claimed, result, why)
    user = claimed.posting.asked_by
    if change(claimed.posting, after, who=Actor.WORKER, why=why, user=user, asked_by=None, **fields):
        return True
    logger.warning("stale_lease: the posting was taken from this worker before it could settle.")
    return False


def _close(claimed: Claim, result: Posted | Exception | None, message: str) -> None:
    """The sweep may have closed it already, when the lease ran out: then what came of it is still worth keeping."""
    Attempt.objects.filter(pk=claimed.attempt.pk).update(
        ended_at=timezone.now(),
        outcome=_name(result) if result is not None else "Answered",
        message=message,
        exchanges=[asdict(exchange) for exchange in claimed.exchanges],
    )


def _abilities(claimed: Claim) -> Abilities:
    return accounting_system(claimed.posting.connection.integration).can


def _name(result: object) -> str:
    return type(result).__name__
