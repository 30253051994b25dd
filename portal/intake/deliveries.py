"""Deliveries as rows: kept raw before anything reads them, and ended with the answer before it is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from integrations.base import Answer
from portal import prepared
from portal.intake.endpoints import OpenEndpoint
from portal.intake.models import Delivery, Origin, Verdict
from portal.intake.statements import END_DELIVERY, KEEP_DELIVERY

HIDDEN: Final = frozenset({"cookie", "authorization", "proxy-authorization"})
SECRET_WORDS: Final = ("token", "key", "secret", "auth", "signature", "password")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a delivery, besides its answer."""

    verdict: Verdict
    reason: str = ""
    field: str = ""
    transaction_id: int | None = None


def keep(
    endpoint: OpenEndpoint,
    received_at: datetime,
    body: bytes,
    headers: Mapping[str, str],
    origin: Origin = Origin.WEBHOOK,
) -> int:
    """Commit one delivery raw, its headers redacted; gives its id. `headers` has lower-case names."""
    fields = raw(received_at, body, headers)
    whose = {"endpoint_id": endpoint.id, "company_id": endpoint.company_id}
    if origin is not Origin.WEBHOOK or not prepared.can_run():
        fields["headers"] = redacted(headers)
        return Delivery.objects.create(**whose, **fields, origin=origin).pk
    row = prepared.run(KEEP_DELIVERY, {**whose, **fields})
    return int(row[0]) if row else 0


def raw(received_at: datetime, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """What is kept of a delivery at first, as values of a kept statement."""
    return {
        "received_at": received_at,
        "body": body,
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "headers": json.dumps(redacted(headers)),
    }


def end(delivery_id: int, judgement: Judgement, answer: Answer, after_ms: int) -> None:
    """Keep verdict and answer, and how long the sender waited for it."""
    fields = {
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "field": judgement.field[:200],
        "transaction_id": judgement.transaction_id,
        "answer_status": answer.status,
    }
    if prepared.can_run():
        body = json.dumps(answer.body)
        prepared.run(END_DELIVERY, {**fields, "delivery_id": delivery_id, "answer_body": body, "after_ms": after_ms})
    else:
        Delivery.objects.filter(pk=delivery_id).update(
            **fields, answer_body=dict(answer.body), answered_after_ms=after_ms
        )


def judge(delivery_id: int, judgement: Judgement) -> None:
    """Keep the verdict on what nobody waits for an answer to: it was read from the source, not sent by it."""
    Delivery.objects.filter(pk=delivery_id).update(
        verdict=judgement.verdict.value,
        reason=judgement.reason,
        field=judgement.field[:200],
        transaction_id=judgement.transaction_id,
    )


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """Header names with their values; what may be a secret shows ***."""
    return {name: "***" if _may_be_secret(name) else value[:500] for name, value in sorted(headers.items())}


@lru_cache(maxsize=256)
def _may_be_secret(name: str) -> bool:
    return name in HIDDEN or any(word in name for word in SECRET_WORDS)
