"""What a person says about a payment that may be there already: it is that one, or it is sent all the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Document, Posted
from portal.postings.content import document_of
from portal.postings.doers import By
from portal.postings.models import PairQuestion, Posting
from portal.postings.outcome import booked_fields
from portal.postings.repair import ANOTHER, ASKED, NOT_ASKED, SAME, CannotRepair, locked, move_by_hand, tell_of
from portal.postings.settled_first import release
from portal.postings.states import State
from portal.postings.twins.ends import Ends
from portal.postings.twins.likeness import part
from portal.postings.twins.standing import adopt

NOT_KNOWN: Final = "It is not known any more which payment was meant. Retry it, and it is looked for again."
TAKEN: Final = "The payment {number} there was found to be another one meanwhile. Retry, and it is looked for again."
THERE: Final = "There already: {why}"
IS_THAT_ONE: Final = "{number} is {other}, which somebody entered by hand: {why}"
IS_ANOTHER: Final = "{number} is sent all the same: {why}"
ANSWERED: Final = "The same question about {number} was answered: {why}"
AGAIN: Final = {"tries": 0, "crashes": 0, "misses": 0, "reason": "", "reason_field": "", "error_class": ""}


def same(posting: Posting, *, by: By, why: str) -> None:
    """It is the payment that was asked about: nothing is sent, and it counts as posted. Raises `CannotRepair`."""
    external_id, number, day = _first(posting)
    try:
        with atomic():
            posting = locked(posting, SAME, why)
            ends, document = Ends.of(posting), document_of(posting)
            adopt(ends, document, external_id)
            there = Posted(external_id=external_id, number=number, date=date.fromisoformat(day) if day else None)
            fields = booked_fields(document, there)
            move_by_hand(posting, State.POSTED, by, why, next_attempt_at=None, reason=THERE.format(why=why), **fields)
            release(posting)
            _answer_others(ends, document, (external_id,), by, why)
            message = IS_THAT_ONE.format(number=posting.transaction.number, other=number or external_id, why=why)
            tell_of(posting, "posting.is_there_already", message, by)
    except IntegrityError as error:
        raise CannotRepair(TAKEN.format(number=number or external_id)) from error


def another(posting: Posting, *, by: By, why: str) -> None:
    """It is none of those that it was asked about, and is sent all the same; nobody is asked about these again, on
    either side. Ring afterwards. Raises `CannotRepair`."""
    with atomic():
        posting = locked(posting, ANOTHER, why)
        question = PairQuestion.objects.get_or_create(posting=posting, defaults={"asked_at": timezone.now()})[0]
        ids = [external_id for external_id, _, _ in question.candidates]
        question.dismissed = sorted({*question.dismissed, *ids})
        question.candidates, question.even_too_much = [], True
        question.save()
        move_by_hand(posting, State.READY, by, why, next_attempt_at=timezone.now(), **AGAIN)
        _answer_others(Ends.of(posting), document_of(posting), ids, by, why)
        tell_of(posting, "posting.is_another", IS_ANOTHER.format(number=posting.transaction.number, why=why), by)


def _first(posting: Posting) -> tuple[str, str, str]:
    question = PairQuestion.objects.filter(posting=posting).first()
    if posting.reason_field not in ASKED[SAME]:
        raise CannotRepair(NOT_ASKED)
    if question is None or not question.candidates:
        raise CannotRepair(NOT_KNOWN)
    external_id, number, day = question.candidates[0]
    return str(external_id), str(number), str(day)


def _answer_others(ends: Ends, document: Document, external_ids: Sequence[str], by: By, why: str) -> None:
    """What these came in as may be held with the same question: it looks again, and finds the answer."""
    for external_id in external_ids:
        for other in ends.counterparts(part(document), external_id):
            if other.state == State.HELD and other.reason_field and not other.may_exist:
                said = ANSWERED.format(number=ends.posting.transaction.number, why=why)
                move_by_hand(other, State.READY, by, said, next_attempt_at=timezone.now(), **AGAIN)
