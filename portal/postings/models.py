"""What must be written: transactions, our duty to post them, and the append-only record of every try."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from integrations.documents import Kind
from ledger.fields import MoneyField
from portal.connections.models import KIND_CHOICES, Connection
from portal.postings.attachments.models import HandedFile, Handover, HandoverMark
from portal.postings.figures.models import Counting, DayFigures
from portal.postings.reconciliation.models import Difference, ListedDocument, ReconciliationRun
from portal.postings.restoring.models import VoidNumbers
from portal.postings.states import LEASED, UNDER_WAY, WAITING_FOR_THEIR_TIME, Actor, State
from portal.postings.twins.models import Pair, PairQuestion
from portal.tenants.models import Company

__all__ = [
    "Attempt", "Counting", "DayFigures", "Difference", "HandedFile", "Handover", "HandoverMark", "ListedDocument",
    "NumberSeries", "Pair", "PairQuestion", "Posting", "Purpose",
    "ReconciliationRun", "Revision", "RevisionState", "Transaction", "Transition",
    "Trigger", "VoidNumbers",
]  # fmt: skip

LEASED_STATES = sorted(state.value for state in LEASED)
DUE_STATES = sorted(state.value for state in WAITING_FOR_THEIR_TIME)
UNDER_WAY_STATES = sorted(state.value for state in UNDER_WAY)


class NumberSeries(models.Model):
    """A company's own journal numbers: gapless, counted in the transaction that accepts a document."""

    company = models.OneToOneField(Company, primary_key=True, on_delete=models.PROTECT, related_name="number_series")
    last = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "number series"

    def __str__(self) -> str:
        return f"{self.company}: {self.last}"


class Transaction(models.Model):
    """What a source approved: kind, external id, revision, content.

    `content` is the normalised document as JSON (`integrations.content`). `number` is the portal's own journal number.
    `answered_number` is what the source was told; once set it never changes. Amounts are in `currency`.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="transactions", db_index=False)
    source = models.SlugField(max_length=40, db_index=False)
    kind = models.CharField(max_length=30, choices=KIND_CHOICES)
    external_id = models.CharField(max_length=100)
    identity = models.CharField(max_length=200, help_text="What makes it unique within company, source and kind.")
    revision = models.PositiveIntegerField(default=1)
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    number = models.CharField(max_length=20, help_text="The portal's own journal number.")
    answered_number = models.CharField(max_length=60, blank=True, help_text="What the source was told; never changes.")
    answered_at = models.DateTimeField(null=True, blank=True)
    source_number = models.CharField(max_length=100, blank=True)
    order_number = models.CharField(max_length=100, blank=True)
    supplier_reference = models.CharField(max_length=100, blank=True)
    supplier_name = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3)
    net = MoneyField()
    tax = MoneyField()
    gross = MoneyField()
    document_date = models.DateField(null=True, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("company", "source", "kind", "identity"), name="one_transaction_for_ever"),
            models.UniqueConstraint(fields=("number", "company"), name="one_use_of_a_portal_number"),
        )
        indexes = (
            models.Index(fields=("company", "-id"), name="transaction_by_company"),
            models.Index(fields=("answered_number",), name="transaction_by_answered"),
            models.Index(fields=("source_number",), name="transaction_by_source_number"),
            models.Index(fields=("order_number",), name="transaction_by_order_number"),
            models.Index(fields=("supplier_reference",), name="transaction_by_supplier_ref"),
            models.Index(fields=("external_id",), name="transaction_by_external_id"),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.get_kind_display()} {self.source_number}".strip()


class RevisionState(models.TextChoices):
    """What became of another version of a transaction."""

    SUPERSEDED = "superseded", _("Superseded: an older version, replaced before anything was sent")
    CONTESTED = "contested", _("Contested: arrived after sending; nothing was changed")


class Revision(models.Model):
    """A version of a transaction other than the one that counts."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="revisions")
    state = models.CharField(max_length=20, choices=RevisionState.choices)
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    differences = models.JSONField(default=list, help_text="Field by field: [field, ours, theirs].")
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("transaction", "content_hash"),
                condition=Q(state=RevisionState.CONTESTED),
                name="one_contested_row_per_content",
            ),
        )

    def __str__(self) -> str:
        return f"{self.transaction} {self.get_state_display()}"


