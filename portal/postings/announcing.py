"""What webhooks tell of postings: read from the append-only history of their states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q

from portal.events.webhooks.exactly import instant
from portal.events.webhooks.logs import PAGE, Log, News, Span, register
from portal.notation import bare_amount
from portal.postings.models import Posting, Transaction, Transition
from portal.postings.states import State

TYPES: Final = {
    "posting.posted": "A document is in the accounting system, or a document raised here is at its source.",
    "posting.rejected": "It was refused for a reason that somebody can mend.",
    "posting.held": "Nobody but a person can decide what happens to it.",
    "posting.withdrawn": "Nothing was sent; the source was told so and may send it again.",
    "posting.voided": "It was given up, with a reason. It will not be posted.",
    "posting.retried": "What was refused, held or withdrawn is due again.",
}
INTO: Final = {
    State.POSTED: "posting.posted",
    State.REJECTED: "posting.rejected",
    State.HELD: "posting.held",
    State.WITHDRAWN: "posting.withdrawn",
    State.VOID: "posting.voided",
}
RETRIED: Final = "posting.retried"
RETRIED_FROM: Final = (State.REJECTED, State.HELD, State.WITHDRAWN)
TOLD: Final = Q(after__in=list(INTO)) | Q(after=State.READY, before__in=RETRIED_FROM)
COMPANY: Final = "posting__transaction__company"
# What is long or secret, and not told.
LEFT_OUT: Final = (
    "posting__transaction__content",
    "posting__traceback",
    "posting__booked",
    "posting__connection__secrets",
)


def register_log() -> None:
    """Let it be read."""
    register(
        Log(name="postings", types=TYPES, rows=Transition.objects.all, moment="at", news=_news, payloads=_payloads)
    )


def _news(span: Span) -> list[News]:
    rows = Transition.objects.filter(
        TOLD, id__gt=span.after, posting__transaction__company__tenant_id__in=span.tenants
    )  # fmt: skip
    columns = rows.order_by("id").values_list("id", "after", "at", f"{COMPANY}_id", f"{COMPANY}__tenant_id")
    return [
        News(
            origin=f"transition:{pk}", type=INTO.get(State(after), RETRIED), tenant_id=tenant_id,
            company_id=company_id, happened_at=at, key=pk,
        )
        for pk, after, at, company_id, tenant_id in columns[:PAGE]
    ]  # fmt: skip


def _payloads(keys: Sequence[int]) -> Mapping[int, dict[str, Any]]:
    return dict(_told(keys))


def _told(keys: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = Transition.objects.filter(pk__in=keys).select_related(COMPANY, "posting__connection").defer(*LEFT_OUT)
    for step in rows:
        posting, transaction = step.posting, step.posting.transaction
        company, connection = transaction.company, posting.connection
        yield step.pk, {
            "company": {"id": str(company.pk), "name": company.name},
            "connection": {
                "id": str(connection.pk), "integration": connection.integration, "side": connection.side,
            },
            "posting": _posting(step, posting),
            "transaction": _transaction(transaction),
        }  # fmt: skip


def _posting(step: Transition, posting: Posting) -> dict[str, Any]:
    """As the change left it; what was posted never changes after that."""
    is_posted = step.after == State.POSTED
    is_current = step.after == posting.state
    return {
        "id": str(posting.pk),
        "state": step.after,
        "previousState": step.before or None,
        "reason": step.why or (posting.reason if is_current else ""),
        "field": posting.reason_field if is_current else "",
        "number": posting.external_number if is_posted else "",
        "externalId": posting.external_id if is_posted else None,
        "postedAt": instant(posting.posted_at) if is_posted else None,
    }


def _transaction(transaction: Transaction) -> dict[str, Any]:
    date = transaction.document_date
    return {
        "id": str(transaction.public_id),
        "kind": transaction.kind,
        "number": transaction.number,
        "answeredNumber": transaction.answered_number,
        "source": transaction.source,
        "externalId": transaction.external_id,
        "sourceNumber": transaction.source_number,
        "orderNumber": transaction.order_number,
        "supplierReference": transaction.supplier_reference,
        "supplierName": transaction.supplier_name,
        "date": date.isoformat() if date else None,
        "currency": transaction.currency,
        "net": _amount(transaction.net, transaction.currency),
        "tax": _amount(transaction.tax, transaction.currency),
        "gross": _amount(transaction.gross, transaction.currency),
    }


def _amount(amount: Decimal, currency: str) -> Decimal:
    """In the decimals of its currency, and never fewer than it has."""
    return Decimal(bare_amount(amount, currency))
