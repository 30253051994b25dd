"""What is told: the audit trail, what waits for a person, and the mails about it.

Plain ids and no foreign keys to other rooms, so that every room may write.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.events.webhooks.models import Announcement, Consumer, Dispatch, Tail

__all__ = ["Alert", "AlertKind", "Announcement", "AuditEvent", "Consumer", "Dispatch", "Matter", "Tail"]


class AuditEvent(models.Model):
    """Somebody did something to something. Rows are never changed or deleted."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    who = models.CharField(max_length=200, help_text="A user's name, or the part of the portal that acted.")
    verb = models.CharField(max_length=60, help_text="For example endpoint.token_rotated.")
    area = models.CharField(
        max_length=60, db_default="", default="", editable=False, help_text="The verb up to its point."
    )
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64)
    tenant_id = models.UUIDField(null=True)
    company_id = models.UUIDField(null=True)
    message = models.TextField(help_text="One plain sentence. Never a secret.")
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("subject_type", "subject_id"), name="audit_event_by_subject"),
            # An organisation's trail: the whole of it, and what is of none of its companies.
            models.Index(
                fields=("tenant_id", "-id"), condition=Q(tenant_id__isnull=False), name="audit_event_by_tenant"
            ),
            models.Index(
                fields=("tenant_id", "-id"),
                condition=Q(tenant_id__isnull=False, company_id__isnull=True),
                name="audit_event_of_no_company",
            ),
            # A company's own trail, the whole of it and each part.
            models.Index(
                fields=("company_id", "-id"), condition=Q(company_id__isnull=False), name="audit_event_by_company"
            ),
            models.Index(
                fields=("company_id", "area", "-id"), condition=Q(company_id__isnull=False), name="audit_event_by_area"
            ),
        )

    def __str__(self) -> str:
        return self.message

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Audit events are never changed.")
        self.area = self.verb.partition(".")[0]
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit events are never deleted.")


class Matter(models.Model):
    """Something that waits for a person, for as long as it does. At most one open row per kind and subject."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=60, help_text="What waits, such as posting.held.")
    subject_id = models.CharField(max_length=64)
    title = models.CharField(max_length=300, help_text="One line: which one, and why. No amount, never a secret.")
    path = models.CharField(max_length=300, help_text="Its staff page, without the portal's address.")
    tenant_id = models.UUIDField(null=True, blank=True, help_text="Empty: it is no customer's matter.")
    company_id = models.UUIDField(null=True, blank=True)
    desk_path = models.CharField(max_length=300, blank=True, help_text="Its page for customers. Empty: staff alone.")
    desk_title = models.CharField(
        max_length=300, blank=True, db_default="", help_text="What customers are told: which one. No amount, no reason."
    )
    since = models.DateTimeField(help_text="Since when it waits.")
    noticed_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True, help_text="Since when it waits no more.")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "subject_id"), condition=Q(settled_at__isnull=True), name="one_open_matter_per_subject"
            ),
        )
        indexes = (
            models.Index(fields=("settled_at",), name="matter_by_settled"),
            models.Index(
                fields=("company_id",),
                condition=Q(settled_at__isnull=True, company_id__isnull=False),
                name="matter_open_of_company",
            ),
        )

    def __str__(self) -> str:
        return self.title


class AlertKind(models.TextChoices):
    """What a mail is about."""

    WAITING = "waiting", _("What waits for a person")
    DIGEST = "digest", _("A company's figures")


class Alert(models.Model):
    """One mail to one person about what waits, or with the figures of a company. Written before it is sent, so that
    none is lost."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(
        max_length=10, choices=AlertKind.choices, default=AlertKind.WAITING, db_default=AlertKind.WAITING.value
    )
    company_id = models.UUIDField(null=True, blank=True, help_text="Of which company it tells. Empty: to staff.")
    unsubscribe_url = models.CharField(
        max_length=500, blank=True, db_default="", help_text="Where its reader ends such mails. Empty: to staff."
    )
    recipient = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    matters = models.ManyToManyField(Matter, related_name="alerts", help_text="What it tells.")
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last try failed.")

    class Meta:
        ordering = ("-id",)
        permissions = (("receive_alerts", "Receives e-mails about what waits for a person"),)
        indexes = (
            models.Index(fields=("recipient", "-made_at"), name="alert_by_recipient"),
            models.Index(fields=("next_try_at",), condition=Q(sent_at__isnull=True), name="alert_unsent"),
            models.Index(
                fields=("company_id", "-made_at"), condition=Q(company_id__isnull=False), name="alert_by_company"
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipient}"
