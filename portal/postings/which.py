"""Which of a transaction's postings counts."""

from __future__ import annotations

from portal.connections.models import Side
from portal.postings.models import Posting, Transaction


def posting_of(transaction: Transaction) -> Posting | None:
    """The posting that counts: the latest into an accounting system, or into the source for what was raised from here.

    Needs its postings with their connections at hand, in the order of their ids.
    """
    rows = list(transaction.postings.all())
    into_the_books = [posting for posting in rows if posting.connection.side == Side.ACCOUNTING]
    return next(reversed(into_the_books or rows), None)
