"""What was changed of a posted sales invoice afterwards: its order number and its due date, nothing else."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.models.entries import LONGEST, Entry
from ledger.models.final import Final, FinalQuerySet

LONGEST_WHO = 200


class EntryChange(Final):
    """One change of a posted sales invoice, with the values before and after it. Both stand there, changed or not.

    PostgreSQL lets a change of the entry through only where it is the latest of these rows (migration `0005_changes`).
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="changes")
    order_number_before = models.CharField(max_length=LONGEST, blank=True)
    order_number = models.CharField(max_length=LONGEST, blank=True)
    due_date_before = models.DateField(null=True, blank=True)
    due_date = models.DateField(null=True, blank=True)
    who = models.CharField(max_length=LONGEST_WHO, help_text=_("A person's name in the staff site, or the portal."))
    why = models.TextField()
    changed_at = models.DateTimeField(db_index=True)

    objects = FinalQuerySet.as_manager()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.entry_id}, {self.changed_at:%Y-%m-%d %H:%M}"
