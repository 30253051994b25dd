"""What was said last of the order number and the due date of each posted sales invoice, and what follows from it."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection
from portal.postings.models import Posting

LONGEST_VALUE: Final = 200


class Member(models.TextChoices):
    """What can be amended. The values are the names of the members of an `Amendment`."""

    ORDER_NUMBER = "order_number", _("Order number")
    DUE_DATE = "due_date", _("Due date")
    POSTED_NUMBER = "posted_number", _("Posted number")


class DutyState(models.TextChoices):
    """Where an amendment stands."""

    DUE = "due", _("Due")
    DONE = "done", _("Written")
    REFUSED = "refused", _("Refused")
    NEEDS_A_PERSON = "needs_a_person", _("Manual change needed")
    SUPERSEDED = "superseded", _("Superseded")
    NOT_NEEDED = "not_needed", _("Not needed")


WAITING_FOR_A_PERSON: Final = (DutyState.REFUSED, DutyState.NEEDS_A_PERSON)
OPEN: Final = (DutyState.DUE, *WAITING_FOR_A_PERSON)


class KnownTerms(models.Model):
    """One posted sales invoice, and the order number and due date that each side was last known to have. The row is the
    queue: at `next_at` both sides are looked at, and what one of them changed since is written into the other.

    `at_source` and `in_books` hold a text for `order_number` and one for `due_date` (ISO form, empty where there is
    none). Where they differ, somebody has decided that they may. `connection` is the accounting system's.
    """

    posting = models.OneToOneField(Posting, primary_key=True, on_delete=models.PROTECT, related_name="known_terms")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+", db_index=False)
    at_source = models.JSONField(default=dict)
    in_books = models.JSONField(default=dict)
    next_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="Failures that count against the schedule.")
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "known terms"
        indexes = (
            models.Index(fields=("connection", "next_at"), condition=Q(next_at__isnull=False), name="known_terms_due"),
        )

    def __str__(self) -> str:
        return f"{self.posting_id}: order number and due date"


class AmendmentDuty(models.Model):
    """One change of one member of a posted sales invoice that is to be written into the other side.

    `connection` is the side that it is written into. `before` is what stood there, `after` what shall; dates in ISO
    form. `is_conflict`: both sides were changed since they last agreed, and a person chooses. `delivery_id` is the
    delivery that brought it, 0 where none did. Rows are never deleted but for superseded ones, in their time.
    """

    id = models.BigAutoField(primary_key=True)
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="amendments")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="amendments", db_index=False)
    member = models.CharField(max_length=20, choices=Member.choices)
    before = models.CharField(max_length=LONGEST_VALUE, blank=True)
    after = models.CharField(max_length=LONGEST_VALUE, blank=True)
    state = models.CharField(max_length=20, choices=DutyState.choices, default=DutyState.DUE)
    is_conflict = models.BooleanField(default=False)
    why = models.CharField(max_length=200, help_text="Who changed it, where.")
    delivery_id = models.BigIntegerField(default=0)
    message = models.TextField(blank=True, help_text="Why it stands where it stands, in one plain sentence.")
    error_class = models.CharField(max_length=60, blank=True)
    noticed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    note = models.TextField(blank=True, help_text="What the person said who decided it.")

    class Meta:
        ordering = ("-id",)
        verbose_name = "amendment"
        permissions = (("settle_amendment", "Can settle amendments, and have them tried again"),)
        constraints = (
            models.UniqueConstraint(
                fields=("posting", "connection", "member"),
                condition=Q(state__in=[state.value for state in OPEN]),
                name="one_open_amendment_per_member_and_side",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in OPEN], ended_at__isnull=True)
                | (~Q(state__in=[state.value for state in OPEN]) & Q(ended_at__isnull=False)),
                name="an_amendment_is_open_or_has_ended",
            ),
        )
        indexes = (
            models.Index(
                fields=("connection", "-id"),
                condition=Q(state__in=[state.value for state in WAITING_FOR_A_PERSON]),
                name="amendment_needs_a_person",
            ),
            models.Index(fields=("state", "-id"), name="amendment_by_state"),
            models.Index(fields=("ended_at",), condition=Q(state=DutyState.SUPERSEDED), name="amendment_superseded"),
        )

    def __str__(self) -> str:
        return f"{self.get_member_display()} of {self.posting.transaction.number}"


class BooksReader(models.Model):
    """How far an accounting connection was asked what was changed there, and looked through for numbers to tell.

    `read_through` is the latest moment of a change that was saved, `numbered_through` that of a posting (aware UTC).
    What lies before the first look is left alone.
    """

    connection = models.OneToOneField(
        Connection, primary_key=True, on_delete=models.PROTECT, related_name="amendments_reader"
    )
    read_through = models.DateTimeField()
    numbered_through = models.DateTimeField(null=True, blank=True, help_text="Empty: no number has a field to go to.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When a pass last reached its end.")
    next_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True, help_text="Why the latest pass did not end.")
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "reader of amendments"
        verbose_name_plural = "readers of amendments"
        indexes = (models.Index(fields=("next_at",), name="amendments_reader_by_time"),)

    def __str__(self) -> str:
        return str(self.connection)
