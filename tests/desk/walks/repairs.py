"""What may be done about a transaction, and what is looked at beside it."""

from __future__ import annotations

from typing import Any, Final

from portal.postings.models import Attempt, Transaction
from tests.desk.walks import Walk


def _ids(transaction: Transaction) -> dict[str, Any]:
    """The ledger has booked it in one attempt."""
    return {"attempt": Attempt.objects.get(posting__transaction=transaction).pk}


WALK: Final = Walk(
    company_pages={
        "repair-chosen": (),
        "repair-retry": ("public_id",),
        "repair-mark": ("public_id",),
        "repair-same": ("public_id",),
        "repair-another": ("public_id",),
        "repair-void": ("public_id",),
        "books-now": ("public_id",),
        "attempt": ("public_id", "attempt"),
    },
    actions=frozenset({"repair-chosen"}),
    ids=_ids,
)
