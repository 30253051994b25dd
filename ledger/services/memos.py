"""Keep a document as a numbered memo entry, which books no money."""

from __future__ import annotations

from decimal import Decimal

from integrations.documents import Document, IdempotencyKey
from ledger.models import Books, Entry, EntryKind, Series
from ledger.services.amounts import check_storable
from ledger.services.dates import booking_date
from ledger.services.journal import memo_lines_of
from ledger.services.parties import UnknownParties, choose, parties_called, register_of
from ledger.services.posting import blank_entry
from ledger.services.writing import once, write_for


def keep_memo(
    books: Books,
    document: Document,
    key: IdempotencyKey,
    reference: str,
    *,
    unknown: UnknownParties = UnknownParties.MAKE,
) -> Entry:
    """Keep a document of any kind as a memo (MEM-000001) and return it; for a key that is kept already, what is there.

    For purchase orders and receipts, which book no money, and for kinds that a company's own accounting system cannot
    take. The document's lines become memo lines with their codes unchecked; no balance sees them. A closed period does
    not matter. Raises `Rejected` for a date, party or amount that cannot be kept.
    """
    return once(books, key.value, lambda: _write(books, document, key, reference, unknown))


def _write(
    books: Books, document: Document, key: IdempotencyKey, reference: str, unknown: UnknownParties
) -> Entry | None:
    check_storable(document)
    entry = blank_entry(books, document, key.value, reference)
    entry.kind, entry.series, entry.date = EntryKind.MEMO, Series.MEMO, booking_date(document)
    register = register_of(document.kind)
    found = parties_called(books, register, document.party)
    party = choose(books, register, document.party, found, unknown)
    entry.net, entry.tax, entry.gross = document.net, document.tax, document.gross
    entry.base_net, entry.base_tax, entry.base_gross = document.base_net, document.base_tax, document.base_gross
    entry.total = Decimal(0)
    return write_for(party, entry, [], memo_lines_of(document, document.lines))
