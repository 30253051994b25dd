"""Runs of the reconciliation, what they listed, and the differences that they found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection


class RunState(models.TextChoices):
    """Where a run stands."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    FINISHED = "finished", _("Finished")
    UNREAD = "unread", _("Could not be read")
    FAILED = "failed", _("Failed on our side")
    ABANDONED = "abandoned", _("Abandoned")


OPEN_RUNS = [RunState.WAITING, RunState.RUNNING]
NO_GOOD = [RunState.UNREAD, RunState.FAILED, RunState.ABANDONED]


class ReconciliationRun(models.Model):
    """One comparison of one connection. The row is the queue, and its lease: one open run per connection.

    `since` and `until` bound the postings that are looked for. The counts are of keys: `compared` is what was judged,
    `left` what was under way or too fresh and waits for the next run, `known` what somebody has dismissed before.
    `read` counts the rows of the listing, and moves while it is read.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="reconciliations")
    state = models.CharField(max_length=20, choices=RunState.choices, default=RunState.WAITING)
    since = models.DateTimeField()
    until = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who asked for it; empty: the schedule.",
    )
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    read = models.PositiveIntegerField(default=0)
    compared = models.PositiveIntegerField(default=0)
    agreeing = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    extra = models.PositiveIntegerField(default=0)
    double = models.PositiveIntegerField(default=0)
    different = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)
    resolved = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, help_text="Why it did not finish, in one plain sentence.")

    class Meta:
        app_label = "postings"
        ordering = ("-id",)
        permissions = (("start_reconciliation", "Can start a reconciliation"),)
        constraints = (
            models.UniqueConstraint(
                fields=("connection",), condition=Q(state__in=OPEN_RUNS), name="one_open_run_per_connection"
            ),
            models.CheckConstraint(
                condition=Q(state=RunState.RUNNING, lease_token__isnull=False, lease_until__isnull=False)
                | (~Q(state=RunState.RUNNING) & Q(lease_token__isnull=True, lease_until__isnull=True)),
                name="a_run_is_leased_while_it_runs",
            ),
        )
        indexes = (models.Index(fields=("connection", "state", "ended_at"), name="run_by_connection"),)

    def __str__(self) -> str:
        return f"{self.connection}, {self.asked_at:%Y-%m-%d %H:%M}"


class ListedDocument(models.Model):
    """One document of a listing, kept for as long as its run compares. `told` is what was said of it, as text."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ReconciliationRun, on_delete=models.CASCADE, related_name="listed")
    key = models.UUIDField()
    external_id = models.CharField(max_length=200)
    told = models.JSONField(default=dict)

    class Meta:
        app_label = "postings"
        constraints = (models.UniqueConstraint(fields=("run", "key", "external_id"), name="a_document_is_listed_once"),)

    def __str__(self) -> str:
        return f"{self.key}: {self.external_id}"


class DifferenceKind(models.TextChoices):
    """What differs."""

    MISSING = "missing", _("Missing: we say posted, they do not have it")
    EXTRA = "extra", _("Extra: they have it, we do not say posted")
    DOUBLE = "double", _("Double: they have it more than once")
    DIFFERENT = "different", _("Different: it is not what was booked")


class DifferenceState(models.TextChoices):
    """What became of a difference."""

    OPEN = "open", _("Open")
    RESOLVED = "resolved", _("Resolved")
    DISMISSED = "dismissed", _("Dismissed")


class Difference(models.Model):
    """One thing on which the accounting system and we do not agree. At most one is open per connection, kind and key.

    `details` are rows of [field, ours, theirs], `documents` what stands there. A dismissed one stays: as long as the
    details are the same, it is no alarm again.
    """

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="differences")
    posting = models.ForeignKey(
        "postings.Posting", null=True, blank=True, on_delete=models.PROTECT, related_name="reconciled_differences"
    )
    kind = models.CharField(max_length=20, choices=DifferenceKind.choices)
    key = models.UUIDField(help_text="The idempotency key of the posting, as it stands on the document there.")
    state = models.CharField(max_length=20, choices=DifferenceState.choices, default=DifferenceState.OPEN)
    details = models.JSONField(default=list, help_text="[field, ours, theirs].")
    documents = models.JSONField(default=list, help_text="What the accounting system tells of its documents.")
    first_run = models.ForeignKey(ReconciliationRun, null=True, on_delete=models.SET_NULL, related_name="found")
    last_run = models.ForeignKey(ReconciliationRun, null=True, on_delete=models.SET_NULL, related_name="seen")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who closed it; empty: a run.",
    )
    closed_why = models.TextField(blank=True)

    class Meta:
        app_label = "postings"
        ordering = ("-id",)
        permissions = (("settle_difference", "Can settle a difference"),)
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "kind", "key"),
                condition=Q(state=DifferenceState.OPEN),
                name="one_open_difference_per_thing",
            ),
            models.CheckConstraint(
                condition=Q(state=DifferenceState.OPEN, closed_at__isnull=True)
                | (~Q(state=DifferenceState.OPEN) & Q(closed_at__isnull=False)),
                name="a_difference_is_closed_or_open",
            ),
        )
        indexes = (
            models.Index(fields=("-id",), condition=Q(state=DifferenceState.OPEN), name="difference_open"),
            models.Index(fields=("connection", "key"), name="difference_by_key"),
            models.Index(fields=("state", "-id"), name="difference_by_state"),
        )

    def __str__(self) -> str:
        return f"{self._named()}: {self.get_kind_display().partition(':')[0].lower()}"

    def _named(self) -> str:
        """The portal's number, or theirs where no posting is known."""
        if self.posting is not None:
            return self.posting.transaction.number
        document = self.documents[0] if self.documents else {}
        return str(document.get("number") or document.get("external_id") or self.key)
