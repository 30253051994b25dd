"""The pages on which a company is made and its accounting system linked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from portal.connections.models import Visit, VisitOutcome
from portal.postings.models import Transaction
from portal.tenants.models import Member
from tests.desk.walks import Walk


def _ids(transaction: Transaction) -> dict[str, Any]:
    """A visit that a member of the company made at its accounting system."""
    connection = transaction.postings.get().connection
    now, mark = timezone.now(), f"walk-{transaction.company_id}"
    made, _ = Visit.objects.get_or_create(
        state_digest=mark,
        defaults={
            "connection": connection, "session_digest": mark, "return_url": "/link/back/", "next_url": "/",
            "user_id": Member.objects.filter(tenant=transaction.company.tenant_id).values_list("user", flat=True).get(),
            "began_at": now, "good_until": now + timedelta(minutes=10), "used_at": now,
            "outcome": VisitOutcome.FAILED, "message": "Kestrel77 was not found.",
        },
    )  # fmt: skip
    return {"visit_id": made.pk}


WALK: Final = Walk(
    company_pages={
        "company-name": (),
        "accounting": (),
        "choose": (),
        "authorise": (),
        "authorise-test": (),
        "authorise-way": (),
        "visit": ("visit_id",),
        "kept-kinds": (),
        "confirm-company": (),
        "ask-company": (),
        "start-again": (),
    },
    tenant_pages={"company-new": ()},
    actions=frozenset({"authorise-test", "authorise-way", "kept-kinds", "ask-company"}),
    owned=frozenset(
        {"choose", "authorise", "authorise-test", "authorise-way", "confirm-company", "ask-company", "start-again"}
    ),
    open_to_all=frozenset({"vendor-page"}),
    ids=_ids,
)
