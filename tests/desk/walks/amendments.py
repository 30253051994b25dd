"""What is decided about changes after posting."""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone

from portal.amending.models import AmendmentDuty, DutyState, Member
from portal.postings.models import Transaction
from tests.desk.walks import Walk


def _ids(transaction: Transaction) -> dict[str, Any]:
    """One that a person has to make by hand."""
    posting = transaction.postings.get()
    duty, _ = AmendmentDuty.objects.get_or_create(
        posting=posting,
        connection=posting.connection,
        member=Member.ORDER_NUMBER,
        defaults={
            "before": "PO-1", "after": "PO-2", "state": DutyState.NEEDS_A_PERSON, "why": "Changed there.",
            "noticed_at": timezone.now(),
        },
    )  # fmt: skip
    return {"amendment": duty.pk, "choice": "not_needed"}


WALK: Final = Walk(company_pages={"amendment": ("public_id", "amendment", "choice")}, ids=_ids)
