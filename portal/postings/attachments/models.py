"""What became of the files of each posted document, and up to where the postings were looked through for them."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection

LONGEST_NAME: Final = 150
LONGEST_ID: Final = 200


class HandoverState(models.TextChoices):
    """Where the files of one document stand."""

    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Handed over")
    NOTHING = "nothing", _("Nothing there")
    PARTLY = "partly", _("Partly refused")
    GIVEN_UP = "given_up", _("Given up")


class FileState(models.TextChoices):
    """Where one file stands."""

    WAITING = "waiting", _("Waiting")
    HANDED = "handed", _("Handed over")
    REFUSED = "refused", _("Refused")


class HandoverMark(models.Model):
    """Up to where the postings of a connection were looked through. What was posted before its first is left alone."""

    connection = models.OneToOneField(
        Connection, primary_key=True, on_delete=models.PROTECT, related_name="attachment_mark"
    )
    up_to = models.DateTimeField()

    class Meta:
        app_label = "postings"

    def __str__(self) -> str:
        return f"{self.connection}, {self.up_to:%Y-%m-%d %H:%M}"


class Handover(models.Model):
    """Our duty to hand the files of one posted document over. The row is the queue; nothing of the posting hangs on it.

    `connection` is that of the posting. `next_at` is set while it waits, `lease_token` and `lease_until` while a worker
    has it. `tries` counts the failures of the present schedule.
    """

    id = models.BigAutoField(primary_key=True)
    posting = models.OneToOneField("postings.Posting", on_delete=models.PROTECT, related_name="handover")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="handovers")
    state = models.CharField(max_length=10, choices=HandoverState.choices, default=HandoverState.WAITING)
    next_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="Failures that count against the schedule.")
    message = models.TextField(blank=True, help_text="Why it stands where it stands, in one plain sentence.")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="Who asked for it last; empty: nobody had to.",
    )
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "postings"
        ordering = ("-id",)
        verbose_name = "handover of attachments"
        verbose_name_plural = "handovers of attachments"
        permissions = (("start_handover", "Can hand over attachments, also again"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state=HandoverState.WAITING, next_at__isnull=False, ended_at__isnull=True)
                | (~Q(state=HandoverState.WAITING) & Q(next_at__isnull=True, ended_at__isnull=False)),
                name="a_handover_waits_or_has_ended",
            ),
            models.CheckConstraint(
                condition=Q(lease_token__isnull=True, lease_until__isnull=True)
                | Q(state=HandoverState.WAITING, lease_token__isnull=False, lease_until__isnull=False),
                name="a_handover_is_leased_while_it_waits",
            ),
        )
        indexes = (
            models.Index(
                fields=("connection", "next_at"), condition=Q(state=HandoverState.WAITING), name="handover_due"
            ),
            models.Index(fields=("connection",), condition=Q(state=HandoverState.GIVEN_UP), name="handover_given_up"),
            models.Index(fields=("state", "-id"), name="handover_by_state"),
        )

    def __str__(self) -> str:
        return f"{self.posting.transaction.number}: attachments"


class HandedFile(models.Model):
    """One file of a handover: what is known of it, and what became of it. Its content is never kept.

    `external_id` is the source's id of the file, `name` the one that it has in the books. `size` is in bytes, None
    where nobody told it; `sha256` is of what was handed over, empty where it stood there already.
    """

    id = models.BigAutoField(primary_key=True)
    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="files", db_index=False)
    external_id = models.CharField(max_length=LONGEST_ID)
    name = models.CharField(max_length=LONGEST_NAME)
    content_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=FileState.choices, default=FileState.WAITING)
    message = models.TextField(blank=True)
    handed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "postings"
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("handover", "external_id"), name="a_file_is_handed_over_once"),
            models.UniqueConstraint(fields=("handover", "name"), name="one_file_per_name_in_a_handover"),
        )

    def __str__(self) -> str:
        return self.name
