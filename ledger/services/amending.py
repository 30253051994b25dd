"""Change the order number or the due date of a posted sales invoice, and tell what was changed; no amount moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from django.db.models import Q, QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.amendments import DUE_DATE, ORDER_NUMBER, Amended, Amendment
from integrations.documents import Kind
from integrations.errors import Missing, Rejected, Retryable
from ledger.models import Books, Entry, EntryChange
from ledger.models.changes import LONGEST_WHO
from ledger.models.entries import LONGEST
from ledger.services.allocating import lock_entries
from ledger.services.attaching import entry_of

PAGE: Final = 500
REVERSED: Final = "{number} was reversed; nothing of it is changed any more."
MEANWHILE: Final = "{number} was changed in the ledger a moment ago."


def invoice_of(books: Books, external_id: str) -> Entry:
    """A sales invoice that stands. Raises `Missing` where there is none, or it was reversed."""
    try:
        entry = entry_of(books, Kind.SALES_INVOICE, external_id)
    except Rejected as error:
        raise Missing(error.message, field=error.field) from error
    if Entry.objects.filter(reverses=entry).exists():
        raise Missing(REVERSED.format(number=entry.number), field="external_id")
    return entry


def terms_of(books: Books, external_id: str) -> Amended:
    """Its order number and due date as they stand. Raises `Missing`."""
    entry = invoice_of(books, external_id)
    last = entry.changes.order_by("-id").first()
    return _told(entry, last.changed_at if last else entry.posted_at)


@atomic
def amend(
    books: Books, external_id: str, wanted: Amendment, *, who: str, why: str, before: Amended | None = None
) -> Entry:
    """Change what `wanted` names of a sales invoice; what stands so already stays, without a row.

    Raises `Missing`, `Rejected` for an order number that is too long or a change without a reason, and `Retryable`
    where `before` does not stand there any more.
    """
    lock_entries([invoice_of(books, external_id).pk])
    entry = invoice_of(books, external_id)  # as it is now that nobody else may change it
    if before is not None and (before.order_number, before.due_date) != (entry.order_number, entry.due_date):
        raise Retryable(MEANWHILE.format(number=entry.number), free=True)
    order_number = entry.order_number if wanted.order_number is None else wanted.order_number.strip()
    due_date = entry.due_date if wanted.due_date is None else wanted.due_date
    _check(order_number, why)
    if (order_number, due_date) != (entry.order_number, entry.due_date):
        _change(entry, order_number, due_date, who, why)
    return entry


def amended_since(books: Books, since: datetime) -> Iterator[Amended]:
    """Every sales invoice that stands and was changed at or after `since` (aware UTC), the longest ago first, as it is
    now; one that was changed twice comes twice. Pages of 500 by the index of the moments."""
    rows = EntryChange.objects.filter(entry__books=books, changed_at__gte=since, entry__reversal=None)
    page = _page(rows)
    while page:
        yield from (_told(one.entry, one.changed_at) for one in page)
        last = page[-1]
        page = _page(rows.filter(Q(changed_at__gt=last.changed_at) | Q(changed_at=last.changed_at, pk__gt=last.pk)))


def _page(rows: QuerySet[EntryChange]) -> list[EntryChange]:
    return list(rows.select_related("entry").order_by("changed_at", "pk")[:PAGE])


def _told(entry: Entry, changed_at: datetime) -> Amended:
    return Amended(
        external_id=str(entry.pk), changed_at=changed_at, order_number=entry.order_number, due_date=entry.due_date
    )


def _check(order_number: str, why: str) -> None:
    if len(order_number) > LONGEST:
        raise Rejected(f"An order number has at most {LONGEST} characters in the ledger.", field=ORDER_NUMBER)
    if not why.strip():
        raise Rejected("A change of a posted invoice needs a reason.", field="why")


def _change(entry: Entry, order_number: str, due_date: date | None, who: str, why: str) -> None:
    """The row first: the database lets only such a change through as it tells."""
    EntryChange.objects.create(
        entry=entry,
        order_number_before=entry.order_number,
        order_number=order_number,
        due_date_before=entry.due_date,
        due_date=due_date,
        who=who[:LONGEST_WHO],
        why=why.strip(),
        changed_at=timezone.now(),
    )
    values = {ORDER_NUMBER: order_number, DUE_DATE: due_date}
    # Past the manager that refuses every change: this is the only one that there is.
    QuerySet(Entry).filter(pk=entry.pk).update(**values)
    entry.order_number, entry.due_date = order_number, due_date