class Posting(models.Model):
    """Our duty to write one document into one outside system. The row is the queue.

    Every change of `state` goes through `portal.postings.changes.change`. `lease_token` and `lease_until` are set while
    a worker holds it. `may_exist` says that the document may be in the outside system although we hold no proof.
    """

    id = models.BigAutoField(primary_key=True)
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="postings", db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="postings")
    kind = models.CharField(max_length=30, choices=KIND_CHOICES)
    kept = models.BooleanField(default=False, help_text="A memo entry: the system cannot take this kind.")
    state = models.CharField(max_length=20, choices=State.choices, default=State.READY)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    generation = models.PositiveSmallIntegerField(default=1)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts_made = models.PositiveIntegerField(default=0, help_text="How often sending was begun.")
    attempt_count = models.PositiveIntegerField(default=0, help_text="All attempts, lookups too.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Failures that count against the schedule.")
    crashes = models.PositiveSmallIntegerField(default=0)
    misses = models.PositiveSmallIntegerField(default=0, help_text="Lookups in a row that found nothing.")
    may_exist = models.BooleanField(default=False)
    quiet_until = models.DateTimeField(
        null=True, blank=True, help_text="Before this a lookup that finds nothing proves nothing: a commit may be late."
    )
    reason = models.TextField(blank=True, help_text="Why it stands where it stands, in one plain sentence.")
    reason_field = models.CharField(max_length=100, blank=True)
    error_class = models.CharField(max_length=60, blank=True)
    traceback = models.TextField(blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="Who asked for the next attempt; empty: automatic.",
    )
    recheck_asked = models.BooleanField(default=False)
    operation = models.CharField(max_length=200, blank=True, help_text="The vendor's key of an asynchronous operation.")
    awaiting_since = models.DateTimeField(null=True, blank=True)
    waits_for = models.CharField(max_length=100, blank=True, help_text="The order that has to be posted first.")
    external_id = models.CharField(max_length=200, null=True, blank=True, default=None)
    external_number = models.CharField(max_length=100, blank=True)
    booked = models.JSONField(default=dict, help_text="What the system says that it booked.")
    differences = models.JSONField(default=list, help_text="[field, ours, theirs] after posting.")
    posted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        permissions = (
            ("retry_posting", "Can retry a posting"),
            ("mark_posting_posted", "Can mark a posting as posted"),
            ("void_posting", "Can void a posting"),
        )
        constraints = (
            models.UniqueConstraint(fields=("transaction", "connection"), name="one_posting_per_connection"),
            models.UniqueConstraint(
                fields=("connection", "kind", "external_id"),
                condition=Q(external_id__isnull=False),
                name="one_vendor_document_per_posting",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.POSTED) | Q(external_id__isnull=False, posted_at__isnull=False),
                name="posted_has_an_external_id",
            ),
            models.CheckConstraint(
                condition=Q(state__in=LEASED_STATES, lease_token__isnull=False, lease_until__isnull=False)
                | (~Q(state__in=LEASED_STATES) & Q(lease_token__isnull=True, lease_until__isnull=True)),
                name="a_lease_exactly_while_held",
            ),
        )
        indexes = (
            models.Index(
                fields=("connection", "next_attempt_at"),
                condition=Q(state__in=DUE_STATES),
                name="posting_due",
            ),
            models.Index(
                fields=("connection",),
                condition=Q(state=State.HELD, recheck_asked=True),
                name="posting_to_look_up_again",
            ),
            models.Index(fields=("lease_until",), condition=Q(state__in=LEASED_STATES), name="posting_leased"),
            models.Index(
                fields=("connection", "-id"),
                condition=Q(state__in=[State.REJECTED, State.HELD]),
                name="posting_needs_a_person",
            ),
            # The few orders that invoices may have to wait for: looked at by every claim of an invoice.
            models.Index(
                fields=("connection",),
                condition=Q(kind=Kind.PURCHASE_ORDER, state__in=UNDER_WAY_STATES),
                name="posting_order_under_way",
            ),
            # A vendor's own message names the operation that has ended.
            models.Index(fields=("operation",), condition=Q(state=State.AWAITING), name="posting_by_operation"),
            models.Index(fields=("state", "-id"), name="posting_by_state"),
            models.Index(
                fields=("connection", "posted_at"), condition=Q(state=State.POSTED), name="posting_by_posted_at"
            ),
            models.Index(fields=("external_number",), name="posting_by_external_number"),
            models.Index(
                fields=("external_id",), condition=Q(external_id__isnull=False), name="posting_by_external_id"
            ),
        )

    def __str__(self) -> str:
        return f"{self.transaction.number}: {self.get_state_display()}"


class Purpose(models.TextChoices):
    """What an attempt was for."""

    SEND = "send", _("Send")
    LOOKUP = "lookup", _("Look up")
    POLL = "poll", _("Ask for the outcome")


class Trigger(models.TextChoices):
    """What set an attempt off."""

    AUTOMATIC = "automatic", _("Automatic")
    MANUAL = "manual", _("Manual")


class Attempt(models.Model):
    """One try of a posting, written and committed before the first byte goes out, closed once."""

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="attempts", db_index=False)
    number = models.PositiveIntegerField()
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    trigger = models.CharField(max_length=10, choices=Trigger.choices, default=Trigger.AUTOMATIC)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    lease_token = models.UUIDField(null=True, editable=False)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=60, blank=True, help_text="Posted, or the error's class.")
    message = models.TextField(blank=True)
    exchanges = models.JSONField(default=list, help_text="Requests and responses, redacted and truncated.")

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("posting",), condition=Q(ended_at__isnull=True), name="one_open_attempt_per_posting"
            ),
            models.UniqueConstraint(fields=("posting", "number"), name="attempts_are_numbered"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="an_attempt_ends_after_it_starts",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.number}"


class Transition(models.Model):
    """One change of a posting's state. Rows are never changed or deleted."""

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="transitions", db_index=False)
    before = models.CharField(max_length=20, choices=State.choices, blank=True)
    after = models.CharField(max_length=20, choices=State.choices)
    who = models.CharField(max_length=20, choices=Actor.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    why = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("posting", "id"), name="transition_by_posting"),)

    def __str__(self) -> str:
        return f"{self.before or 'new'} to {self.after}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Transitions are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Transitions are never deleted.")
