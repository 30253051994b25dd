"""From a document to the answer: accepted, perhaps waited for, told, and the delivery ended before the answer is sent.

What is certain at once is committed at once: the transaction, its number, its answer and the end of its delivery
together. Only an answer that waits for a worker takes a second commit.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import Answer, Source
from integrations.documents import Document
from portal import context, prepared
from portal.connections.models import AnswerPolicy
from portal.intake import deliveries
from portal.intake.deliveries import Judgement
from portal.intake.endpoints import OpenEndpoint
from portal.intake.models import Verdict
from portal.intake.statements import TAKE_AND_ANSWER, TELL_AND_ANSWER
from portal.intake.waiting import wait_for
from portal.postings.accept import Acceptance, Taken, accept
from portal.postings.answer import SETTLED, decide, is_certain, is_settled
from portal.postings.destination import Destination
from portal.postings.due import Where
from portal.postings.new import take_new
from portal.postings.states import State

Ring = Callable[[int, Where], None]
Wake = Callable[[int], None]

VERDICTS: Final = {
    Taken.NEW: Verdict.ACCEPTED,
    Taken.REPEATED: Verdict.REPEATED,
    Taken.REVISED: Verdict.REVISED,
    Taken.CONTESTED: Verdict.CONTESTED,
    Taken.AMENDED: Verdict.SKIPPED,
    Taken.EARLY: Verdict.SKIPPED,
}
# Stands for the number in an answer that is written before the number is known. No template can hold it by chance.
MARK: Final = f"number-{secrets.token_hex(8)}"


@dataclass(slots=True)
class OnItsWay:
    """A delivery that was kept, until it is answered. `started` is of the monotonic clock."""

    source: Source
    endpoint: OpenEndpoint
    id: int
    received_at: datetime
    started: float
    answer: Answer | None = None

    def seconds(self) -> float:
        """How long the sender has waited."""
        return time.monotonic() - self.started

    def acknowledged(self, number: str) -> Answer:
        """The answer with this number."""
        return self.source.acknowledge(number, self.endpoint.answer_template)

    def end(self, judgement: Judgement, answer: Answer) -> Answer:
        """Keep the answer before it is sent; gives it back."""
        deliveries.end(self.id, judgement, answer, round(self.seconds() * 1000))
        self.answer = answer
        return answer

    def values(self, verdict: Verdict) -> dict[str, Any]:
        """What a statement needs that ends this delivery with a number of its own finding."""
        answer = self.acknowledged(MARK)
        return {
            "delivery_id": self.id,
            "verdict": verdict.value,
            "answer_status": answer.status,
            "answer_body": json.dumps(answer.body),
            "mark": MARK,
            "after_ms": round(self.seconds() * 1000),
        }


def take(delivery: OnItsWay, document: Document, destination: Destination, ring: Ring) -> Answer:
    """Accept a document and answer its delivery by the endpoint's policy. Nobody is rung before the commit."""
    wake = waking(ring, delivery.endpoint, destination)
    if _at_once(delivery) and not destination.books_inside:
        answer = _take_and_answer(delivery, document, destination, wake)
        if answer is not None:
            return answer
    acceptance = accept(
        document, destination, received_at=delivery.received_at, also=partial(_answer_if_certain, delivery)
    )
    with context.bound(posting_id=acceptance.posting_id):
        return _answer(delivery, acceptance, wake)


def waking(ring: Ring, endpoint: OpenEndpoint, destination: Destination) -> Wake:
    """A paused connection, or one that is not Linked, has nobody to wake: the sweep finds what waits later on."""
    accounting = endpoint.accounting
    if accounting is None or not accounting.is_sending:
        return lambda _: None
    where = Where(destination.connection_id, destination.integration, destination.kept)
    return lambda posting_id: ring(posting_id, where)


def _take_and_answer(delivery: OnItsWay, document: Document, destination: Destination, wake: Wake) -> Answer | None:
    """A new document that is answered at once, in one statement; None when it is not that simple."""
    new = take_new(
        document,
        destination,
        delivery.received_at,
        statement=TAKE_AND_ANSWER,
        answered=True,
        **delivery.values(Verdict.ACCEPTED),
    )
    if new is None:
        return None
    with context.bound(posting_id=new.posting_id):
        wake(new.posting_id)
    return delivery.acknowledged(new.number)


def _answer_if_certain(delivery: OnItsWay, acceptance: Acceptance) -> None:
    """Inside the accepting transaction: whatever no wait can change is answered there."""
    judgement = Judgement(VERDICTS[acceptance.taken], acceptance.reason, transaction_id=acceptance.transaction_id)
    if acceptance.taken is Taken.CONTESTED:
        delivery.end(judgement, delivery.source.refuse(400, acceptance.reason))
        return
    if acceptance.state is State.POSTED and not acceptance.answered_number and not _at_once(delivery):
        _answered_or_settled(delivery, acceptance, 0)
    if delivery.answer is None and _is_certain(delivery, acceptance):
        _decide(delivery, acceptance)


def _is_certain(delivery: OnItsWay, acceptance: Acceptance) -> bool:
    return _at_once(delivery) or bool(acceptance.answered_number) or acceptance.state in SETTLED


def _at_once(delivery: OnItsWay) -> bool:
    return delivery.endpoint.answer == AnswerPolicy.IMMEDIATE


def _answer(delivery: OnItsWay, acceptance: Acceptance, wake: Wake) -> Answer:
    due = acceptance.state is State.READY
    if delivery.answer is None:
        seconds = delivery.endpoint.answer_within_seconds - delivery.seconds()
        look = partial(_answered_or_settled, delivery, acceptance)
        wait_for(acceptance.posting_id, seconds, look, wake if due else None)
    elif due:
        wake(acceptance.posting_id)
    return delivery.answer or _decide(delivery, acceptance)


def _answered_or_settled(delivery: OnItsWay, acceptance: Acceptance, seconds: float) -> bool:
    """Whether waiting is over. A number that can be told by now is told in the same statement, on PostgreSQL."""
    if not prepared.can_run():
        return is_settled(acceptance.posting_id, seconds)
    values = {"posting_id": acceptance.posting_id, "now": timezone.now()}
    row = prepared.run(TELL_AND_ANSWER, {**values, **delivery.values(VERDICTS[acceptance.taken])})
    if row is None:
        return True
    state, next_attempt_at, number = row
    if number is not None:
        delivery.answer = delivery.acknowledged(number)
    return number is not None or is_certain(state, next_attempt_at, seconds)


def _decide(delivery: OnItsWay, acceptance: Acceptance) -> Answer:
    """The answer as the posting stands now, and the end of the delivery with it."""
    with atomic():
        decision = decide(acceptance.posting_id, delivery.endpoint.answer)
        if decision.status == 200:
            answer = delivery.acknowledged(decision.number)
        else:
            answer = delivery.source.refuse(decision.status, decision.reason)
        verdict = VERDICTS[acceptance.taken]
        return delivery.end(Judgement(verdict, decision.reason, transaction_id=acceptance.transaction_id), answer)
