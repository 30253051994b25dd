"""Transactions and postings of one company, the newest first. Every part costs the same, however many rows there are.

What an index finds (any number, a state that few are in) is found at once, however old it is. Other filters are tested
row by row, going back through the company's transactions: `LOOKED_THROUGH` of them for one part at most, which may then
hold few rows, or none, with more behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.db.models import BooleanField, Exists, F, Func, Model, OuterRef, Prefetch, Q, QuerySet
from django.db.models.expressions import OrderBy

from portal.connections.models import Connection
from portal.postings.models import Posting, Transaction
from portal.postings.search import transactions_with
from portal.postings.states import LEASED, State

M = TypeVar("M", bound=Model)

LOOKED_THROUGH: Final = 10_000
# A transaction is written within seconds of its arrival: what was written far before a moment arrived before it, too.
LATE_AT_MOST: Final = timedelta(days=1)
FEW: Final[dict[str, tuple[str, str]]] = {
    state: (text, order)
    for text, order in (
        ("'awaiting', 'ready', 'unknown'", "next_attempt_at"),
        ("'checking', 'sending'", "lease_until"),
        ("'rejected', 'held'", "-pk"),
    )
    for state in text.replace("'", "").split(", ")
}
"""The states that few postings are in: all that share an index, as they stand in its condition, and its own order.

They stand in a statement's text, too: SQLite takes such an index for nothing that is bound to a statement."""
Place = tuple[int, int]
"""Where a posting stands in the list: the keys of its transaction and of itself."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which ones. `received_from` and `received_before` are aware; `number` is any that somebody may know it by."""

    kind: str = ""
    state: str = ""
    number: str = ""
    connection_id: UUID | None = None
    received_from: datetime | None = None
    received_before: datetime | None = None


@dataclass(frozen=True)
class Part(Generic[M]):
    """Some rows; `after` is where the next part begins, None at the end of the list."""

    rows: list[M]
    after: Place | None


@dataclass(frozen=True)
class _Edge:
    """The last transaction that a part looks at, where there are more behind it."""

    pk: int
    received_at: datetime


def transactions(company_id: UUID, wanted: Wanted, *, limit: int, after: int | None = None) -> Part[Transaction]:
    """Those behind the transaction `after`, without their content, with their postings."""
    rows = _with_postings(Transaction.objects.defer("content")).filter(company_id=company_id)
    if wanted.number:
        rows, end = rows.filter(pk__in=transactions_with(wanted.number).order_by().values("pk")), None
    elif wanted.state in FEW:
        keys, end = _share_of_few(company_id, wanted, after)
        rows, wanted = rows.filter(pk__in=keys), replace(wanted, state="")
    else:
        edge = _edge(company_id, limit if wanted == Wanted() else LOOKED_THROUGH, after)
        rows, end = rows.filter(_down_to("pk", edge)), _next(edge, wanted)
    found = list(_narrowed(rows, wanted, "").filter(_behind("pk", after)).order_by(_falling("pk"))[: limit + 1])
    if len(found) > limit:
        return Part(found[:limit], (found[limit - 1].pk, 0))
    return Part(found, end)


def postings(company_id: UUID, wanted: Wanted, *, limit: int, after: Place | None = None) -> Part[Posting]:
    """Those behind the place `after`, by the transactions that they belong to."""
    if wanted.state in FEW:
        places, end = _few(company_id, wanted, after)[: limit + 1], None
        rows = Posting.objects.filter(pk__in=[pk for _, pk in places])
    else:
        rows, end = _share_of_postings(company_id, wanted, limit, after)
    rows = rows.select_related("transaction", "connection").defer("transaction__content", "booked", "traceback")
    found = list(rows.order_by(_falling("transaction_id"), _falling("pk"))[: limit + 1])
    if len(found) > limit:
        return Part(found[:limit], (found[limit - 1].transaction_id, found[limit - 1].pk))
    return Part(found, end)


def _share_of_postings(
    company_id: UUID, wanted: Wanted, limit: int, after: Place | None
) -> tuple[QuerySet[Posting], Place | None]:
    """Those of a share of the transactions, and where the next one begins."""
    before = after and after[0] + bool(after[1])
    edge = _edge(company_id, limit if wanted == Wanted() else LOOKED_THROUGH, before)
    rows = Posting.objects.filter(transaction__company_id=company_id).filter(_down_to("transaction_id", edge))
    if after:
        beyond = Q(transaction_id__lt=after[0]) | Q(transaction_id=after[0], pk__lt=after[1])
        rows = rows.filter(_behind("transaction_id", before), beyond)
    return _narrowed(rows, wanted, "transaction__"), _next(edge, wanted)


