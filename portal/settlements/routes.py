"""Which accounting connections are asked for payments, and where these go back to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from integrations.documents import Kind
from portal.connections.models import Connection, Side, Status
from portal.connections.registry import accounting_systems, sources
from portal.connections.services import abilities

MONEY = frozenset({Kind.PAYMENT, Kind.REFUND})


@dataclass(frozen=True, slots=True)
class Route:
    """From one company's books to one source of its invoices. `kinds` are those that the source takes."""

    books: Connection
    source: Connection
    kinds: frozenset[Kind]


def telling(now: datetime, *, prefix: str = "") -> Q:
    """Which connections may be asked at `now` (aware UTC): linked, in use, of a company that is live, to a system that
    tells what was settled. `prefix` leads from the rows that are filtered to their connection."""
    conditions = {
        "side": Side.ACCOUNTING,
        "status": Status.LINKED,
        "paused": False,
        "integration__in": [slug for slug, one in accounting_systems().items() if one.can.tells_settlements],
        "company__live_at__lte": now,
    }
    open_still = Q(**{f"{prefix}company__closed_at__isnull": True}) | Q(**{f"{prefix}company__closed_at__gt": now})
    return Q(**{prefix + name: value for name, value in conditions.items()}) & open_still


def asked(now: datetime) -> list[Connection]:
    """All connections that have a route at `now`."""
    taking = [slug for slug, one in sources().items() if MONEY & one.can.kinds]
    linked = Connection.objects.filter(side=Side.SOURCE, status=Status.LINKED, integration__in=taking)
    rows = Connection.objects.select_related("company").filter(telling(now), company__in=linked.values("company_id"))
    return [one for one in rows if routes(one)]


def routes(books: Connection) -> tuple[Route, ...]:
    """Where payments that are recorded in these books go: the linked sources that take them now."""
    if not abilities(books).tells_settlements:
        return ()
    return tuple(_routes(books))


def _routes(books: Connection) -> Iterator[Route]:
    rows = Connection.objects.select_related("company").filter(
        company_id=books.company_id, side=Side.SOURCE, status=Status.LINKED
    )
    for source in rows.order_by("created_at"):
        if kinds := abilities(source).kinds & MONEY:
            yield Route(books, source, frozenset(kinds))
