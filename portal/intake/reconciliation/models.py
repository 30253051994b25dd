"""Runs of the reconciliation with sources, and the differences that they found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ledger.fields import MoneyField
from portal.connections.models import KIND_CHOICES, Connection
from portal.postings.models import Transaction
from portal.postings.reconciliation.models import DifferenceState


class SourceRunState(models.TextChoices):
    """Where a run stands."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    FINISHED = "finished", _("Finished")
    PART = "part", _("Read in part: the next run goes on")
    UNREAD = "unread", _("Could not be read")
    FAILED = "failed", _("Failed on our side")
    ABANDONED = "abandoned", _("Abandoned")


OPEN_RUNS = [SourceRunState.WAITING, SourceRunState.RUNNING]
NO_GOOD = [SourceRunState.UNREAD, SourceRunState.FAILED, SourceRunState.ABANDONED]
GOOD = [SourceRunState.FINISHED, SourceRunState.PART]


class SourceRun(models.Model):
    """One reading of one source's connection. The row is the queue, and its lease: one open run per connection.

    Where the source tells its transactions by date, those created from `since` are read; all of them where it does not.
    What was created after `until` is too fresh to be missed. `position` says where the reading stands, and where the
    next run goes on after one that did not end; `begun_at` is when the first of these runs began. The counts are of
    transactions as they were listed: `read` all of them, `compared` what was judged, `left` what was too fresh,
    `undated` what the source gives no date of creation, `known` what somebody has dismissed before.
    """

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="source_runs", db_index=False)
    state = models.CharField(max_length=20, choices=SourceRunState.choices, default=SourceRunState.WAITING)
    since = models.DateTimeField()
    until = models.DateTimeField()
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
    begun_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    position = models.JSONField(default=dict, help_text="stage, order and page.")
    calls = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    compared = models.PositiveIntegerField(default=0)
    never_received = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)
    undated = models.PositiveIntegerField(default=0)
    resolved = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, help_text="Why it did not finish, in one plain sentence.")

    class Meta:
        app_label = "intake"
        ordering = ("-id",)
        permissions = (("start_sourcerun", "Can start a reconciliation with a source"),)
        constraints = (
            models.UniqueConstraint(
                fields=("connection",), condition=Q(state__in=OPEN_RUNS), name="one_open_source_run_per_connection"
            ),
            models.CheckConstraint(
                condition=Q(state=SourceRunState.RUNNING, lease_token__isnull=False, lease_until__isnull=False)
                | (~Q(state=SourceRunState.RUNNING) & Q(lease_token__isnull=True, lease_until__isnull=True)),
                name="a_source_run_is_leased_while_it_runs",
            ),
        )
        indexes = (models.Index(fields=("connection", "state", "ended_at"), name="source_run_by_connection"),)

    def __str__(self) -> str:
        return f"{self.connection}, {self.asked_at:%Y-%m-%d %H:%M}"


class SourceDifferenceKind(models.TextChoices):
    """What differs."""

    NEVER_RECEIVED = "never_received", _("Never received: approved at the source, and we do not hold it")
    DELETED = "deleted", _("Deleted: we hold it, and the source has deleted it")


class SourceDifference(models.Model):
    """One transaction on which the source and we do not agree. At most one is open per transaction and kind.

    The amounts and names are the source's own. `transaction` is ours: the one that was deleted there, or what a never
    received one became when it was received after all. `outcome` is what its latest repair came to. A dismissed one
    stays: as long as the source tells the same of it, it is no alarm again.
    """

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="source_differences", db_index=False
    )
    kind = models.CharField(max_length=20, choices=SourceDifferenceKind.choices)
    external_id = models.CharField(max_length=100)
    transaction_kind = models.CharField(max_length=30, choices=KIND_CHOICES, blank=True)
    number = models.CharField(max_length=100, blank=True)
    supplier = models.CharField(max_length=200, blank=True)
    gross = MoneyField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    created_there_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=20, choices=DifferenceState.choices, default=DifferenceState.OPEN)
    transaction = models.ForeignKey(
        Transaction, null=True, blank=True, on_delete=models.PROTECT, related_name="source_differences"
    )
    delivery = models.ForeignKey(
        "intake.Delivery", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    outcome = models.TextField(blank=True)
    first_run = models.ForeignKey(SourceRun, null=True, on_delete=models.SET_NULL, related_name="found")
    last_run = models.ForeignKey(SourceRun, null=True, on_delete=models.SET_NULL, related_name="seen")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="Who closed it; empty: a run.",
    )
    closed_why = models.TextField(blank=True)

    class Meta:
        app_label = "intake"
        ordering = ("-id",)
        verbose_name = "difference with a source"
        verbose_name_plural = "differences with sources"
        permissions = (
            ("receive_sourcedifference", "Can receive what a source has approved and never sent"),
            ("settle_sourcedifference", "Can settle a difference with a source"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "external_id", "kind", "transaction_kind"),
                condition=Q(state=DifferenceState.OPEN),
                name="one_open_source_difference_per_thing",
            ),
            models.CheckConstraint(
                condition=Q(state=DifferenceState.OPEN, closed_at__isnull=True)
                | (~Q(state=DifferenceState.OPEN) & Q(closed_at__isnull=False)),
                name="a_source_difference_is_closed_or_open",
            ),
        )
        indexes = (
            models.Index(fields=("-id",), condition=Q(state=DifferenceState.OPEN), name="source_difference_open"),
            models.Index(fields=("connection", "external_id"), name="source_difference_by_thing"),
            models.Index(fields=("state", "-id"), name="source_difference_by_state"),
        )

    def __str__(self) -> str:
        return f"{self.number or self.external_id}: {self.get_kind_display().partition(':')[0].lower()}"