def _few(company_id: UUID, wanted: Wanted, after: Place | None) -> list[Place]:
    """Where the company's postings in a state stand that few are in, behind `after`, the newest first.

    Each connection's own index has them, and those that workers hold at this moment are in one index of all: its order
    leaves a database no other way.
    """
    mine = Connection.objects.filter(company_id=company_id).order_by()
    mine = mine.filter(pk=wanted.connection_id) if wanted.connection_id else mine
    ids = list(mine.values_list("pk", flat=True))
    states, order = FEW[wanted.state]
    of_the_index = Func(F("state"), template=f"%(expressions)s IN ({states})", output_field=BooleanField())
    rows = Posting.objects.filter(_in_state(wanted.state), of_the_index).order_by(order)
    each = [rows] if wanted.state in LEASED else [rows.filter(connection_id=one) for one in ids]
    found = [row for part in each for row in part.values_list("transaction_id", "pk", "connection_id")]
    places = ((transaction, posting) for transaction, posting, connection in found if connection in ids)
    return sorted((place for place in places if after is None or place < after), reverse=True)


def _share_of_few(company_id: UUID, wanted: Wanted, after: int | None) -> tuple[list[int], Place | None]:
    """The keys of the transactions in such a state that are looked at, and where the next ones begin."""
    places = _few(company_id, wanted, None if after is None else (after, 0))
    keys = list(dict.fromkeys(key for key, _ in places))
    share = keys[:LOOKED_THROUGH]
    return share, (share[-1], 0) if len(keys) > len(share) else None


def _narrowed(rows: QuerySet[M], wanted: Wanted, to_transaction: str) -> QuerySet[M]:
    """By what is tested row by row. `to_transaction` is the way from a row to its transaction."""
    given: dict[str, Any] = {
        f"{to_transaction}kind": wanted.kind,
        f"{to_transaction}received_at__gte": wanted.received_from,
        f"{to_transaction}received_at__lt": wanted.received_before,
    }
    rows = rows.filter(**{name: value for name, value in given.items() if value})
    of_posting = _in_state(wanted.state) if wanted.state else Q()
    of_posting &= Q(connection_id=wanted.connection_id) if wanted.connection_id else Q()
    if to_transaction:
        return rows.filter(of_posting)
    return rows.filter(Exists(Posting.objects.filter(of_posting, transaction=OuterRef("pk")))) if of_posting else rows


def _in_state(state: str) -> Q:
    """Said so that no index can be asked for it: the one by state is everybody's."""
    return ~Q(state__in=[other.value for other in State if other != state])


def _falling(name: str) -> OrderBy:
    """An order that no index has: what is found is sorted, and nobody walks along a key until enough is found."""
    return OrderBy(F(name) + 0, descending=True)


def _behind(name: str, key: int | None) -> Q:
    return Q() if key is None else Q(**{f"{name}__lt": key})


def _down_to(name: str, edge: _Edge | None) -> Q:
    return Q() if edge is None else Q(**{f"{name}__gte": edge.pk})


def _edge(company_id: UUID, share: int, before: int | None) -> _Edge | None:
    """Where a share of the company's transactions ends, None where there are no more: the index alone leads there."""
    keys = _walk(company_id, before).values_list("pk", flat=True)
    places = list(keys[share - 1 : share + 1])
    found = Transaction.objects.filter(pk__in=places).order_by("-pk").values_list("pk", "received_at")
    return _Edge(*found[0]) if len(places) > 1 else None


def _walk(company_id: UUID, before: int | None) -> QuerySet[Transaction]:
    """The newest first, or from a place in the middle on.

    With `company_id = …` PostgreSQL may take the primary key for the same order, and go back through everybody's rows
    to find the first of a company that has none. Who has come to a place has rows there, and an equality leads to it.
    """
    if before is None:
        rows = Transaction.objects.filter(company_id__gte=company_id, company_id__lte=company_id)
    else:
        rows = Transaction.objects.filter(company_id=company_id, pk__lt=before)
    return rows.order_by("company_id", "-pk")


def _next(edge: _Edge | None, wanted: Wanted) -> Place | None:
    """Behind the edge, unless everything there arrived too early."""
    if edge is None:
        return None
    is_past = wanted.received_from is not None and edge.received_at < wanted.received_from - LATE_AT_MOST
    return None if is_past else (edge.pk, 0)


def _with_postings(rows: QuerySet[Transaction]) -> QuerySet[Transaction]:
    whole = Posting.objects.select_related("connection").defer("booked", "traceback").order_by("pk")
    return rows.prefetch_related(Prefetch("postings", queryset=whole))
