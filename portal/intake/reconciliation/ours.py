"""What we hold of the transactions that a source lists, by index and in batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet

from integrations.documents import Kind
from integrations.standing import Standing
from portal.connections.models import Connection, Endpoint, Side
from portal.connections.registry import source
from portal.connections.services import abilities, accounting_connection
from portal.postings.models import Posting, Transaction
from portal.postings.states import UNDER_WAY, State

# What was refused, or sent back and never sent again, is in no books: nothing has to be reversed for it.
MATTERS: Final = frozenset({State.POSTED, State.REJECTED, State.HELD}) | UNDER_WAY


def kinds_to_receive(connection: Connection) -> frozenset[Kind | None]:
    """The kinds that have an open endpoint and that the company's system takes or keeps: what else comes is refused,
    so it is not missed. None, a type that nobody knows, is among them where one endpoint takes all kinds."""
    open_ones = set(Endpoint.objects.filter(connection=connection, is_active=True).values_list("kind", flat=True))
    sends = source(connection.integration).kinds
    wanted = sends if "" in open_ones else sends & frozenset(Kind(kind) for kind in open_ones)
    linked = accounting_connection(connection.company)
    if linked is not None:
        kept = {Kind(kind) for kind in linked.kept_kinds}
        wanted &= abilities(linked).kinds | kept
    return wanted | ({None} if "" in open_ones else set())


def endpoint_for(connection: Connection, kind: str) -> Endpoint | None:
    """The open endpoint of this kind, else the one for all kinds. `kind` is empty for a type that nobody knows."""
    found = Endpoint.objects.filter(connection=connection, is_active=True, kind__in=[kind, ""])
    return found.order_by("-kind", "created_at").first()


def held(connection: Connection, rows: Iterable[Standing]) -> frozenset[tuple[str, bool]]:
    """The external ids that we hold, each with whether as a receipt, which has no id of its own but its order's."""
    found = of(connection, [one.external_id for one in rows]).values_list("external_id", "kind")
    return frozenset((external_id, kind == Kind.RECEIPT) for external_id, kind in found)


def is_held(one: Standing, ours: frozenset[tuple[str, bool]]) -> bool:
    """Whether this one is among them."""
    kinds = (True, False) if one.kind is None else (one.kind is Kind.RECEIPT,)
    return any((one.external_id, is_receipt) in ours for is_receipt in kinds)


def booked_or_under_way(connection: Connection, external_ids: Sequence[str]) -> QuerySet[Transaction]:
    """Our transactions with these ids that are in the books, on their way there, or before a person."""
    alive = Posting.objects.filter(
        transaction=OuterRef("pk"), connection__side=Side.ACCOUNTING, state__in=[state.value for state in MATTERS]
    )
    return of(connection, external_ids).filter(Exists(alive)).order_by("pk")


def of(connection: Connection, external_ids: Sequence[str]) -> QuerySet[Transaction]:
    """Our transactions from this source with these ids."""
    whose = {"company_id": connection.company_id, "source": connection.integration}
    return Transaction.objects.filter(**whose, external_id__in=list(external_ids))
