"""A record that its source has cancelled: what was never sent is withdrawn, what was is put before a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db.transaction import atomic

from integrations.content import content_hash, to_json
from integrations.documents import Document
from portal.postings.models import Posting
from portal.postings.taken_before import Record, Version, contest, is_gone, may_be_withdrawn, postings_of, withdraw

CANCELLED: Final = "The source has cancelled it before it was sent."
STAGE: Final = "stage"
ALERT: Final = (
    "{number} was cancelled at the source after it was sent. Raise a credit note, or void what is not booked."
)


class Ended(StrEnum):
    """What a cancellation came to."""

    NEVER_TAKEN = "never_taken"
    KNOWN = "known"
    WITHDRAWN = "withdrawn"
    CONTESTED = "contested"


# Of several transactions of one record the one that needs a person says what it came to.
GRAVEST_FIRST: Final = (Ended.CONTESTED, Ended.WITHDRAWN, Ended.KNOWN)


def cancel(document: Document, record: Record, *, received_at: datetime) -> tuple[Ended, int | None]:
    """End what was taken of this record where that is safe, whatever kinds it was taken as; gives what it came to, and
    the id of a transaction.

    What a cancelled record still tells need not show of which kind it was. Nothing in the books is touched: for what
    was sent, staff see a contested revision and are told once.
    """
    with atomic():
        ended = [(_end(document, one, received_at), one.transaction_id) for one in postings_of(record)]
    return _gravest(ended)


def _gravest(ended: Iterable[tuple[Ended, int]]) -> tuple[Ended, int | None]:
    return min(ended, key=lambda one: GRAVEST_FIRST.index(one[0]), default=(Ended.NEVER_TAKEN, None))


def _end(document: Document, posting: Posting, received_at: datetime) -> Ended:
    if is_gone(posting):
        return Ended.KNOWN
    if may_be_withdrawn(posting):
        withdraw(posting, CANCELLED)
        return Ended.WITHDRAWN
    transaction = posting.transaction
    version = Version(
        content=to_json(document),
        content_hash=content_hash(document),
        differences=[[STAGE, "approved", document.stage.value]],
        received_at=received_at,
    )
    alert = ALERT.format(number=transaction.number)
    is_new = contest(transaction, version, "transaction.cancelled_at_source", alert)
    return Ended.CONTESTED if is_new else Ended.KNOWN
