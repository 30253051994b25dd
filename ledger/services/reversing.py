"""Undo an entry by its mirror image."""

from __future__ import annotations

from datetime import date

from django.db.transaction import atomic

from integrations.errors import Rejected
from ledger.models import Entry, EntryKind, EntryLine, Series
from ledger.services.allocating import lock_entries
from ledger.services.dates import check_open, spoken
from ledger.services.writing import once, write_entry


@atomic
def reverse(entry: Entry, reason: str, day: date) -> Entry:
    """Book the mirror image of `entry` on `day`: together they net to zero, and both stay in the books.

    What a reversed entry settled is open again; what had settled it is free for something else.

    Raises `Rejected` without a reason, for a memo, for a reversal, for an entry that is reversed already, and for a day
    in a closed period or before the entry's own.
    """
    if entry.customer_id is not None:
        lock_entries([entry.pk])
    _check_reversible(entry, reason)
    if day < entry.date:
        raise Rejected(f"{entry.number} is dated {spoken(entry.date)}; a reversal cannot be earlier.", field="date")
    check_open(entry.books, day)
    return once(entry.books, f"reversal of {entry.number}", lambda: _write(entry, reason, day))


def _check_reversible(entry: Entry, reason: str) -> None:
    if not reason.strip():
        raise Rejected("A reversal needs a reason.", field="reason")
    if entry.kind == EntryKind.MEMO:
        raise Rejected(f"{entry.number} is a memo and books no money; there is nothing to reverse.", field="entry")
    if entry.kind == EntryKind.REVERSAL:
        raise Rejected(f"{entry.number} is a reversal itself; post the document again instead.", field="entry")
    done = Entry.objects.filter(reverses=entry).first()
    if done is not None:
        raise Rejected(f"{entry.number} was reversed already by {done.number}.", field="entry")


def _write(entry: Entry, reason: str, day: date) -> Entry | None:
    mirror = Entry(
        books=entry.books,
        kind=EntryKind.REVERSAL,
        series=Series.JOURNAL,
        document_kind=entry.document_kind,
        date=day,
        supplier=entry.supplier,
        customer=entry.customer,
        external_key=f"reversal of {entry.number}",
        reference=entry.reference,
        document_number=entry.document_number,
        order_number=entry.order_number,
        supplier_reference=entry.supplier_reference,
        description=reason.strip(),
        currency=entry.currency,
        total=entry.total,
        reverses=entry,
    )
    for name in ("net", "tax", "gross", "base_net", "base_tax", "base_gross"):
        setattr(mirror, name, -getattr(entry, name))
    return write_entry(mirror, [_mirrored(line) for line in entry.lines.order_by("position")], [])


def _mirrored(line: EntryLine) -> EntryLine:
    return EntryLine(
        position=line.position,
        account_id=line.account_id,
        tax_code_id=line.tax_code_id,
        description=line.description,
        debit=line.credit,
        credit=line.debit,
        document_amount=-line.document_amount,
        document_line=line.document_line,
        analysis=line.analysis,
    )
