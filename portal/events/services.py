"""Write the audit trail."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from portal.events.models import AuditEvent


def tell(
    verb: str,
    message: str,
    *,
    who: str,
    subject: models.Model,
    tenant_id: uuid.UUID | None = None,
    company_id: uuid.UUID | None = None,
    **details: Any,
) -> AuditEvent:
    """Record that `who` did `verb` to `subject`. `message` is one plain sentence without a secret."""
    return AuditEvent.objects.create(
        who=who,
        verb=verb,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        tenant_id=tenant_id,
        company_id=company_id,
        message=message,
        details=details,
    )
