"""An entry of our own ledger, read back line by line: the one set of books whose lines can always be told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from integrations.documents import Kind
from integrations.exact import to_json
from ledger.models import Entry, EntryLine
from ledger.services.previewing import told_of
from portal.postings.models import Posting
from portal.postings.preview.printing import pretty

# An amount in the document's currency is positive for a debit; the lines of a credit note, of what is sold, and of
# a refund are credits.
SIGN: Final = {Kind.CREDIT_NOTE: -1, Kind.SALES_INVOICE: -1, Kind.REFUND: -1}


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedLine:
    """What became of one line of a document. Codes and amounts as text; None: the entry does not tell."""

    account_code: str | None
    tax_code: str | None
    net: Decimal


def entry_of(posting: Posting) -> Entry | None:
    """The entry that a posting made in our ledger, with its party and books; None where there is none."""
    external_id = posting.external_id or ""
    if not external_id.isdecimal():
        return None
    rows = Entry.objects.select_related("books", "supplier", "customer")
    return rows.filter(pk=int(external_id), external_key=str(posting.idempotency_key)).first()


def entry_text(posting: Posting) -> str:
    """That entry with its lines as JSON that people can read; empty where there is none."""
    entry = entry_of(posting)
    return pretty(to_json(told_of(entry))) if entry else ""


def lines_of(posting: Posting) -> dict[int, BookedLine]:
    """The lines of that entry by the document's line number; without what the ledger adds (tax, debtors or creditors,
    rounding).

    A line that came to several is told with their sum; one without a net amount is told as it was kept.
    """
    entry = entry_of(posting)
    if entry is None:
        return {}
    kept = {
        each.document_line: BookedLine(
            account_code=each.account_code or None, tax_code=each.tax_code or None, net=each.net
        )
        for each in entry.memo_lines.order_by("position")
    }
    return kept | _booked(entry, SIGN.get(Kind(posting.kind), 1))


def _booked(entry: Entry, sign: int) -> dict[int, BookedLine]:
    rows = entry.lines.filter(document_line__isnull=False).select_related("account", "tax_code").order_by("position")
    by_line = defaultdict[int, list[EntryLine]](list)
    for row in rows:
        by_line[row.document_line or 0].append(row)
    return {number: _told(parts, sign) for number, parts in by_line.items()}


def _told(parts: list[EntryLine], sign: int) -> BookedLine:
    tax_code = parts[0].tax_code
    return BookedLine(
        account_code=parts[0].account.code,
        tax_code=tax_code.code if tax_code else None,
        net=sign * sum((part.document_amount for part in parts), Decimal(0)),
    )
