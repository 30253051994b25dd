"""What becomes of a posting after an attempt. Every change is guarded by the lease token."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Awaiting, Document, Posted
from integrations.errors import KeyRefused, Misconfigured, OutcomeUnknown, Rejected, Retryable, Unauthorised
from portal.connections import breaker
from portal.connections.access import admission
from portal.connections.limits import LimitUsedUp
from portal.connections.services import abilities
from portal.postings import one_statement, rules
from portal.postings.changes import change
from portal.postings.claim import Claim
from portal.postings.models import Posting, Purpose
from portal.postings.moves import ask_later, hold, move
from portal.postings.order_first import ASK_AGAIN, has_waited_too_long
from portal.postings.outcome import booked_fields
from portal.postings.quiet import is_quiet, outcome_unknown
from portal.postings.schedule import MISSES_BEFORE_ABSENT, RECHECK_SECONDS, next_try
from portal.postings.states import Actor, State
from portal.postings.trusted_key import SAME_KEY, key_protects
from portal.postings.twins.verdicts import Ask, There, Verdict, Wait

logger = logging.getLogger(__name__)

TWO_FOUND = "The accounting system holds {count} documents with our key. A person must decide which one counts."
OTHER_FOUND = "The accounting system holds a document with our key but other content ({field}: {ours}, there {theirs})."
CANNOT_PROVE = "It is not known whether it was booked, and this system cannot prove that it was not. Look it up there."
ALWAYS_BREAKS = "Sending it broke off {times} times, and it is not in the books. A person must look."
SENT_AGAIN_WITHIN = timedelta(minutes=2)
ABSENT = "Looked up twice: it is not in the books. It is sent again."
MISSED = "Not found yet; it is looked up once more."
TOO_EARLY = "Not found yet, but it may still appear; it is looked up again after a quiet period."
ANOTHERS = "The accounting system answered with document {external_id}, which belongs to another posting. Look there."
FOUND = "Found by lookup."
STILL_UNDER_WAY = "The accounting system has it, and has not booked it yet."


def posted(claimed: Claim, document: Document, result: Posted) -> None:
    """The document is in the books."""
    if claimed.purpose is Purpose.SEND and one_statement.settle(
        claimed.posting, claimed.attempt, document, result, claimed.exchanges
    ):
        return
    with atomic():
        _answered(claimed)
        _into_the_books(claimed, document, result, "")


def decided(claimed: Claim, document: Document, verdict: Verdict) -> None:
    """A payment was looked for before it was sent. Call it inside `atomic`; nothing happens where it is to be sent."""
    now = timezone.now()
    match verdict:
        case There(posted, why):
            _answered(claimed)
            _into_the_books(claimed, document, posted, why)
        case Wait(why) if not has_waited_too_long(claimed.posting, now):
            _unsent(claimed, why, next_attempt_at=now + ASK_AGAIN)
        case Wait(why) | Ask(why):
            about = verdict.about if isinstance(verdict, Ask) else ""
            if _unsent(claimed, why, reason_field=about, next_attempt_at=None):
                change(claimed.posting, State.HELD, who=Actor.WORKER, why=why, reason=why)


def _unsent(claimed: Claim, why: str, **fields: Any) -> bool:
    """Nothing was sent: it is as ready as before."""
    _answered(claimed)
    return move(claimed, State.READY, why, reason=why, may_exist=claimed.existed_before, **fields)


def awaiting(claimed: Claim, result: Awaiting) -> None:
    """The outside system took it and books it later: it is asked again at its time."""
    due = timezone.now() + timedelta(seconds=result.ask_after_seconds)
    with atomic():
        _answered(claimed)
        if claimed.purpose is Purpose.POLL:
            ask_later(claimed, STILL_UNDER_WAY, due, result)
        else:
            move(claimed, State.AWAITING, "", result=result, reason=STILL_UNDER_WAY, operation=result.operation,
                 next_attempt_at=due, awaiting_since=timezone.now())  # fmt: skip


def found(claimed: Claim, document: Document, matches: tuple[Posted, ...]) -> None:
    """A lookup answered: with one match, with too many, with another document, or with none."""
    with atomic():
        _answered(claimed)
        if not matches:
            _missed(claimed)
        elif len(matches) > 1:
            hold(claimed, TWO_FOUND.format(count=len(matches)))
        elif (other := mismatch(document, matches[0])) is not None:
            hold(claimed, OTHER_FOUND.format(field=other[0], ours=other[1], theirs=other[2]))
        else:
            _into_the_books(claimed, document, matches[0], FOUND)


def failed(claimed: Claim, error: Exception) -> None:
    """An attempt raised: the closed tables in `rules` decide."""
    if isinstance(error, KeyRefused):
        admission.refused(claimed.posting.connection.integration, error.message, who="worker")
    with atomic():
        if _is_technical(error):
            breaker.failed(claimed.posting.connection)
        elif _is_an_answer(error):
            _answered(claimed)
        rules.apply(claimed, error)


def _is_technical(error: Exception) -> bool:
    return isinstance(error, OutcomeUnknown) or (isinstance(error, Retryable) and not error.free)


def _is_an_answer(error: Exception) -> bool:
    """A refusal and a rate limit are the vendor's answers; a missing setting and our own limit are ours."""
    if isinstance(error, Misconfigured | LimitUsedUp):
        return False
    return isinstance(error, Rejected | Unauthorised | Retryable)


