"""Find by any number that somebody may hold in their hand."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Final

from django.db.models import Q, QuerySet

from portal.postings.models import Posting, Transaction

OF_A_TRANSACTION: Final = (
    "number",
    "answered_number",
    "source_number",
    "order_number",
    "supplier_reference",
    "external_id",
)
OF_A_POSTING: Final = ("external_number", "external_id")
HELP: Final = (
    "Any number or id, whole: ours, the one that was answered, the source’s, the order’s, the supplier’s reference, "
    "the one in the books."
)


def transactions_with(number: str) -> QuerySet[Transaction]:
    """Transactions of which any number is exactly this: ours, the source's, or the one in the books.

    Blanks around it and the case of letters do not matter.
    """
    ours = Transaction.objects.filter(_any(OF_A_TRANSACTION, number)).order_by().values("pk")
    booked = Posting.objects.filter(_any(OF_A_POSTING, number)).order_by().values("transaction_id")
    return Transaction.objects.filter(pk__in=ours.union(booked))


def postings_with(number: str) -> QuerySet[Posting]:
    """The postings of those transactions."""
    return Posting.objects.filter(transaction__in=transactions_with(number).order_by().values("pk"))


def _any(columns: tuple[str, ...], number: str) -> Q:
    typed = number.strip()
    spellings = sorted({typed, typed.upper(), typed.lower()})
    return reduce(or_, (Q(**{f"{column}__in": spellings}) for column in columns))
