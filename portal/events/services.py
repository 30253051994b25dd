"""Write the audit trail, and say that something waits for a person."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone

from portal.events.models import AuditEvent
from portal.events.noticing import open_matters, write
from portal.events.waits import Found


def tell(
    verb: str,
    message: str,
    *,
    who: str,
    subject: models.Model | None = None,
    tenant_id: uuid.UUID | None = None,
    company_id: uuid.UUID | None = None,
    **details: Any,
) -> AuditEvent:
    """Record that `who` did `verb` to `subject`, or to the portal as a whole. `message` is one plain sentence without a
    secret."""
    return AuditEvent.objects.create(
        who=who,
        verb=verb,
        subject_type=subject._meta.label_lower if subject is not None else "portal",
        subject_id=str(subject.pk) if subject is not None else "",
        tenant_id=tenant_id,
        company_id=company_id,
        message=message,
        details=details,
    )


def something_waits(
    kind: str, subject_id: object, *, title: str, path: str, since: datetime | None = None, **customer: Any
) -> None:
    """Something waits for a person from now on, who is told by mail. Call it inside the transaction that made it so.

    For what cannot be asked for: where a query can tell, register a `Wait` (portal/events/waits.py) instead. `kind` is
    a registered one whose `still` knows the subject, else call `nothing_waits` when it is over. `title` is one line
    without amounts and secrets, `path` the staff page that it leads to; `customer` are the other members of `Found`,
    for a customer's matter. Saying it twice changes nothing.
    """
    now = timezone.now()
    write(kind, [Found(subject_id=str(subject_id), title=title, path=path, since=since or now, **customer)], now)


def nothing_waits(kind: str, subject_id: object) -> None:
    """It waits no more."""
    open_matters(kind).filter(subject_id=str(subject_id)).update(settled_at=timezone.now())
