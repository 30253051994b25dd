"""What the source is told: decided under guarded updates, so that both laws hold.

Law 1: what was answered as failed is not posted later unless the source sends it again, or staff decide so.
Law 2: what was answered with a number is ours until it is posted or a person has resolved it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.transaction import atomic
from django.utils import timezone

from portal.connections.models import AnswerPolicy
from portal.postings.changes import change
from portal.postings.models import Posting, Transaction
from portal.postings.states import Actor, State

NOT_STARTED = "The accounting system could not be reached in time. Nothing was booked; retry the posting."
CLOSED = "This transaction was closed by staff and is not booked: {reason}"
REFUSING = frozenset({State.REJECTED, State.WITHDRAWN, State.VOID})
SETTLED = frozenset({State.POSTED, State.HELD}) | REFUSING


@dataclass(frozen=True, slots=True)
class Decision:
    """Status 200 with `number`, or 400/503 with `reason` in one plain sentence."""

    status: int
    number: str = ""
    reason: str = ""


def is_settled(posting_id: int, deadline_passes: float) -> bool:
    """Whether waiting longer cannot change the answer: settled, or its next try is `deadline_passes` seconds away."""
    state, next_attempt_at = Posting.objects.filter(pk=posting_id).values_list("state", "next_attempt_at").get()
    return is_certain(state, next_attempt_at, deadline_passes)


def is_certain(state: str, next_attempt_at: datetime | None, deadline_passes: float) -> bool:
    """The same of a posting in `state` whose next try is due at `next_attempt_at`."""
    if state in SETTLED:
        return True
    return next_attempt_at is not None and (next_attempt_at - timezone.now()).total_seconds() > deadline_passes


def decide(posting_id: int, policy: str) -> Decision:
    """The answer for a posting as it stands now. A number that was told once is told again, for ever."""
    with atomic():
        posting = Posting.objects.select_for_update(of=("self",)).select_related("transaction").get(pk=posting_id)
        if posting.state == State.VOID:
            return Decision(400, reason=CLOSED.format(reason=posting.reason))
        if posting.transaction.answered_number:
            return Decision(200, number=posting.transaction.answered_number)
        return _first_answer(posting, policy)


def _first_answer(posting: Posting, policy: str) -> Decision:
    state, portal_number = State(posting.state), posting.transaction.number
    if policy == AnswerPolicy.IMMEDIATE and state not in REFUSING and not _held_unsent(posting):
        return _tell(posting.transaction, portal_number)
    if state is State.POSTED:
        return _tell(posting.transaction, posting.external_number or portal_number)
    if state in REFUSING or _held_unsent(posting):
        return Decision(400, reason=posting.reason)
    never_started = state is State.READY and posting.attempts_made == 0
    if never_started and policy == AnswerPolicy.STRICT:
        change(posting, State.WITHDRAWN, who=Actor.INTAKE, why=NOT_STARTED, reason=NOT_STARTED, next_attempt_at=None)
        return Decision(503, reason=NOT_STARTED)
    return _tell(posting.transaction, portal_number)


def _held_unsent(posting: Posting) -> bool:
    return posting.state == State.HELD and not posting.may_exist


def _tell(transaction: Transaction, number: str) -> Decision:
    """Keep the number before it is told. Whoever was first with another one has told it for ever."""
    unanswered = Transaction.objects.filter(pk=transaction.pk, answered_number="")
    if not unanswered.update(answered_number=number, answered_at=timezone.now()):
        number = Transaction.objects.values_list("answered_number", flat=True).get(pk=transaction.pk)
    return Decision(200, number=number)
