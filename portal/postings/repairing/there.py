"""What stands in the books now for one posting: read live, because somebody asked, and never kept."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.utils import timezone

from integrations.documents import Posted
from integrations.errors import IntegrationError
from portal.postings.inside import books_inside
from portal.postings.models import Posting
from portal.postings.outcome import booked
from portal.postings.reconciliation.compare import BY_HAND
from portal.postings.repairing.asking import found_there, why_not_asked
from portal.postings.repairing.lines import BookedLine, lines_of
from portal.postings.states import State

logger = logging.getLogger(__name__)

BUG: Final = "An error on our side: {name}. The log has the details."
ONE: Final = "{name} holds it as {number}."
GONE: Final = "{name} holds no document with our key any more: somebody deleted it there, or changed its reference."
NONE: Final = "{name} holds no document with our key."
TYPED_IN: Final = (
    "{name} holds no document with our key, as it is when somebody typed it in by hand. It was marked as posted under "
    "{number}; look there for that number."
)
SEVERAL: Final = "{name} holds {count} documents with our key: {numbers}. Find out which of them counts."
UNEXPECTED: Final = "{name} holds it as {number}, though it is {state} here."
OTHER: Final = "{name} holds it as {number} now, and not as {ours}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What the books said at `asked_at` (aware UTC), in one `sentence`.

    `told` is the document that counts, as text by the names of `portal.postings.outcome.booked`, empty where there is
    none; `lines` its lines, where the books tell them. `is_as_said` is whether all of it is what we say. With `problem`
    nobody could be asked, and nothing is known.
    """

    asked_at: datetime
    sentence: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[int, BookedLine] = field(default_factory=dict)
    is_as_said: bool = True
    problem: str = ""


def look(posting: Posting, name: str) -> Now:
    """Ask the books, which are called `name`. It waits some seconds at most and never raises what the system raises.

    Call it outside of any database transaction.
    """
    asked_at = timezone.now()
    if why := why_not_asked(posting, name):
        return Now(asked_at=asked_at, problem=why)
    try:
        return _told(posting, name, found_there(posting))
    except IntegrationError as error:
        return Now(asked_at=asked_at, problem=error.message)
    except Exception as error:
        logger.exception("What stands in the books for posting %s could not be read.", posting.pk)
        return Now(asked_at=asked_at, problem=BUG.format(name=type(error).__name__))


def _told(posting: Posting, name: str, found: tuple[Posted, ...]) -> Now:
    documents = {one.external_id: one for one in found}
    now = timezone.now()
    if not documents:
        return Now(
            asked_at=now, sentence=_nothing(posting, name), is_as_said=_is_by_hand(posting) or not _is_in(posting)
        )
    own = documents.get(posting.external_id or "", next(iter(documents.values())))
    sentence, is_as_said = _sentence(posting, name, own, documents)
    lines = lines_of(posting) if books_inside(posting) else {}
    return Now(asked_at=now, sentence=sentence, told=booked(own), lines=lines, is_as_said=is_as_said)


def _nothing(posting: Posting, name: str) -> str:
    if _is_by_hand(posting):
        return TYPED_IN.format(name=name, number=posting.external_number)
    return (GONE if _is_in(posting) else NONE).format(name=name)


def _sentence(posting: Posting, name: str, own: Posted, documents: Mapping[str, Posted]) -> tuple[str, bool]:
    """What stands there in words, and whether that is what we say."""
    number = _called(own)
    if len(documents) > 1:
        numbers = ", ".join(sorted(_called(one) for one in documents.values()))
        return SEVERAL.format(name=name, count=len(documents), numbers=numbers), False
    if not _is_in(posting):
        state = posting.get_state_display().lower()
        return UNEXPECTED.format(name=name, number=number, state=state), False
    if own.external_id != posting.external_id and number != posting.external_number:
        ours = posting.external_number or posting.external_id
        return OTHER.format(name=name, number=number, ours=ours), False
    return ONE.format(name=name, number=number), True


def _is_in(posting: Posting) -> bool:
    return posting.state == State.POSTED


def _is_by_hand(posting: Posting) -> bool:
    return (posting.external_id or "").startswith(BY_HAND)


def _called(document: Posted) -> str:
    return document.number or document.external_id
