"""Which dry runs are kept: one for each delivery before go-live, the latest of each company, for as long as bodies are.

The row is written together with the end of its delivery, so that a nudge that is lost loses nothing.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from integrations.documents import Document
from portal.intake.before_live.models import Forecast, KeptDryRun
from portal.intake.endpoints import OpenEndpoint

KEPT_AT_MOST: Final = 200
AT_ONCE: Final = 200


def keep(endpoint: OpenEndpoint, delivery_id: int, document: Document | None, problem: str) -> None:
    """A dry run to be made of this delivery; without a document there is none to make, and `problem` says why."""
    now = timezone.now()
    if document:
        said: dict[str, Any] = {"next_try_at": now, **document_fields(document)}
    else:
        said = {"made_at": now, "forecast": Forecast.REFUSED, "why": problem, "kind": endpoint.kind}
    KeptDryRun.objects.create(
        delivery_id=delivery_id, company_id=endpoint.company_id, asked_at=now,
        problem="" if document else problem, **said,
    )  # fmt: skip


def document_fields(document: Document) -> dict[str, Any]:
    """What a list shows of a document."""
    return {
        "kind": document.kind.value,
        "number": (document.number or document.order_number)[:100],
        "supplier": (document.party.name or document.party.code or "")[:200],
        "currency": document.currency,
        "gross": document.gross,
    }


def forget_surplus(company_id: uuid.UUID) -> int:
    """All but the latest of a company are dropped; gives how many were. The deliveries stay."""
    rows = KeptDryRun.objects.filter(company_id=company_id)
    newest = rows.order_by("-pk").values_list("pk", flat=True)
    last_kept = newest[KEPT_AT_MOST - 1 : KEPT_AT_MOST].first()
    return rows.filter(pk__lt=last_kept).delete()[0] if last_kept else 0


def forget_old(now: datetime) -> int:
    """Those whose bodies have had their time; gives how many. Their ids are in order of time."""
    if settings.RETENTION_BODY_DAYS <= 0:
        return 0
    before = now - timedelta(days=settings.RETENTION_BODY_DAYS)
    oldest = KeptDryRun.objects.order_by("pk").values_list("pk", "asked_at")[:AT_ONCE]
    had_their_time = [pk for pk, asked_at in oldest if asked_at < before]
    return KeptDryRun.objects.filter(pk__in=had_their_time).delete()[0] if had_their_time else 0
