"""What an entry settles, by what it is settled, and how much of it is open."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.documents import Kind
from ledger.admin.base import Table, figure, linked
from ledger.models import Entry, EntryAllocation
from ledger.services.dates import spoken
from ledger.services.journal import SCHEMES
from ledger.services.open_items import items_of

KINDS = frozenset(kind.value for kind in SCHEMES if kind.is_sale)


def open_shown(entry: Entry) -> SafeString | str:
    """What is left of a sale, a payment or a refund, with its currency; empty for everything else."""
    if entry.kind not in KINDS:
        return ""
    (item,) = items_of(Entry.objects.filter(pk=entry.pk))
    return format_html("{} {}", figure(item.open, zero="0.00"), entry.currency)


def allocation_sections(entry: Entry) -> list[dict[str, object]]:
    """A table of each side; only where there is something on it."""
    if entry.kind not in KINDS:
        return []
    to_others = entry.allocations.select_related("entry", "settled", "settled__reversal").order_by("position")
    from_others = entry.settlements.select_related("entry", "settled", "entry__reversal").order_by("entry_id")
    tables = {
        "Settles": _table([_row(one, one.settled) for one in to_others], entry),
        "Settled by": _table([_row(one, one.entry) for one in from_others], entry),
    }
    return [{"title": title, "table": table} for title, table in tables.items() if table.rows]


def _table(rows: list[tuple[object, ...]], entry: Entry) -> Table:
    return Table(("Entry", "Kind", "Document", "Date", f"Amount {entry.currency}", ""), rows, (4,))


def _row(one: EntryAllocation, other: Entry) -> tuple[object, ...]:
    """What is reversed counts no more; what a refund takes back of an invoice counts the other way."""
    is_back = Kind(one.entry.document_kind) is Kind.REFUND and Kind(one.settled.document_kind) is Kind.SALES_INVOICE
    said = "Reversed" if hasattr(other, "reversal") else "Taken back" if is_back else ""
    kind = other.get_kind_display()
    return linked(other), kind, other.document_number, spoken(other.date), figure(one.amount), said
