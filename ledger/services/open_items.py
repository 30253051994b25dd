"""How much of a customer's invoice, credit note, payment or refund is settled, and how much is open.

An allocation counts as long as neither of its entries is reversed. A refund that goes to an invoice counts against what
was settled: so much is open again. All amounts are in the entry's own currency; exchange differences are not computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from integrations.documents import Kind
from ledger.fields import MoneyField
from ledger.models import Books, Customer, Entry, EntryAllocation, EntryKind

ZERO: Final = Decimal("0.00")
# What documents of a kind may go to.
SETTLES: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.PAYMENT: frozenset({EntryKind.SALES_INVOICE.value}),
    Kind.SALES_CREDIT_NOTE: frozenset({EntryKind.SALES_INVOICE.value}),
    Kind.REFUND: frozenset({EntryKind.SALES_CREDIT_NOTE.value, EntryKind.PAYMENT.value, EntryKind.SALES_INVOICE.value}),
}
IS_TAKEN_BACK: Final = Q(entry__kind=EntryKind.REFUND, settled__kind=EntryKind.SALES_INVOICE)


@dataclass(frozen=True, slots=True)
class Item:
    """An entry with a customer. `settled` is what others settled of it and what it settles of others, together."""

    entry: Entry
    settled: Decimal
    is_reversed: bool

    @property
    def open(self) -> Decimal:
        """What is left of the gross amount; nothing of what is reversed."""
        return ZERO if self.is_reversed else self.entry.gross - self.settled

    def is_taken_back_by(self, kind: Kind) -> bool:
        """Whether a document of this kind takes back what was settled here, instead of settling."""
        return kind is Kind.REFUND and self.entry.kind == EntryKind.SALES_INVOICE

    def room_for(self, kind: Kind) -> Decimal:
        """The most that a document of this kind may settle of it, or take back."""
        return self.settled if self.is_taken_back_by(kind) else self.open


def items_of(entries: QuerySet[Entry]) -> list[Item]:
    """Entries with what is settled of each, in one query."""
    live = EntryAllocation.objects.filter(entry__reversal=None, settled__reversal=None).order_by()
    to_it = live.filter(settled=OuterRef("pk"))
    told = entries.annotate(
        given=_sum(live.filter(entry=OuterRef("pk")), "entry"),
        come=_sum(to_it.exclude(IS_TAKEN_BACK), "settled"),
        taken_back=_sum(to_it.filter(IS_TAKEN_BACK), "settled"),
        is_reversed=Exists(Entry.objects.filter(reverses=OuterRef("pk")).order_by()),
    )
    return [Item(entry, entry.given + entry.come - entry.taken_back, entry.is_reversed) for entry in told]


def items_for(books: Books, customer: Customer, kind: Kind) -> list[Item]:
    """What a payment or a refund of a customer may go to, in the base currency, the oldest first."""
    entries = Entry.objects.filter(
        books=books, customer=customer, kind__in=SETTLES[kind], currency=books.base_currency
    ).order_by("date", "pk")
    return [item for item in items_of(entries) if not item.is_reversed and item.room_for(kind) > 0]


def _sum(rows: QuerySet[EntryAllocation], by: str) -> Combinable:
    total = rows.values(by).annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(total), Value(ZERO), output_field=MoneyField())
