"""The checklist, what comes in, what came in before go-live, and the switch."""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone

from portal.connections.models import Endpoint
from portal.intake.models import Delivery, KeptDryRun, Verdict
from portal.postings.models import Transaction
from tests.desk.walks import Walk


def _ids(transaction: Transaction) -> dict[str, Any]:
    """One delivery that came in before go-live, made once."""
    company, now = transaction.company, timezone.now()
    kept = KeptDryRun.objects.filter(company=company).first()
    if kept is None:
        delivery = Delivery.objects.create(
            endpoint=Endpoint.objects.get(connection__company=company, connection__integration="icompleat"),
            company=company, received_at=now,
            body=b"{}", verdict=Verdict.NOT_LIVE, reason="Not live yet.",
        )  # fmt: skip
        kept = KeptDryRun.objects.create(delivery=delivery, company=company, asked_at=now, made_at=now)
    return {"kept": kept.pk}


WALK: Final = Walk(
    company_pages={
        "set-up": (),
        "set-up-watch": (),
        "set-up-sync": (),
        "set-up-leave-out": (),
        "schedules-recommended": (),
        "tokens-made": (),
        "deliveries-watch": (),
        "before-live": (),
        "before-live-all-again": (),
        "before-live-one": ("kept",),
        "before-live-again": ("kept",),
        "go-live": (),
        "not-live": (),
    },
    actions=frozenset(
        {
            "set-up-sync",
            "set-up-leave-out",
            "schedules-recommended",
            "tokens-made",
            "before-live-all-again",
            "before-live-again",
        }
    ),
    owned=frozenset({"go-live", "not-live"}),
    ids=_ids,
)
