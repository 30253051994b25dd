"""What was settled in the books becomes transactions that go back, invoice by invoice, unless they came from there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from integrations.content import content_hash
from integrations.documents import Allocation, Document, Kind, Line, Settled
from portal.connections.models import Connection
from portal.postings.accept import Acceptance, accept
from portal.postings.destination import Destination
from portal.postings.models import Pair, Posting, Transaction
from portal.postings.states import State
from portal.settlements.routes import Route

LONGEST_ID = 100
ZERO = Decimal(0)


def take_back(settled: Settled, routes: Sequence[Route]) -> list[Acceptance]:
    """Take in what of a settlement goes to invoices that came from a source, as one transaction for each invoice.

    What we wrote there is left out, and so is what was found to be entered at the source already. Safe to repeat.
    Raises `ValueError` for an id that is longer than we keep.
    """
    books = routes[0].books if routes else None
    if books is None or settled.key or _is_ours(settled.document, books):
        return []
    if len(settled.document.external_id) > LONGEST_ID:
        raise ValueError(f"An external id has more than {LONGEST_ID} characters.")
    found = [_taken(document, route, settled) for route in routes for document in _documents(settled.document, route)]
    return [one for one in found if one is not None]


def _is_ours(document: Document, books: Connection) -> bool:
    """Whether a posting wrote it. One that somebody entered by hand, and a posting found, is told by its pairs."""
    same = Posting.objects.filter(connection=books, kind=document.kind, external_id=document.external_id)
    return same.exclude(pairs__is_adopted=True).exists()


def _taken(document: Document, route: Route, settled: Settled) -> Acceptance | None:
    """None where it is known as it is: seeing it again makes nothing due."""
    known = Transaction.objects.filter(
        company_id=route.books.company_id, source=document.source, kind=document.kind, identity=document.identity
    ).values_list("content_hash", flat=True)
    if content_hash(document) in known or (not known and _is_paired(document, route)):
        return None
    return accept(document, Destination.of(route.source), received_at=settled.written_at)


def _is_paired(document: Document, route: Route) -> bool:
    """Whether it was found to be a payment of the source, before it was read here."""
    return Pair.objects.filter(
        company_id=route.books.company_id, system=document.source, system_id=document.external_id, kind=document.kind,
        invoice=document.allocations[0].external_id, is_adopted=True,
    ).exists()  # fmt: skip


def _documents(document: Document, route: Route) -> Iterator[Document]:
    if document.kind not in route.kinds:
        return
    for invoice, amount in _of_the_source(document, route).items():
        yield _part(document, invoice, amount)


def _of_the_source(document: Document, route: Route) -> dict[Transaction, Decimal]:
    """The invoices of the source that it settles, with how much of each; what else it settles stays in the books."""
    amounts: dict[str, Decimal] = {}
    for one in document.allocations:
        if one.kind is Kind.SALES_INVOICE and one.posted_as:
            amounts[one.posted_as] = amounts.get(one.posted_as, ZERO) + one.amount
    rows = Posting.objects.select_related("transaction").filter(
        connection=route.books, kind=Kind.SALES_INVOICE, external_id__in=list(amounts), state=State.POSTED, kept=False,
        transaction__source=route.source.integration,
    )  # fmt: skip
    return {one.transaction: amounts[one.external_id or ""] for one in rows.order_by("pk")}


def _part(document: Document, invoice: Transaction, amount: Decimal) -> Document:
    """What of it goes to one invoice, in the words of the source: the invoice by its own id, the rest as recorded."""
    allocation = Allocation(
        kind=Kind.SALES_INVOICE, external_id=invoice.external_id, amount=amount, number=invoice.source_number
    )
    return replace(
        document,
        identity=f"{document.external_id}/{invoice.external_id}"[:200],
        net=amount,
        tax=ZERO,
        gross=amount,
        base_net=None,
        base_tax=None,
        base_gross=None,
        lines=(_line(document, amount),),
        allocations=(allocation,),
    )


def _line(document: Document, amount: Decimal) -> Line:
    """Where the money went or came from: the bank account, which the source's connection turns into a method."""
    first = document.lines[0] if document.lines else None
    return Line(
        number=1,
        description=first.description if first else document.kind.label,
        net=amount,
        tax=ZERO,
        gross=amount,
        account_code=first.account_code if first else None,
    )