def mismatch(document: Document, match: Posted) -> tuple[str, str, str] | None:
    """(field, ours, theirs) when party or gross differ from what the match says; None when it is the same document."""
    if match.gross is not None and match.gross != document.gross:
        return "gross", str(document.gross), str(match.gross)
    code = document.party.code
    if code and match.supplier_code is not None and match.supplier_code.casefold() != code.casefold():
        return "customer" if document.kind.is_sale else "supplier", code, match.supplier_code
    return None


def _into_the_books(claimed: Claim, document: Document, result: Posted, why: str) -> None:
    fields = booked_fields(document, result)
    reason = "" if why == FOUND else why
    try:
        with atomic():
            moved = move(claimed, State.POSTED, why, result=result, reason=reason, next_attempt_at=None, **fields)
    except IntegrityError:
        _hold_anothers(claimed, result)
        return
    if not moved:
        logger.error("A posted document came back after its lease was lost; the lookup will find it.")


def _hold_anothers(claimed: Claim, result: Posted) -> None:
    """The accounting system named a document that is another posting's: by way of unknown, since it may be booked."""
    why = ANOTHERS.format(external_id=result.external_id)
    if claimed.purpose is Purpose.LOOKUP:
        hold(claimed, why)
    elif move(claimed, State.UNKNOWN, why, result=result, **outcome_unknown(claimed.posting, timezone.now())):
        change(claimed.posting, State.HELD, who=Actor.WORKER, why=why, reason=why, next_attempt_at=None)


def _missed(claimed: Claim) -> None:
    """Nothing found. That counts only when no commit can be late any more, whoever asked for the lookup: an operation
    that the vendor has not ended may book at any time."""
    can, misses = abilities(claimed.posting.connection), claimed.posting.misses + 1
    if not can.lookup:
        hold(claimed, CANNOT_PROVE)
    elif is_quiet(claimed.posting, timezone.now()):
        move(claimed, State.UNKNOWN, TOO_EARLY, reason=TOO_EARLY, next_attempt_at=claimed.posting.quiet_until)
    elif misses < MISSES_BEFORE_ABSENT:
        due = timezone.now() + timedelta(seconds=RECHECK_SECONDS)
        move(claimed, State.UNKNOWN, MISSED, misses=misses, reason=MISSED, next_attempt_at=due)
    elif claimed.posting.operation:
        hold(claimed, CANNOT_PROVE)
    elif can.lookup_complete:
        _send_again(
            claimed, ABSENT, misses=0, may_exist=False, generation=claimed.posting.generation + can.repeats_errors
        )
    elif key_protects(claimed.posting, timezone.now()):
        _send_again(claimed, SAME_KEY, misses=misses)
    else:
        hold(claimed, CANNOT_PROVE)


def _send_again(claimed: Claim, why: str, **fields: Any) -> None:
    """Absent, or protected by its key. It counts as a failed try: a system that only ever breaks ends with a person."""
    now, tries = timezone.now(), claimed.posting.tries + 1
    due = next_try(now, tries)
    soon = min(due, now + SENT_AGAIN_WITHIN) if due else None
    moved = move(claimed, State.READY, why, reason=why, tries=tries, next_attempt_at=soon, **fields)
    if moved and due is None:
        why = ALWAYS_BREAKS.format(times=tries) if why == ABSENT else CANNOT_PROVE
        change(claimed.posting, State.HELD, who=Actor.WORKER, why=why, reason=why)


def _answered(claimed: Claim) -> None:
    """The outside system answered. When that closes its breaker, what waited for a better time is due now."""
    if breaker.answered(claimed.posting.connection):
        Posting.objects.filter(
            connection_id=claimed.posting.connection_id, state=State.READY, next_attempt_at__gt=timezone.now()
        ).update(next_attempt_at=timezone.now())
