"""An invoice whose order is itself still on its way waits for it: the accounting system must know the order first."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from integrations.documents import Kind
from portal.postings.models import Posting
from portal.postings.states import UNDER_WAY, State

# A customer's order number on a sale is none of ours.
OF_AN_ORDER = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE, Kind.RECEIPT})
ASK_AGAIN = timedelta(seconds=30)
LONGEST = timedelta(hours=24)
WAITING = "It waits for order {order}, which is still on its way."
GAVE_UP = "It waited a day for order {order}, which is not posted. Staff must look at the order first."


def open_order(posting: Posting) -> str:
    """The number of this posting's order while that order is on its way into the same system; else empty."""
    number = posting.transaction.order_number
    if not number or Kind(posting.kind) not in OF_AN_ORDER:
        return ""
    orders = Posting.objects.filter(
        connection_id=posting.connection_id,
        kind=Kind.PURCHASE_ORDER,
        state__in=UNDER_WAY,
        kept=False,
        transaction__company_id=posting.transaction.company_id,
        transaction__order_number=number,
    )
    return number if orders.exists() else ""


def has_waited_too_long(posting: Posting, now: datetime) -> bool:
    """Whether a posting has been in our hands for a day."""
    return now - posting.created_at > LONGEST


def release_waiting(order: Posting) -> None:
    """An order has left our hands: what waited for it is due now."""
    if order.kind != Kind.PURCHASE_ORDER or not order.transaction.order_number:
        return
    Posting.objects.filter(
        connection_id=order.connection_id, state=State.READY, waits_for=order.transaction.order_number
    ).update(next_attempt_at=timezone.now(), waits_for="")
