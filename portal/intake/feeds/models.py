"""How far feeds were read, and what is known of their records."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.connections.models import Connection

LONGEST_ID = 100
DELIVERY = "intake.Delivery"


class FeedReader(models.Model):
    """One way of reading one feed of a connection, again and again. The row is the queue.

    Its records are read in the order of their moments, page by page, in passes: each begins `overlap_seconds` before
    `read_through`, the latest moment (aware UTC) that the pass before had seen. A reader of what is `still_open` reads
    all of that in each pass instead. `since` and `after` say where a pass under way stands; whoever goes on begins
    there.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="feed_readers", db_index=False)
    feed = models.CharField(max_length=40)
    still_open = models.BooleanField(default=False)
    every_seconds = models.PositiveIntegerField(default=900)
    overlap_seconds = models.PositiveIntegerField(default=3600)
    read_through = models.DateTimeField(null=True, blank=True, help_text="Everything before it has been read.")
    since = models.DateTimeField(null=True, blank=True, help_text="Where the pass under way began. Empty: none is.")
    after = models.TextField(blank=True, help_text="Where the last page that was saved ended.")
    newest = models.DateTimeField(null=True, blank=True, help_text="The latest moment in the pass under way.")
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When a pass last reached its end.")
    pages = models.PositiveIntegerField(default=0, db_default=0, help_text="Pages in the latest pass.")
    read = models.PositiveIntegerField(default=0, help_text="Records in the latest pass.")
    taken = models.PositiveIntegerField(default=0, help_text="Those of them that were new or had changed.")
    unreadable = models.PositiveIntegerField(default=0, help_text="Rows of it that name no record.")
    next_at = models.DateTimeField(help_text="When it is due.")
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True, help_text="Why the latest pass did not end.")
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("connection", "feed", "still_open")
        constraints = (
            models.UniqueConstraint(fields=("connection", "feed", "still_open"), name="one_reader_per_feed_and_way"),
        )
        indexes = (models.Index(fields=("next_at",), name="feed_reader_by_time"),)

    def __str__(self) -> str:
        return f"{self.feed}{', still open' if self.still_open else ''}"


class FedRecord(models.Model):
    """One record of a feed as it was read last. `delivery` is the one that keeps it: only that one may be taken.

    Nobody sends it a second time: what cannot be taken now (nothing is linked, a code that cannot be read, an error of
    ours) is taken again by itself, ever more rarely.
    """

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="fed_records", db_index=False)
    feed = models.CharField(max_length=40)
    external_id = models.CharField(max_length=LONGEST_ID)
    content_hash = models.CharField(max_length=64)
    delivery = models.ForeignKey(DELIVERY, null=True, on_delete=models.SET_NULL, related_name="+")
    read_at = models.DateTimeField()
    again_at = models.DateTimeField(null=True, blank=True, help_text="When it is taken again: it could not be so far.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often it could not be taken.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("connection", "feed", "external_id"), name="one_row_per_record_of_a_feed"),
        )
        indexes = (
            models.Index(fields=("again_at",), condition=Q(again_at__isnull=False), name="fed_record_to_take_again"),
        )

    def __str__(self) -> str:
        return f"{self.feed} {self.external_id}"


class HintedRecord(models.Model):
    """A record that a webhook hinted at, until it was read. Hints at the same record are one; the row is the queue."""

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="hints", db_index=False)
    feed = models.CharField(max_length=40)
    external_id = models.CharField(max_length=LONGEST_ID)
    hinted_at = models.DateTimeField()
    is_gone = models.BooleanField(default=False, help_text="The source says that it was deleted.")
    next_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ("next_at",)
        constraints = (
            models.UniqueConstraint(fields=("connection", "feed", "external_id"), name="one_hint_per_record"),
            models.CheckConstraint(condition=~Q(external_id=""), name="a_hint_names_a_record"),
        )
        indexes = (models.Index(fields=("next_at",), name="hint_by_time"),)

    def __str__(self) -> str:
        return f"{self.feed} {self.external_id}"
