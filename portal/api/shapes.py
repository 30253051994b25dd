"""What the API tells of a raised transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from portal.raising.models import Raised
from portal.raising.statuses import reason_of, status_of
from portal.raising.wanted import Problem


def raised_json(raised: Raised, warnings: Iterable[Problem] = ()) -> dict[str, Any]:
    """One raised transaction. Amounts are numbers in `currency`, times UTC."""
    transaction = raised.posting.transaction
    return {
        "key": raised.caller_key,
        "status": status_of(raised).value,
        "reason": reason_of(raised),
        "kind": transaction.kind,
        "stage": raised.wish,
        "number": transaction.number,
        "origin": raised.origin,
        "createdAt": _moment(raised.created_at),
        "supplierName": transaction.supplier_name,
        "currency": transaction.currency,
        "net": transaction.net,
        "tax": transaction.tax,
        "gross": transaction.gross,
        "posting": {
            "state": raised.posting.state,
            "reason": raised.posting.reason,
            "field": raised.posting.reason_field,
            "postedAt": _moment(raised.posting.posted_at),
        },
        "source": _source(raised),
        "cameBack": _came_back(raised),
        "warnings": [{"field": each.path, "message": each.message} for each in warnings],
    }


def _source(raised: Raised) -> dict[str, Any]:
    return {
        "integration": raised.posting.connection.integration,
        "transactionId": raised.posting.external_id,
        "number": raised.number_there or raised.posting.external_number,
        "stage": raised.stage_there,
        "word": raised.word_there,
        "seenAt": _moment(raised.stage_seen_at),
    }


def _came_back(raised: Raised) -> dict[str, Any] | None:
    back = raised.came_back
    if back is None:
        return None
    return {
        "number": back.number,
        "journalNumber": back.answered_number,
        "sourceNumber": back.source_number,
        "at": _moment(raised.came_back_at),
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
