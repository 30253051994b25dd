"""A payment waits for what it settles: the accounting system must have the invoice before it can be allocated to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from django.db.models import Q
from django.utils import timezone

from integrations.content import from_json
from integrations.documents import Allocation, Document, Kind
from portal.connections.models import Side
from portal.postings.models import Posting
from portal.postings.states import FINAL, State

SETTLING: Final = frozenset({Kind.PAYMENT, Kind.REFUND, Kind.SALES_CREDIT_NOTE})
SETTLED: Final = frozenset({Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE})
LONGEST_MARK: Final = 100
WAITING: Final = "It waits for {what}, which is not in the books yet."
GAVE_UP: Final = "It waited a day for {what}, which is still not in the books. Look at that first, then retry."
NEVER_COMES: Final = (
    "It waited a day for {what}, which was not taken: {why} If it stays so, enter this by hand and mark it as posted, "
    "or void it."
)

Key = tuple[str, str]
WhyNot = Callable[[uuid.UUID, str, str], str]

_asked: list[WhyNot] = []


def tell_why(why_not: WhyNot) -> None:
    """For a room that knows why a record of a source (company, source, external id) became no transaction: one sentence
    for people, empty where it does not know."""
    _asked.append(why_not)


def unsettled(posting: Posting) -> Allocation | None:
    """The first document that this posting settles and that is not in the books yet: on its way there, before a person,
    or never taken so far. One that was voided is waited for no longer."""
    allocations = _allocations(posting)
    if not allocations or _goes_back(posting):
        return None
    states = {key: State(one.state) for key, one in _postings(posting, allocations).items()}
    return next((one for one in allocations if states.get(_key(one), State.READY) not in FINAL), None)


def with_what_is_posted(document: Document, posting: Posting) -> Document:
    """The document with the external ids of what it settles, as far as these are in the books of its connection, or in
    the source that it goes back to."""
    if not document.allocations:
        return document
    if _goes_back(posting):
        return replace(
            document, allocations=tuple(replace(one, posted_as=one.external_id) for one in document.allocations)
        )
    found = _postings(posting, document.allocations)
    external_ids = {key: one.external_id or "" for key, one in found.items() if one.state == State.POSTED}
    allocations = (replace(one, posted_as=external_ids.get(_key(one), "")) for one in document.allocations)
    return replace(document, allocations=tuple(allocations))


def mark_of(allocation: Allocation) -> str:
    """How a posting that waits names what it waits for."""
    return _mark(allocation.kind, allocation.external_id)


def words_of(allocation: Allocation) -> str:
    """The same for people."""
    return f"{allocation.kind.label.lower()} {allocation.number or allocation.external_id}"


def gave_up(posting: Posting, allocation: Allocation) -> str:
    """Why a posting that has waited too long is put before a person."""
    transaction, what = posting.transaction, words_of(allocation)
    told = (why_not(transaction.company_id, transaction.source, allocation.external_id) for why_not in _asked)
    why = next(filter(None, told), "")
    return NEVER_COMES.format(what=what, why=why) if why else GAVE_UP.format(what=what)


def release(posting: Posting) -> None:
    """It is in the books now: what waited for it is due."""
    if Kind(posting.kind) not in SETTLED:
        return
    mark = _mark(Kind(posting.kind), posting.transaction.external_id)
    waiting = Posting.objects.filter(connection_id=posting.connection_id, state=State.READY, waits_for=mark)
    waiting.update(next_attempt_at=timezone.now(), waits_for="", reason="")


def put_off(posting: Posting, allocation: Allocation, until: datetime) -> None:
    """Due again at `until` (aware UTC), with the reason; nothing happens where it was taken meanwhile."""
    same = Posting.objects.filter(pk=posting.pk, state=State.READY, next_attempt_at=posting.next_attempt_at)
    same.update(next_attempt_at=until, waits_for=mark_of(allocation), reason=WAITING.format(what=words_of(allocation)))


def _goes_back(posting: Posting) -> bool:
    """Into a source: what it settles came from there, and is named by the source's own ids."""
    return posting.connection.side == Side.SOURCE


def _allocations(posting: Posting) -> tuple[Allocation, ...]:
    if Kind(posting.kind) not in SETTLING:
        return ()
    return from_json(posting.transaction.content).allocations


def _postings(posting: Posting, allocations: tuple[Allocation, ...]) -> dict[Key, Posting]:
    """The postings of what is settled, in the same system, by kind and external id."""
    transaction = posting.transaction
    wanted = Q()
    for one in allocations:
        wanted |= Q(transaction__kind=one.kind, transaction__external_id=one.external_id)
    found = Posting.objects.select_related("transaction").filter(
        wanted, connection_id=posting.connection_id, transaction__company_id=transaction.company_id,
        transaction__source=transaction.source,
    )  # fmt: skip
    return {(one.transaction.kind, one.transaction.external_id): one for one in found}


def _key(allocation: Allocation) -> Key:
    return allocation.kind.value, allocation.external_id


def _mark(kind: Kind, external_id: str) -> str:
    return f"{kind.value} {external_id}"[:LONGEST_MARK]
