"""Tell customers' payments and refunds, whoever wrote them: all since a moment, newest numbers first and without a scan
of older ones, or those of some invoices."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Prefetch

from integrations import documents
from integrations.documents import Allocation, Document, Kind, Line, Settled
from ledger.models import Books, Entry, EntryAllocation, EntryKind, EntryLine, Series
from ledger.services.allocating import is_entry_id, lock_entries
from ledger.services.by_hand import SOURCE
from ledger.services.listing import pages_since
from ledger.services.open_items import items_of
from ledger.services.parties import CUSTOMER_TEXTS

ZERO = Decimal("0.00")
TOLD = (EntryKind.PAYMENT.value, EntryKind.REFUND.value)


def settled_since(books: Books, since: datetime) -> Iterator[Settled]:
    """Every payment and refund posted at or after `since` (aware UTC) that is not reversed; what it settles without
    what is reversed."""
    for page in pages_since(books, Series.JOURNAL, since):
        pks = [entry.pk for entry in page if entry.kind in TOLD and entry.posted_at >= since]
        if pks:
            yield from (_settled(entry, books) for entry in _standing(pks))


def settled_of(books: Books, entry_ids: Collection[str]) -> list[Settled]:
    """Every payment and refund that goes to one of these entries (their ids as text) and is not reversed.

    Inside of a transaction the entries are locked, so that nobody settles them before it ends.
    """
    pks = _ids(entry_ids)
    if connection.in_atomic_block:
        lock_entries(pks)
    allocations = EntryAllocation.objects.filter(settled__in=pks, settled__books=books, settled__reversal=None)
    found = sorted(set(allocations.filter(entry__kind__in=TOLD).values_list("entry_id", flat=True)))
    return [_settled(entry, books) for entry in _standing(found)]


def room_of(books: Books, entry_ids: Collection[str], kind: Kind) -> dict[str, Decimal]:
    """The most that a document of this kind may settle of each of these entries, or take back, by the entry's id."""
    entries = Entry.objects.filter(books=books, pk__in=_ids(entry_ids)).select_related("supplier", "customer")
    return {str(item.entry.pk): item.room_for(kind) for item in items_of(entries)}


def _ids(entry_ids: Collection[str]) -> list[int]:
    return sorted({int(one) for one in entry_ids if is_entry_id(one)})


def _standing(pks: list[int]) -> list[Entry]:
    """With all that is told of them, in three queries however many there are."""
    allocations = EntryAllocation.objects.filter(settled__reversal=None).select_related("settled")
    lines = EntryLine.objects.filter(document_line__isnull=False).select_related("account")
    rows = Entry.objects.filter(pk__in=pks, reversal=None).select_related("customer").order_by("-sequence")
    parts = (Prefetch("allocations", allocations.order_by("position")), Prefetch("lines", lines.order_by("position")))
    return list(rows.prefetch_related(*parts))


def _settled(entry: Entry, books: Books) -> Settled:
    key = "" if entry.is_by_hand else entry.external_key
    return Settled(document=_document(entry, books), written_at=entry.posted_at, key=key)


def _document(entry: Entry, books: Books) -> Document:
    return Document(
        kind=Kind(entry.document_kind),
        source=SOURCE,
        external_id=str(entry.pk),
        identity=str(entry.pk),
        number=entry.number,
        party=_customer(entry),
        currency=entry.currency,
        base_currency=books.base_currency,
        net=entry.net,
        tax=entry.tax,
        gross=entry.gross,
        base_net=entry.base_net,
        base_tax=entry.base_tax,
        base_gross=entry.base_gross,
        lines=tuple(_line(line, entry) for line in entry.lines.all()),
        title=entry.description,
        date=entry.date,
        created_at=entry.posted_at,
        allocations=tuple(map(_allocation, entry.allocations.all())),
    )


def _customer(entry: Entry) -> documents.Customer:
    texts = {name: getattr(entry.customer, name) for name in CUSTOMER_TEXTS}
    return documents.Customer(code=entry.party.code, name=entry.party.name, **texts)


def _line(line: EntryLine, entry: Entry) -> Line:
    """A refund's line is a credit of the bank account, a payment's a debit."""
    sign = -1 if entry.kind == EntryKind.REFUND else 1
    amount, base = sign * line.document_amount, sign * (line.debit - line.credit)
    return Line(
        number=line.document_line or line.position,
        description=line.description,
        net=amount,
        tax=ZERO,
        gross=amount,
        account_code=line.account.code,
        base_net=base,
        base_tax=ZERO,
    )


def _allocation(one: EntryAllocation) -> Allocation:
    return Allocation(
        kind=Kind(one.settled.document_kind),
        external_id=str(one.settled_id),
        amount=one.amount,
        number=one.settled.document_number or one.settled.number,
        posted_as=str(one.settled_id),
    )
