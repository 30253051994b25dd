"""The way of a delivery after its token was found good: keep it raw, read it, accept it, answer it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from integrations.base import Answer, Expected, Source
from integrations.documents import Document, Kind
from integrations.errors import Malformed
from portal import context
from portal.connections.models import AnswerPolicy, Connection, Endpoint
from portal.connections.registry import accounting_system
from portal.connections.services import accounting_connection
from portal.intake.models import Delivery, Verdict
from portal.intake.strict_json import load
from portal.intake.waiting import wait_for
from portal.postings.accept import Acceptance, Taken, accept
from portal.postings.answer import Decision, decide
from portal.postings.states import State

NOT_LIVE = "{company} is not live yet, nothing was booked. Retry the posting after go-live."
NOT_LINKED = "No accounting system is linked to {company}, nothing was booked. Link one in Postroom, then retry."
NOT_TAKEN = "{system} cannot take a {kind}, nothing was booked. Ask for it to be kept as a memo entry in Postroom."
FAILED = "An error on our side: {name}. The log has the details; nothing was told to the source but that it failed."
HIDDEN = frozenset({"cookie", "authorization", "proxy-authorization"})
VERDICTS = {
    Taken.NEW: Verdict.ACCEPTED,
    Taken.REPEATED: Verdict.REPEATED,
    Taken.REVISED: Verdict.REVISED,
    Taken.CONTESTED: Verdict.CONTESTED,
}


class CannotAccept(Exception):
    """This delivery cannot become a transaction. `verdict` says which way, `message` is for the source."""

    def __init__(self, verdict: Verdict, message: str, field: str = "") -> None:
        super().__init__(message)
        self.verdict, self.message, self.field = verdict, message, field


@dataclass(frozen=True, slots=True)
class Received:
    """What goes back to the source, and which posting should be nudged first."""

    delivery: Delivery
    answer: Answer


def receive(
    source: Source, endpoint: Endpoint, body: bytes, headers: Mapping[str, str], ring: Callable[[int], None]
) -> Received:
    """Take one delivery from raw bytes to the answer.

    The delivery is committed before anything reads it. `ring` nudges a worker, after the commit of what was accepted;
    the answer does not depend on it. `headers` has lower-case names.
    """
    started = time.monotonic()
    delivery = _keep(endpoint, body, headers)
    with context.bound(company_id=delivery.company_id, delivery_id=delivery.pk):
        try:
            document = _read(source, endpoint, body)
            connection, kept = _destination(endpoint, document.kind)
            acceptance = accept(document, connection, kept=kept, received_at=delivery.received_at)
            answer = _answer(source, endpoint, delivery, acceptance, ring, started)
        except CannotAccept as refusal:
            delivery.verdict, delivery.reason, delivery.field = refusal.verdict, refusal.message, refusal.field[:200]
            answer = source.refuse(400, refusal.message)
        except (OperationalError, InterfaceError):
            raise  # the database that would keep the verdict is the one that failed
        except Exception as error:
            Delivery.objects.filter(pk=delivery.pk).update(
                verdict=Verdict.FAILED, reason=FAILED.format(name=type(error).__name__), answer_status=500
            )
            raise
        _close(delivery, answer, started)
    return Received(delivery, answer)


def _keep(endpoint: Endpoint, body: bytes, headers: Mapping[str, str]) -> Delivery:
    return Delivery.objects.create(
        endpoint=endpoint,
        company=endpoint.connection.company,
        received_at=timezone.now(),
        body=body,
        body_sha256=hashlib.sha256(body).hexdigest(),
        headers=redacted(headers),
    )


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """Header names with their values; what may be a secret shows ***."""
    return {name: "***" if _may_be_secret(name) else value[:500] for name, value in sorted(headers.items())}


def _may_be_secret(name: str) -> bool:
    return name in HIDDEN or any(word in name for word in ("token", "key", "secret", "auth", "signature", "password"))


def _read(source: Source, endpoint: Endpoint, body: bytes) -> Document:
    company = endpoint.connection.company
    expected = Expected(
        company_id=endpoint.connection.external_company_id,
        base_currency=company.base_currency,
        kind=Kind(endpoint.kind) if endpoint.kind else None,
    )
    try:
        document = source.parse(load(body), expected)
    except Malformed as error:
        raise CannotAccept(Verdict.UNREADABLE, error.message, error.field) from error
    if company.live_at is None or company.live_at > timezone.now():
        raise CannotAccept(Verdict.NOT_LIVE, NOT_LIVE.format(company=company.name))
    return document


def _destination(endpoint: Endpoint, kind: Kind) -> tuple[Connection, bool]:
    """Where a document of this kind goes, and whether it is only kept as a memo entry."""
    company = endpoint.connection.company
    connection = accounting_connection(company)
    if connection is None:
        raise CannotAccept(Verdict.REFUSED, NOT_LINKED.format(company=company.name))
    connector = accounting_system(connection.integration)
    if kind in connector.can.kinds:
        return connection, False
    if kind in connection.kept_kinds:
        return connection, True
    message = NOT_TAKEN.format(system=connector.metadata.name, kind=kind.label.lower())
    raise CannotAccept(Verdict.REFUSED, message, "Type")


def _answer(
    source: Source,
    endpoint: Endpoint,
    delivery: Delivery,
    acceptance: Acceptance,
    ring: Callable[[int], None],
    started: float,
) -> Answer:
    posting = acceptance.posting
    delivery.transaction, delivery.verdict = posting.transaction, VERDICTS[acceptance.taken]
    if acceptance.taken is Taken.CONTESTED:
        delivery.reason = acceptance.reason
        return source.refuse(400, acceptance.reason)
    with context.bound(posting_id=posting.pk):
        if posting.state == State.READY:
            ring(posting.pk)
        if endpoint.answer != AnswerPolicy.IMMEDIATE and not posting.transaction.answered_number:
            wait_for(posting.pk, endpoint.answer_within_seconds - (time.monotonic() - started))
        return _tell(source, endpoint, delivery, decide(posting.pk, endpoint.answer))


def _tell(source: Source, endpoint: Endpoint, delivery: Delivery, decision: Decision) -> Answer:
    delivery.reason = decision.reason
    if decision.status == 200:
        return source.acknowledge(decision.number, endpoint.answer_template)
    return source.refuse(decision.status, decision.reason)


def _close(delivery: Delivery, answer: Answer, started: float) -> None:
    """Keep the answer before it is sent."""
    delivery.answer_status, delivery.answer_body = answer.status, dict(answer.body)
    delivery.answered_after_ms = round((time.monotonic() - started) * 1000)
    delivery.save(
        update_fields=[
            "verdict", "reason", "field", "transaction", "answer_status", "answer_body", "answered_after_ms",
        ]
    )  # fmt: skip
