"""How far the payments and refunds of an accounting system have been read."""

from __future__ import annotations

from django.db import models

from portal.connections.models import Connection


class SettlementReader(models.Model):
    """Who asks one accounting connection for what was settled in it, again and again. The row is the queue.

    Each pass begins `overlap_seconds` before `read_through`, the latest moment of writing (aware UTC) that an earlier
    one has seen, and once a day a week before it: what was seen late is found then.
    """

    connection = models.OneToOneField(
        Connection, primary_key=True, on_delete=models.PROTECT, related_name="settlement_reader"
    )
    every_seconds = models.PositiveIntegerField(default=300)
    overlap_seconds = models.PositiveIntegerField(default=3600)
    read_through = models.DateTimeField(null=True, blank=True, help_text="Everything before it has been read.")
    wide_at = models.DateTimeField(null=True, blank=True, help_text="When a whole week was last read again.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When a pass last reached its end.")
    read = models.PositiveIntegerField(default=0, help_text="Payments and refunds in the latest pass.")
    taken = models.PositiveIntegerField(default=0, help_text="Those of them that went on their way back.")
    next_at = models.DateTimeField(help_text="When it is due.")
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True, help_text="Why the latest pass did not end.")
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = (models.Index(fields=("next_at",), name="settlement_reader_by_time"),)

    def __str__(self) -> str:
        return f"Settlements of {self.connection}"
