"""Book an invoice or a credit note."""

from __future__ import annotations

from integrations.documents import Document, IdempotencyKey, Kind
from integrations.errors import Rejected
from ledger.models import Books, Entry, EntryKind, Series
from ledger.models.entries import LONGEST
from ledger.services.amounts import Amounts, amounts_of
from ledger.services.dates import booking_date, check_open
from ledger.services.journal import Journal, journal_of
from ledger.services.named import named_in
from ledger.services.suppliers import UnknownSuppliers, choose
from ledger.services.writing import once, write_for

BOOKED_AS = {Kind.INVOICE: EntryKind.INVOICE, Kind.CREDIT_NOTE: EntryKind.CREDIT_NOTE}


def post_document(
    books: Books,
    document: Document,
    key: IdempotencyKey,
    reference: str,
    *,
    unknown_suppliers: UnknownSuppliers = UnknownSuppliers.MAKE,
) -> Entry:
    """Book `document` and return its entry; for a key that is booked already, the entry that is there.

    `reference` is the portal's journal number. Debits and credits are in the books' base currency.

    Raises `Rejected` (a code, amount, date or supplier that cannot be booked) or `Misconfigured` (no code at all, and
    no default), with one sentence and the field; then nothing is written and no number is used.
    """
    if document.kind not in BOOKED_AS:
        raise Rejected(f"The ledger does not book documents of the kind {document.kind.label}.", field="kind")
    return once(books, key.value, lambda: _write(books, document, key, reference, unknown_suppliers))


def _write(
    books: Books, document: Document, key: IdempotencyKey, reference: str, unknown: UnknownSuppliers
) -> Entry | None:
    day = booking_date(document)
    check_open(books, day)
    amounts = amounts_of(document, books.base_currency)
    named = named_in(books, document)
    journal = journal_of(document, amounts, named.coding)
    entry = blank_entry(books, document, key.value, reference)
    supplier = choose(books, document.party, named.suppliers, unknown)
    entry.kind, entry.series, entry.date = BOOKED_AS[document.kind], Series.JOURNAL, day
    _set_amounts(entry, amounts, journal)
    return write_for(supplier, entry, journal.lines, journal.memo_lines)


def blank_entry(books: Books, document: Document, key: str, reference: str) -> Entry:
    """An unsaved entry with the document's own words; kind, series, date, supplier and amounts are still to be set.

    Raises `Rejected` for a number that is longer than the books keep.
    """
    for field in ("number", "order_number", "supplier_reference"):
        if len(getattr(document, field)) > LONGEST:
            raise Rejected(
                f"The document's {field.replace('_', ' ')} is longer than {LONGEST} characters.", field=field
            )
    return Entry(
        books=books,
        document_kind=document.kind,
        external_key=key,
        reference=reference,
        document_number=document.number,
        order_number=document.order_number,
        supplier_reference=document.supplier_reference,
        description=document.title,
        currency=document.currency,
    )


def _set_amounts(entry: Entry, amounts: Amounts, journal: Journal) -> None:
    entry.net, entry.tax, entry.gross = amounts.document.net, amounts.document.tax, amounts.document.gross
    entry.base_net, entry.base_tax, entry.base_gross = amounts.base.net, amounts.base.tax, amounts.base.gross
    entry.total = journal.total
