"""Whether a source changed nothing of a posted sales invoice but what may still change: order number and due date."""

from __future__ import annotations

from typing import Final

from integrations.amendments import TERMS
from integrations.content import differences
from integrations.documents import Document, Kind

EARLY: Final = "Only its order number or due date changed, while it is being sent: it is taken again later."
AMENDED: Final = "Only its order number or due date changed: nothing is booked anew, the change is passed on."


def only_terms_changed(before: Document, after: Document) -> bool:
    """Whether the two differ in these alone. What is equal differs in nothing."""
    changed = {difference.field for difference in differences(before, after)}
    return after.kind is Kind.SALES_INVOICE and bool(changed) and changed <= set(TERMS)


def terms(document: Document) -> dict[str, str]:
    """Both as text, as they are compared and kept: the due date in ISO form, empty where there is none."""
    due = document.due_date
    return {"order_number": document.order_number, "due_date": due.isoformat() if due else ""}
