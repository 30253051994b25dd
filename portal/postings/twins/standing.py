"""How a payment over there stands: free to be the one that we carry, or somebody else's."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from django.db import IntegrityError

from integrations.documents import Allocation, Document, Settled
from portal.postings.models import Posting
from portal.postings.states import State
from portal.postings.twins.ends import Ends, is_writing
from portal.postings.twins.likeness import part
from portal.postings.twins.models import PairQuestion


class Stands(IntEnum):
    """The strongest first. `BUSY`: nobody knows yet; `ECHO`: what we carry was written from it."""

    ECHO = 0
    TAKEN = 1
    BUSY = 2
    FREE = 3


def stands(ends: Ends, document: Document, other: Settled, question: PairQuestion | None) -> Stands:
    """One payment over there that looks like the one of `document`."""
    external_id = other.document.external_id
    if _is_dismissed(ends, document, external_id, question) or _is_ours(ends.posting, external_id):
        return Stands.TAKEN
    return min(_part(ends, one, external_id) for one in document.allocations)


def adopt(ends: Ends, document: Document, external_id: str) -> None:
    """The payment over there is this one. Raises `IntegrityError` where somebody else has it meanwhile."""
    for one in document.allocations:
        pair, own = ends.theirs_of(one, external_id).first(), ends.mine_of(one).first()
        if own is not None and ends.their_id(own) is None:
            own.delete()  # it was about to be written once, and was not
        if pair is None:
            ends.write(one, external_id)
        elif not ends.take_over(pair):
            raise IntegrityError("The pair is somebody else's.")


def _part(ends: Ends, one: Allocation, external_id: str) -> Stands:
    pair = ends.theirs_of(one, external_id).first()
    if pair is None:
        return _without_pair(ends, ends.counterparts(one, external_id))
    if (my_id := ends.my_id_in(pair)) is not None:
        return Stands.ECHO if my_id == ends.my_id else Stands.TAKEN
    return Stands.BUSY if is_writing(pair.maker) else Stands.FREE


def _without_pair(ends: Ends, others: Sequence[Posting]) -> Stands:
    """It may have gone the other way before pairs were kept, or to a system that cannot be asked."""
    for one in others:
        if one.state == State.POSTED:
            return Stands.ECHO if one.external_id == ends.my_id else Stands.TAKEN
    return Stands.FREE


def _is_ours(posting: Posting, external_id: str) -> bool:
    """Whether a posting of ours wrote it there. One that was adopted is told by its pair, invoice by invoice."""
    theirs = Posting.objects.filter(connection_id=posting.connection_id, kind=posting.kind, external_id=external_id)
    return theirs.exclude(pk=posting.pk).exclude(pairs__is_adopted=True).exists()


def _is_dismissed(ends: Ends, document: Document, external_id: str, question: PairQuestion | None) -> bool:
    """Whether a person said that they are two: asked about this one, or about the other."""
    if question is not None and external_id in question.dismissed:
        return True
    questions = (getattr(one, "pair_question", None) for one in ends.counterparts(part(document), external_id))
    return any(ends.my_id in asked.dismissed for asked in questions if asked is not None)
