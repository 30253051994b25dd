"""Every run that read an accounting system, and what it found changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection
from portal.reference.sync.models.records import KIND_CHOICES
from portal.tenants.models import Company


class SyncState(models.TextChoices):
    """Where a run stands, in the words of Codat's dataset states."""

    QUEUED = "Queued", _("Queued")
    FETCHING = "Fetching", _("Fetching from the accounting system")
    VALIDATION_QUEUED = "ValidationQueued", _("Waiting for confirmation")
    PROCESSING_QUEUED = "ProcessingQueued", _("Waiting to go on")
    PROCESSING = "Processing", _("Sending to the source")
    COMPLETE = "Complete", _("Complete")
    FETCH_ERROR = "FetchError", _("The accounting system could not be read")
    PROCESSING_ERROR = "ProcessingError", _("The source could not be written")
    AUTH_ERROR = "AuthError", _("Credentials were not accepted")
    PREREQUISITE_NOT_MET = "PrerequisiteNotMet", _("Something has to be linked or set up first")
    RATE_LIMIT_ERROR = "RateLimitError", _("The vendor's limit was used up for too long")
    INTERNAL_ERROR = "InternalError", _("Failed on our side")
    CANCELLED = "Cancelled", _("Cancelled")


OPEN_STATES = [
    SyncState.QUEUED,
    SyncState.FETCHING,
    SyncState.VALIDATION_QUEUED,
    SyncState.PROCESSING_QUEUED,
    SyncState.PROCESSING,
]
LEASED_STATES = [SyncState.FETCHING, SyncState.PROCESSING]


class SyncRun(models.Model):
    """One pass of one kind of reference data, from the accounting system to the source. The row is the queue.

    `done` of `total` rows counts the stage that runs now; `total` is null where nobody knows it yet. The counts are of
    rows: `added`, `changed`, `removed` and `unchanged` against what was known before, `sent` and `deleted` what went to
    the source, `refused` what it does not take; `calls` are requests to the source. `guard` says what waits for
    confirmation: [{"dimension", "before", "after"}].
    """

    id = models.BigAutoField(primary_key=True)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="sync_runs", db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="sync_runs", db_index=False)
    source = models.ForeignKey(
        Connection,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Where it goes; empty: it is read and goes nowhere.",
    )
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    state = models.CharField(max_length=20, choices=SyncState.choices, default=SyncState.QUEUED)
    is_full = models.BooleanField(default=False, help_text="Everything is sent again, changed or not.")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="Who asked for it; empty: the schedule.",
    )
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0, help_text="How often it broke off or died.")
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    dimension = models.CharField(max_length=200, blank=True, help_text="The dimension that is sent now.")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True, blank=True)
    read = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    guard = models.JSONField(default=list)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    message = models.TextField(blank=True, help_text="Why it stands where it stands, in one plain sentence.")

    class Meta:
        app_label = "reference"
        ordering = ("-id",)
        permissions = (
            ("start_sync", "Can start a sync"),
            ("confirm_sync", "Can confirm or discard what a sync would remove"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "kind"), condition=Q(state__in=OPEN_STATES), name="one_open_sync_per_kind"
            ),
            models.CheckConstraint(
                condition=Q(state__in=LEASED_STATES, lease_token__isnull=False, lease_until__isnull=False)
                | (~Q(state__in=LEASED_STATES) & Q(lease_token__isnull=True, lease_until__isnull=True)),
                name="a_sync_is_leased_while_it_runs",
            ),
        )
        indexes = (
            models.Index(fields=("connection", "kind", "-id"), name="sync_by_kind"),
            models.Index(fields=("company", "-id"), name="sync_by_company"),
            models.Index(fields=("state", "-id"), name="sync_by_state"),
            models.Index(fields=("next_try_at",), condition=Q(state__in=OPEN_STATES), name="sync_due"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.asked_at:%Y-%m-%d %H:%M}"


class Change(models.TextChoices):
    """What a run did with a row."""

    ADDED = "added", _("Added")
    CHANGED = "changed", _("Changed")
    REMOVED = "removed", _("Removed")
    REFUSED = "refused", _("Refused")


class SyncChange(models.Model):
    """One row that a run found to be different, or that the source did not take. `fields` are [name, before, after]."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="changes", db_index=False)
    change = models.CharField(max_length=10, choices=Change.choices)
    dimension = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=200, blank=True)
    name = models.TextField(blank=True)
    fields = models.JSONField(default=list)
    reason = models.TextField(blank=True)

    class Meta:
        app_label = "reference"
        ordering = ("id",)
        indexes = (models.Index(fields=("run", "change", "id"), name="sync_change_by_run"),)

    def __str__(self) -> str:
        return f"{self.get_change_display()}: {self.code}"
