"""Questions that are answered by an index for certain: the newest of a company, and counts as far as fifty.

A database weighs its ways by what it knows of a table, and where it thinks that enough is soon found it reads through
the table until it is. Here its order leaves it one way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, TypeVar
from uuid import UUID

from django.db.models import IntegerField, Model, OuterRef, QuerySet, Subquery

from portal.connections.models import Connection
from portal.postings.models import Posting
from portal.postings.states import LEASED, NEEDS_A_PERSON, WAITING_FOR_THEIR_TIME, State

Row = TypeVar("Row", bound=Model)

MOST_COUNTED: Final = 50
# The states that have an index of their own, and what that one is in the order of.
WAITING, UNDER_WAY, NEEDING = "waiting", "under_way", "needing"
INDEXED: Final[dict[str, tuple[frozenset[State], str]]] = {
    WAITING: (WAITING_FOR_THEIR_TIME, "next_attempt_at"),
    UNDER_WAY: (LEASED, "lease_until"),
    NEEDING: (NEEDS_A_PERSON, "-pk"),
}


class HowMany(Subquery):
    """How many rows a subquery has, which its own limit bounds."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def newest_first(rows: QuerySet[Row], company_id: UUID | OuterRef) -> QuerySet[Row]:
    """The rows of one company, the newest first, by an index over `company` and `-id`.

    With `company_id = …` the order of that index and that of the primary key are the same to PostgreSQL. It then goes
    back through everybody's rows where there are few companies, and reads all of them for a company that has none.
    """
    of_it = rows.filter(company_id__gte=company_id, company_id__lte=company_id)
    return of_it.order_by("company_id", "-pk")


def needing_by_company(companies: Iterable[UUID]) -> dict[UUID, int]:
    """How many need a person, by company; noughts are left out."""
    rows = Connection.objects.filter(company_id__in=list(companies)).order_by().annotate(found=_how_many(NEEDING))
    counts = Counter[UUID]()
    for company, found in rows.values_list("company_id", "found"):
        counts[company] += found
    return +counts


def by_connection(connections: Iterable[Connection]) -> dict[UUID, Counter[str]]:
    """How many of each name of `INDEXED`, by connection; each is one more than is counted at most. One query."""
    found = {f"{name}_count": _how_many(name) for name in INDEXED}
    rows = Connection.objects.filter(pk__in=[one.pk for one in connections]).order_by().annotate(**found)
    return {pk: Counter(dict(zip(INDEXED, counts, strict=True))) for pk, *counts in rows.values_list("pk", *found)}


def said(count: int) -> str:
    """`7`, or `50+`."""
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)


def _how_many(name: str) -> HowMany:
    states, order = INDEXED[name]
    rows = Posting.objects.filter(connection=OuterRef("pk"), state__in=sorted(states)).order_by(order)
    return HowMany(rows.values("pk")[: MOST_COUNTED + 1])
