"""Book an invoice, a credit note, a payment or a refund."""

from __future__ import annotations

from typing import Final

from integrations.documents import Document, IdempotencyKey
from integrations.errors import Rejected
from ledger.models import Books, Entry, EntryKind, Series
from ledger.models.entries import LONGEST
from ledger.services.allocating import allocated
from ledger.services.amounts import Amounts, amounts_of
from ledger.services.dates import booking_date, check_open
from ledger.services.journal import SCHEMES, Journal, journal_of
from ledger.services.named import named_in
from ledger.services.parties import UnknownParties, choose, register_of
from ledger.services.writing import once, write_for

BOOKED_AS: Final = {kind: EntryKind(kind.value) for kind in SCHEMES}


def post_document(
    books: Books,
    document: Document,
    key: IdempotencyKey,
    reference: str,
    *,
    unknown: UnknownParties = UnknownParties.MAKE,
) -> Entry:
    """Book `document` and return its entry; for a key that is booked already, the entry that is there.

    `reference` is the portal's journal number. Debits and credits are in the books' base currency.

    Call it inside `atomic`: what the document settles is locked. A payment's tax codes are not looked at. Exchange
    differences are not computed: a payment is booked at its own base amounts, and what is open is told in the
    document's currency.

    Raises `Rejected` (a code, amount, date, party or allocation that cannot be booked) or `Misconfigured` (no code at
    all, and no default), with one sentence and the field; then nothing is written and no number is used.
    """
    if document.kind not in BOOKED_AS:
        raise Rejected(f"The ledger does not book documents of the kind {document.kind.label}.", field="kind")
    return once(books, key.value, lambda: _write(books, document, key, reference, unknown))


def _write(
    books: Books, document: Document, key: IdempotencyKey, reference: str, unknown: UnknownParties
) -> Entry | None:
    day = booking_date(document)
    check_open(books, day)
    amounts = amounts_of(document, books.base_currency)
    named = named_in(books, document)
    journal = journal_of(document, amounts, named.coding)
    entry = blank_entry(books, document, key.value, reference)
    party = choose(books, register_of(document.kind), document.party, named.parties, unknown)
    entry.kind, entry.series, entry.date = BOOKED_AS[document.kind], Series.JOURNAL, day
    _set_amounts(entry, amounts, journal)
    allocations = allocated(books, document, party)
    return write_for(party, entry, journal.lines, journal.memo_lines, allocations)


def blank_entry(books: Books, document: Document, key: str, reference: str) -> Entry:
    """An unsaved entry with the document's own words; kind, series, date, party and amounts are still to be set.

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
        due_date=document.due_date,
        description=document.title,
        currency=document.currency,
    )


def _set_amounts(entry: Entry, amounts: Amounts, journal: Journal) -> None:
    entry.net, entry.tax, entry.gross = amounts.document.net, amounts.document.tax, amounts.document.gross
    entry.base_net, entry.base_tax, entry.base_gross = amounts.base.net, amounts.base.tax, amounts.base.gross
    entry.total = journal.total
