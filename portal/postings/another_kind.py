"""A record that was taken as another kind before, such as an invoice whose total fell below zero.

It is one thing at its source, so never more than one of its transactions may live: what was not sent makes room, what
may be in the books stays, and the new kind waits for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from integrations.content import content_hash, differences, from_json, to_json
from integrations.documents import Document
from integrations.feeds import FedSource
from portal.connections.registry import sources
from portal.postings.models import Posting
from portal.postings.states import State
from portal.postings.taken_before import (
    GONE,
    Record,
    Version,
    contest,
    is_gone,
    may_be_withdrawn,
    postings_of,
    withdraw,
    words_of,
)

WITHDRAWN: Final = "At the source it is a {kind} now; as that it is taken instead."
STANDS: Final = (
    "At the source it is a {kind} over {gross:.2f} {currency} now, but it was taken as {words}. Nothing was changed in "
    "the books, and the {kind} was not taken. {advice}"
)
IN_THE_BOOKS: Final = "Put the difference right in the books by hand."
NOT_YET: Final = "Look whether {number} is in the books; void it if it is not, then the {kind} is taken by itself."
ALERT: Final = "{number} is a {kind} at the source now, and may be in the books as a {before}. Put it right by hand."
LIVES: Final = "The same record of the source lives as {number} now: void that one first."


@dataclass(frozen=True, slots=True)
class InTheWay:
    """A transaction of another kind that stays. `may_go` says whether a person can still make room."""

    transaction_id: int
    message: str
    may_go: bool


def make_room(document: Document, record: Record, *, received_at: datetime) -> InTheWay | None:
    """Withdraw what the record was taken as before (`record.kinds`, other ones than the document's), so that the
    document can be accepted in the same database transaction. What cannot be withdrawn is in the way: then nothing is
    withdrawn, people see what the source says now, and are told once."""
    standing = [one for one in postings_of(record) if not is_gone(one)]
    in_the_way = next((one for one in standing if not may_be_withdrawn(one)), None)
    if in_the_way is not None:
        return _in_the_way(document, in_the_way, received_at)
    for posting in standing:
        withdraw(posting, WITHDRAWN.format(kind=document.kind.label.lower()))
    return None


def living_twin(posting: Posting) -> str:
    """Why a withdrawn posting must not be made due again: its record lives as another kind. Empty where it does not."""
    if posting.state != State.WITHDRAWN:
        return ""
    transaction = posting.transaction
    source = sources().get(transaction.source)
    if not isinstance(source, FedSource):
        return ""
    kinds = source.other_kinds(from_json(transaction.content))
    twins = Posting.objects.select_related("transaction").filter(
        transaction__external_id=transaction.external_id, transaction__company_id=transaction.company_id,
        transaction__source=transaction.source, transaction__kind__in=sorted(kinds),
    )  # fmt: skip
    living = twins.exclude(state__in=sorted(GONE)).first()
    return LIVES.format(number=living.transaction.number) if living else ""


def _in_the_way(document: Document, posting: Posting, received_at: datetime) -> InTheWay:
    transaction, kind = posting.transaction, document.kind.label.lower()
    version = Version(
        content=to_json(document),
        content_hash=content_hash(document),
        differences=_rows(from_json(transaction.content), document),
        received_at=received_at,
    )
    alert = ALERT.format(number=transaction.number, kind=kind, before=transaction.get_kind_display().lower())
    contest(transaction, version, "transaction.another_kind_at_source", alert)
    is_final = posting.state == State.POSTED
    advice = IN_THE_BOOKS if is_final else NOT_YET.format(number=transaction.number, kind=kind)
    message = STANDS.format(
        kind=kind, gross=document.gross, currency=document.currency, words=words_of(posting), advice=advice
    )
    return InTheWay(transaction.pk, message, may_go=not is_final)


def _rows(before: Document, after: Document) -> list[list[str]]:
    kinds = ["kind", before.kind.label, after.kind.label]
    return [kinds, *([one.field, str(one.before), str(one.after)] for one in differences(before, after))]
