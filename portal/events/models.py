"""What is told: the audit trail. Plain ids and no foreign keys, so that every room may write."""

from __future__ import annotations

from typing import Any

from django.db import models


class AuditEvent(models.Model):
    """Somebody did something to something. Rows are never changed or deleted."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    who = models.CharField(max_length=200, help_text="A user's name, or the part of the portal that acted.")
    verb = models.CharField(max_length=60, help_text="For example endpoint.token_rotated.")
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64)
    tenant_id = models.UUIDField(null=True, db_index=True)
    company_id = models.UUIDField(null=True)
    message = models.TextField(help_text="One plain sentence. Never a secret.")
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("subject_type", "subject_id"), name="audit_event_by_subject"),)

    def __str__(self) -> str:
        return self.message

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Audit events are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit events are never deleted.")
