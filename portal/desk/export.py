"""The transaction list as CSV, streamed, and safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db.models import QuerySet

from portal.desk.selectors import with_postings
from portal.desk.words import system_name, told
from portal.notation import bare_amount, zone_of
from portal.postings.badges import badge_of
from portal.postings.models import Posting, Transaction
from portal.postings.which import posting_of
from portal.spreadsheet import BYTE_ORDER_MARK, csv_line, safe

BATCH: Final = 500
HEADINGS: Final = (
    "Received", "Time zone", "Company", "Kind", "Number", "Supplier", "Order number", "Supplier's reference",
    "Document date", "Currency", "Net", "Tax", "Gross", "State", "Reason", "Portal number", "Accounting system",
    "Accounting number", "Source was told", "External id",
)  # fmt: skip


def csv_lines(transactions: QuerySet[Transaction], *, oldest_first: bool) -> Iterator[str]:
    """The file line by line. No database cursor is held open while a slow reader takes its time."""
    yield BYTE_ORDER_MARK + csv_line(list(HEADINGS))
    for transaction in _in_batches(transactions, oldest_first=oldest_first):
        yield csv_line(_cells(transaction, posting_of(transaction)))


def _in_batches(transactions: QuerySet[Transaction], *, oldest_first: bool) -> Iterator[Transaction]:
    rows = with_postings(transactions).defer("content").order_by("pk" if oldest_first else "-pk")
    batch = list(rows[:BATCH])
    while batch:
        yield from batch
        last = batch[-1].pk
        batch = list(rows.filter(pk__gt=last)[:BATCH] if oldest_first else rows.filter(pk__lt=last)[:BATCH])


def _cells(transaction: Transaction, posting: Posting | None) -> list[str]:
    zone = zone_of(transaction.company.tenant.time_zone)
    texts = [
        f"{transaction.received_at.astimezone(zone):%Y-%m-%d %H:%M}",
        zone.key,
        transaction.company.name,
        transaction.get_kind_display(),
        transaction.source_number,
        transaction.supplier_name,
        transaction.order_number,
        transaction.supplier_reference,
        transaction.document_date.isoformat() if transaction.document_date else "",
        transaction.currency,
    ]
    given = (transaction.net, transaction.tax, transaction.gross)
    amounts = [bare_amount(amount, transaction.currency) for amount in given]
    return [*map(safe, texts), *amounts, *map(safe, _outcome(transaction, posting))]


def _outcome(transaction: Transaction, posting: Posting | None) -> list[str]:
    return [
        badge_of(posting.state).word if posting else "",
        posting.reason if posting else "",
        transaction.number,
        system_name(posting.connection) if posting else "",
        posting.external_number if posting else "",
        told(transaction, posting),
        transaction.external_id,
    ]
