"""What came in: every delivery, raw, before it is judged; refused calls only as a count, unless one was waited for."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Endpoint
from portal.intake.before_live.models import Forecast, KeptDryRun
from portal.intake.feeds.models import FedRecord, FeedReader, HintedRecord
from portal.intake.hearing.models import VendorMessage
from portal.intake.reconciliation.models import SourceDifference, SourceRun
from portal.postings.models import Transaction
from portal.tenants.models import Company

__all__ = [
    "Capture", "Delivery", "FedRecord", "FeedReader", "Forecast", "HintedRecord", "KeptDryRun", "Origin",
    "RefusedCalls", "SourceDifference", "SourceRun", "VendorMessage", "Verdict",
]  # fmt: skip


class Verdict(models.TextChoices):
    """What became of a delivery."""

    RECEIVED = "received", _("Received, not judged yet")
    ACCEPTED = "accepted", _("Accepted: a new transaction")
    REPEATED = "repeated", _("Repeated: the same content again")
    REVISED = "revised", _("Revised: changed content, nothing had been sent")
    CONTESTED = "contested", _("Contested: changed content after sending")
    REFUSED = "refused", _("Refused: this cannot be booked")
    UNREADABLE = "unreadable", _("Unreadable: not a valid document")
    NOT_LIVE = "not_live", _("Not live yet: nothing was booked")
    CLOSED = "closed", _("Closed: nothing was booked")
    FAILED = "failed", _("Failed: an error on our side")
    HINT = "hint", _("A hint: the record itself is read from its feed")
    SKIPPED = "skipped", _("Skipped: nothing to be booked, or not yet")
    SUPERSEDED = "superseded", _("Superseded: read again before it was taken")


class Origin(models.TextChoices):
    """How a delivery came in."""

    WEBHOOK = "webhook", _("Webhook")
    READ_BACK = "read_back", _("Read back from the source")
    FEED = "feed", _("Read from a feed")


class Delivery(models.Model):
    """One request that came in with a good token, or one thing that was read from a source, committed raw before
    anything reads it."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    received_at = models.DateTimeField()
    body = models.BinaryField()
    body_sha256 = models.CharField(max_length=64)
    headers = models.JSONField(default=dict, help_text="Redacted: the token and cookies show ***.")
    # The kept statements of the webhook's way do not name it: the database knows what is usual.
    origin = models.CharField(
        max_length=10, choices=Origin.choices, default=Origin.WEBHOOK, db_default=Origin.WEBHOOK.value
    )
    verdict = models.CharField(max_length=20, choices=Verdict.choices, default=Verdict.RECEIVED)
    reason = models.TextField(blank=True)
    field = models.CharField(max_length=200, blank=True)
    transaction = models.ForeignKey(
        Transaction, null=True, blank=True, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    answer_status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer_body = models.JSONField(null=True, blank=True)
    answered_after_ms = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(fields=("company", "-id"), name="delivery_by_company"),
            # The latest of one address: pages that wait for its first one ask again and again.
            models.Index(fields=("endpoint", "-id"), name="delivery_by_endpoint"),
            # Nearly all are accepted: whoever looks for those finds them in the order of their ids.
            models.Index(
                fields=("verdict", "-id"), condition=~models.Q(verdict=Verdict.ACCEPTED), name="delivery_by_verdict"
            ),
            models.Index(
                fields=("transaction",),
                condition=models.Q(transaction__isnull=False),
                name="delivery_by_transaction",
            ),
            models.Index(fields=("body_sha256",), name="delivery_by_body"),
        )

    def __str__(self) -> str:
        return f"Delivery {self.pk}"


class RefusedCalls(models.Model):
    """How often callers came to an endpoint without a good token, per hour. Only header names are kept."""

    endpoint_id_called = models.CharField(max_length=36, help_text="The endpoint's id, or unknown.")
    hour = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)
    header_names = models.JSONField(default=list, help_text="Of the latest refused call.")
    last_at = models.DateTimeField()

    class Meta:
        ordering = ("-hour",)
        verbose_name_plural = "refused calls"
        constraints = (
            models.UniqueConstraint(fields=("endpoint_id_called", "hour"), name="one_count_per_endpoint_and_hour"),
        )

    def __str__(self) -> str:
        return f"{self.count} refused calls"


class Capture(models.Model):
    """The next request to an endpoint, kept whole for a person to look at, whatever its token was.

    It is open from `armed_at` until it was taken or disarmed, at the latest until `armed_until`; at most one is open
    per endpoint. Header values are masked, but for a few that are no secret. `token_header` names the header whose
    whole value is a live token of the endpoint, also where that header is not looked at; empty where there is none.
    """

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="captures")
    armed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    armed_at = models.DateTimeField()
    armed_until = models.DateTimeField()
    disarmed_at = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    method = models.CharField(max_length=20, blank=True)
    headers = models.JSONField(default=dict, help_text="Names with masked values.")
    body = models.BinaryField(default=b"")
    is_cut = models.BooleanField(default=False, help_text="The body was larger; this is its beginning.")
    token_header = models.CharField(max_length=200, blank=True)
    answer_status = models.PositiveSmallIntegerField(null=True, blank=True)
    delivery = models.ForeignKey(
        Delivery, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    class Meta:
        ordering = ("-id",)
        permissions = (("arm_capture", "Can capture the next delivery of an endpoint"),)
        constraints = (
            models.UniqueConstraint(
                fields=("endpoint",),
                condition=models.Q(taken_at__isnull=True, disarmed_at__isnull=True),
                name="one_open_capture_per_endpoint",
            ),
        )

    def __str__(self) -> str:
        return f"Capture {self.pk}"
