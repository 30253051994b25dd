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

from django.db.models import Exists, F, Model, OuterRef, Prefetch, Q, QuerySet
from django.db.models.expressions import OrderBy

from portal.connections.models import Connection
from portal.postings.models import DUE_STATES, LEASED_STATES, Posting, Transaction
from portal.postings.search import transactions_with
from portal.postings.states import State

M = TypeVar("M", bound=Model)

LOOKED_THROUGH: Final = 10_000
# A transaction is written within seconds of its arrival: what was written far before a moment arrived before it, too.
LATE_AT_MOST: Final = timedelta(days=1)
# As the index has them, word for word: SQLite takes it for no other condition.
NEEDING_STATES: Final = [State.REJECTED.value, State.HELD.value]
FEW: Final[dict[str, tuple[list[str], str]]] = {
    state: (states, order)
    for states, order in (
        (DUE_STATES, "next_attempt_at"), (LEASED_STATES, "lease_until"), (NEEDING_STATES, "-pk"),
    )
    for state in states
}  # fmt: skip
"""The states that few postings are in, with all that share an index, and with that one's own order."""
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
    rows, end = Posting.objects.filter(transaction__company_id=company_id), None
    if wanted.state in FEW:
        places = _few(company_id, wanted, after)[: limit + 1]
        rows = rows.filter(pk__in=[pk for _, pk in places])
    else:
        before = after and after[0] + bool(after[1])
        edge = _edge(company_id, limit if wanted == Wanted() else LOOKED_THROUGH, before)
        rows, end = (
            rows.filter(_down_to("transaction_id", edge), _behind("transaction_id", before)),
            _next(edge, wanted),
        )
        rows = _narrowed(rows, wanted, "transaction__")
    if after:
        rows = rows.filter(Q(transaction_id__lt=after[0]) | Q(transaction_id=after[0], pk__lt=after[1]))
    rows = rows.select_related("transaction", "connection").defer("transaction__content", "booked", "traceback")
    found = list(rows.order_by(_falling("transaction_id"), _falling("pk"))[: limit + 1])
    if len(found) > limit:
        return Part(found[:limit], (found[limit - 1].transaction_id, found[limit - 1].pk))
    return Part(found, end)


def _few(company_id: UUID, wanted: Wanted, after: Place | None) -> list[Place]:
    """Where the company's postings in a state stand that few are in, behind `after`, the newest first.

    Each connection's own index has them: its order leaves a database no other way.
    """
    mine = Connection.objects.filter(company_id=company_id).order_by()
    mine = mine.filter(pk=wanted.connection_id) if wanted.connection_id else mine
    states, order = FEW[wanted.state]
    found: list[Place] = []
    for connection_id in mine.values_list("pk", flat=True):
        rows = Posting.objects.filter(connection_id=connection_id, state__in=states).order_by(order)
        rows = rows.exclude(state__in=[state for state in states if state != wanted.state])
        found += rows.values_list("transaction_id", "pk")
    return sorted((place for place in found if after is None or place < after), reverse=True)


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
    of_postings = {"state": wanted.state, "connection_id": wanted.connection_id}
    those = {name: value for name, value in of_postings.items() if value}
    rows = rows.filter(**{name: value for name, value in given.items() if value})
    if to_transaction:
        return rows.filter(**those)
    return rows.filter(Exists(Posting.objects.filter(transaction=OuterRef("pk"), **those))) if those else rows


def _falling(name: str) -> OrderBy:
    """An order that no index has: what is found is sorted, and nobody walks along a key until enough is found."""
    return OrderBy(F(name) + 0, descending=True)


def _behind(name: str, key: int | None) -> Q:
    return Q() if key is None else Q(**{f"{name}__lt": key})


def _down_to(name: str, edge: _Edge | None) -> Q:
    return Q() if edge is None else Q(**{f"{name}__gte": edge.pk})


def _edge(company_id: UUID, share: int, before: int | None) -> _Edge | None:
    """Where a share of the company's transactions ends, None where there are no more: the index alone leads there.

    With `company_id = …` PostgreSQL may take the primary key for the same order, and go back through everybody's rows.
    """
    keys = Transaction.objects.filter(_behind("pk", before), company_id__gte=company_id, company_id__lte=company_id)
    places = list(keys.order_by("company_id", "-pk").values_list("pk", flat=True)[share - 1 : share + 1])
    found = Transaction.objects.filter(pk__in=places).order_by("-pk").values_list("pk", "received_at")
    return _Edge(*found[0]) if len(places) > 1 else None


def _next(edge: _Edge | None, wanted: Wanted) -> Place | None:
    """Behind the edge, unless everything there arrived too early."""
    if edge is None:
        return None
    is_past = wanted.received_from is not None and edge.received_at < wanted.received_from - LATE_AT_MOST
    return None if is_past else (edge.pk, 0)


def _with_postings(rows: QuerySet[Transaction]) -> QuerySet[Transaction]:
    whole = Posting.objects.select_related("connection").defer("booked", "traceback").order_by("pk")
    return rows.prefetch_related(Prefetch("postings", queryset=whole))
