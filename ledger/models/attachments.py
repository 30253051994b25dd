"""Files that belong to entries, such as the supplier's invoice as PDF."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from ledger.models.entries import Entry

LONGEST_FILE_NAME = 255


class Attachment(models.Model):
    """One file of one entry, with its bytes. Written by `ledger.services.attaching` alone; a name comes once."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="attachments", db_index=False)
    name = models.CharField(max_length=LONGEST_FILE_NAME)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    attached_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("entry", "name"), name="attachment_name_once_per_entry"),)

    def __str__(self) -> str:
        return self.name
