"""Transactions that somebody raised outside their source: asked for here, created there, and followed until they come
back approved."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.documents import Stage
from portal.postings.models import Posting, Transaction
from portal.tenants.models import Company

LONGEST_KEY = 100


class Origin(models.TextChoices):
    """By which door it was asked for."""

    API = "api", _("API")
    UPLOAD = "upload", _("Upload")


class Wish(models.TextChoices):
    """How far it shall be taken at the source."""

    DRAFT = Stage.DRAFT.value, _("Draft")
    APPROVED = Stage.APPROVED.value, _("Fully approved")


STAGE_CHOICES = [
    (Stage.DRAFT.value, _("Draft")),
    (Stage.SUBMITTED.value, _("Waiting for approval")),
    (Stage.APPROVED.value, _("Approved")),
    (Stage.DENIED.value, _("Denied")),
    (Stage.DELETED.value, _("Deleted")),
    (Stage.OTHER.value, _("Somewhere else")),
]


class Raised(models.Model):
    """One transaction that was asked for by a caller's own key.

    `content_hash` is of what was asked, the wished stage included: the same key with another one is a conflict. The
    posting goes to the source; `came_back` is what the source sent us afterwards, and that one goes to the books.
    `stage_there` and `word_there` say where it stood at the source at `stage_seen_at`. It is asked again at
    `next_look_at`, until `ended_at`.
    """

    id = models.BigAutoField(primary_key=True)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="raised", db_index=False)
    caller_key = models.CharField(max_length=LONGEST_KEY, help_text="The caller's own, unique in the company.")
    content_hash = models.CharField(max_length=64)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    who = models.CharField(max_length=200, help_text="Who asked: a person's name, or the API token's.")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, related_name="raised")
    wish = models.CharField(max_length=10, choices=Wish.choices)
    stage_there = models.CharField(max_length=10, choices=STAGE_CHOICES, blank=True)
    word_there = models.CharField(max_length=100, blank=True, help_text="The source's own word for the stage.")
    stage_seen_at = models.DateTimeField(null=True, blank=True)
    number_there = models.CharField(max_length=100, blank=True, help_text="The source's number.")
    came_back = models.OneToOneField(
        Transaction, null=True, blank=True, on_delete=models.PROTECT, related_name="raised_as"
    )
    came_back_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True, help_text="Why following it failed last, in one plain sentence.")
    looks = models.PositiveSmallIntegerField(default=0, help_text="How often the source was asked where it stands.")
    next_look_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Since when it is followed no more.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name = "raised transaction"
        constraints = (
            models.UniqueConstraint(fields=("company", "caller_key"), name="one_raised_per_callers_key"),
            models.CheckConstraint(
                condition=Q(came_back__isnull=True) | Q(came_back_at__isnull=False, ended_at__isnull=False),
                name="came_back_at_a_time",
            ),
        )
        indexes = (
            models.Index(fields=("company", "-id"), name="raised_by_company"),
            models.Index(fields=("next_look_at",), condition=Q(ended_at__isnull=True), name="raised_to_follow"),
        )

    def __str__(self) -> str:
        return self.caller_key
