"""What settles what: a payment an invoice, a refund a credit note."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ledger.fields import MoneyField
from ledger.models.entries import Entry
from ledger.models.final import Final, FinalQuerySet


class EntryAllocation(Final):
    """A part of `entry` (a payment, a refund or a credit note) that goes to `settled`, of the same customer.

    `amount` is positive, in the currency of both. It counts as long as neither of the two is reversed. A refund that
    goes to an invoice takes back what was paid on it: so much of the invoice is open again.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="allocations", db_index=False)
    position = models.PositiveIntegerField()
    settled = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="settlements")
    amount = MoneyField()

    objects = FinalQuerySet.as_manager()

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("entry", "position"), name="allocation_position_once_per_entry"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="allocation_above_zero"),
            models.CheckConstraint(condition=~Q(entry=F("settled")), name="allocation_to_another_entry"),
        )

    def __str__(self) -> str:
        return f"{self.entry_id}/{self.position}"
