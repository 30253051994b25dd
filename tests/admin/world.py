"""Rows of every kind for the staff site, made the way the portal makes them, with secrets that no page may show."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Document
from portal.connections.models import Connection, Endpoint
from portal.connections.tokens import issue_token, paste_token
from portal.events.models import Alert, Matter
from portal.intake.deliveries import redacted
from portal.intake.models import Delivery, RefusedCalls, Verdict
from portal.operations.models import Part, Sign
from portal.postings.changes import change
from portal.postings.models import Attempt, Posting, Purpose, VoidNumbers
from portal.postings.repair import void
from portal.postings.states import Actor, State
from portal.reference.models import MappedCode
from portal.tenants.models import Company, Invitation
from portal.timetable.models import Outcome, Slot
from tests.admin.furniture import a_handover, an_amendment, at_the_vendor, master_data, of_the_source
from tests.admin.reconciled import a_difference, a_run
from tests.connections.runs import kept_run
from tests.desk.syncs import one_of_each
from tests.events.webhooks.ear import a_consumer, a_dispatch
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    EndpointFactory,
    LedgerConnectionFactory,
    SourceConnectionFactory,
    StaffFactory,
    TenantFactory,
    a_document,
    a_line,
    accepted,
)
from tests.raising.rows import a_raised, a_token

CONNECTION_SECRET = "planted-secret-of-the-connection"
PASTED_TOKEN = "planted-token-pasted-from-the-source"
LEASE = {"lease_token": uuid.UUID(int=7), "lease_until": timezone.now() + timedelta(hours=1)}
EXCHANGE = {
    "method": "POST",
    "url": "http://127.0.0.1:8001/demo/companies/harbour-street/bills",
    "request_headers": {"Authorization": "***", "Idempotency-Key": "b0f0"},
    "request_body": '{"reference":"P-000001","gross":120.00}',
    "status": 422,
    "response_headers": {"Content-Type": "application/json"},
    "response_body": '{"error":"Account 9999 is unknown."}',
    "duration_ms": 34,
    "failure": "",
}
# How each state is reached from `ready`, step by step.
WAYS: dict[State, tuple[tuple[State, Actor, Mapping[str, Any]], ...]] = {
    State.READY: (),
    State.SENDING: ((State.SENDING, Actor.WORKER, LEASE),),
    State.AWAITING: ((State.SENDING, Actor.WORKER, LEASE), (State.AWAITING, Actor.WORKER, {})),
    State.UNKNOWN: ((State.SENDING, Actor.WORKER, LEASE), (State.UNKNOWN, Actor.WORKER, {"may_exist": True})),
    State.CHECKING: (
        (State.SENDING, Actor.WORKER, LEASE),
        (State.UNKNOWN, Actor.WORKER, {"may_exist": True}),
        (State.CHECKING, Actor.WORKER, LEASE),
    ),
    State.POSTED: (),
    State.REJECTED: ((State.REJECTED, Actor.WORKER, {"reason": "Account 9999 is unknown.", "reason_field": "line 1"}),),
    State.HELD: ((State.HELD, Actor.WORKER, {"reason": "Two matches were found.", "may_exist": True}),),
    State.WITHDRAWN: ((State.WITHDRAWN, Actor.INTAKE, {"reason": "It could not be reached in time."}),),
    State.VOID: ((State.REJECTED, Actor.WORKER, {"reason": "Account 9999 is unknown."}),),
}


@dataclass(frozen=True)
class World:
    """What the tests look at."""

    ledger: Connection
    demo: Connection
    source: Connection
    endpoint: Endpoint
    token: str
    postings: Mapping[State, Posting]
    delivery: Delivery


def build() -> World:
    """One tenant, two companies, an endpoint with two tokens, a posting in every state, a delivery of every verdict."""
    tenant = TenantFactory.create(name="Northgate Group")
    northgate = CompanyFactory.create(name="Northgate Training Ltd", tenant=tenant)
    harbour = CompanyFactory.create(name="Harbour Street Studios Ltd", tenant=tenant)
    ledger = LedgerConnectionFactory.create(company=northgate)
    demo = DemoConnectionFactory.create(company=harbour, secrets={"token": CONNECTION_SECRET})
    source = SourceConnectionFactory.create(company=northgate)
    endpoint = EndpointFactory.create(connection=source)
    token = issue_token(endpoint, who="tests")
    paste_token(endpoint, PASTED_TOKEN, who="tests")
    booked = accepted(ledger, a_document(number="INV000100")).posting
    postings = {state: in_state(demo, state) for state in State}
    contested(booked)
    MappedCode.objects.create(connection=demo, family="account", source_code="5010", accounting_code="7100")
    deliveries = [delivery(endpoint, verdict, booked) for verdict in Verdict]
    RefusedCalls.objects.create(
        endpoint_id_called=str(endpoint.pk),
        hour=timezone.now().replace(minute=0, second=0, microsecond=0),
        count=7,
        header_names=["host", "x-company-token"],
        last_at=timezone.now(),
    )
    told_and_done(northgate)
    kept_run(demo)
    run = a_run(demo)
    a_difference(demo, "different", postings[State.POSTED], run)
    a_difference(demo, "extra", postings[State.HELD], run)
    of_the_source(source, endpoint, booked)
    one_of_each(demo, source)
    a_raised(postings[State.POSTED])
    a_token(tenant)
    a_handover(postings[State.POSTED])
    an_amendment(postings[State.POSTED])
    master_data(ledger)
    at_the_vendor(demo)
    return World(ledger, demo, source, endpoint, token, postings, deliveries[1])


def in_state(connection: Connection, state: State, document: Document | None = None) -> Posting:
    """A posting in this state, with an attempt where something was tried."""
    posting = accepted(connection, document or a_document(number=f"INV-{state.value}")).posting
    if state is State.POSTED:
        _post(posting)
    for after, who, fields in WAYS[state]:
        with atomic():
            assert change(posting, after, who=who, why=str(fields.get("reason", "")), **fields)
    if state is State.VOID:
        void(posting, by=StaffFactory.create(), why="It was typed in by hand.")
    if state in (State.POSTED, State.REJECTED, State.HELD):
        _attempt(posting, state)
    posting.refresh_from_db()
    return posting


def _post(posting: Posting) -> None:
    fields: dict[str, Any] = {
        "external_id": f"doc-{posting.pk}",
        "external_number": f"DB-{posting.pk:06d}",
        "posted_at": timezone.now(),
        "booked": {"net": "100.00", "tax": "20.00", "gross": "120.00", "currency": "GBP", "date": "2026-04-01"},
        "differences": [["date", "2026-03-14", "2026-04-01"]],
        "next_attempt_at": None,
    }
    with atomic():
        assert change(posting, State.POSTED, who=Actor.WORKER, **fields)


def _attempt(posting: Posting, state: State) -> None:
    started = timezone.now() - timedelta(seconds=1)
    Attempt.objects.create(
        posting=posting,
        number=1,
        purpose=Purpose.SEND,
        started_at=started,
        ended_at=started + timedelta(milliseconds=40),
        outcome="Posted" if state is State.POSTED else "Rejected",
        message="" if state is State.POSTED else "Account 9999 is unknown.",
        exchanges=[EXCHANGE],
    )


def contested(posting: Posting) -> None:
    """The same transaction again, dearer, after it was booked."""
    transaction = posting.transaction
    line = a_line(net=Decimal("140.00"), tax=Decimal("28.00"), gross=Decimal("168.00"))
    dearer = a_document(external_id=transaction.external_id, number=transaction.source_number, lines=(line,))
    assert accepted(posting.connection, dearer).taken == "contested"


def delivery(endpoint: Endpoint, verdict: Verdict, posting: Posting | None = None) -> Delivery:
    """What came in, judged as `verdict`."""
    body = json.dumps({"Id": "6f0f", "Type": "PurchaseInvoice", "Gross": 120.00}).encode()
    headers = {"content-type": "application/json", "x-api-compleat-token": PASTED_TOKEN, "user-agent": "Compleat"}
    return Delivery.objects.create(
        endpoint=endpoint,
        company=endpoint.connection.company,
        received_at=timezone.now(),
        body=body,
        body_sha256="ab" * 32,
        headers=redacted(headers),
        verdict=verdict,
        reason="The totals do not agree with the lines." if verdict == Verdict.UNREADABLE else "",
        field="Gross" if verdict == Verdict.UNREADABLE else "",
        transaction=posting.transaction if posting and verdict == Verdict.ACCEPTED else None,
        answer_status=200 if verdict == Verdict.ACCEPTED else 400,
        answer_body={"JournalNumber": "P-000001"}
        if verdict == Verdict.ACCEPTED
        else {"Message": "Nothing was booked."},
        answered_after_ms=41,
    )


def told_and_done(company: Company) -> None:
    """A matter that was told by mail, a slot of each outcome, a sign of life, numbers that were left out."""
    now = timezone.now()
    VoidNumbers.objects.create(company=company, series="P", first=4, last=2000, why="Restored.", who="sam", at=now)
    times = {"since": now, "noticed_at": now}
    matter = Matter.objects.create(kind="posting.held", subject_id="1", title="P-000001: held", path="/admin/", **times)
    Invitation.objects.create(
        tenant=company.tenant, email="pat@example.org", digest="d" * 64, expires_at=now + timedelta(days=7)
    )
    a_dispatch(a_consumer("https://hooks.example.com/postroom?code=planted", company.tenant_id)[0])
    mail = Alert.objects.create(recipient="ops@example.org", subject="Postroom: 1 posting held", text="x", made_at=now)
    mail.matters.add(matter)
    for number, outcome in enumerate(("", *Outcome)):
        Slot.objects.create(
            job="operations.clear_sessions", starts_at=now - timedelta(days=number), taken_at=now, taken_by="host:1",
            token=uuid.uuid4(), lease_until=now, outcome=outcome, finished_at=now if outcome else None,
        )  # fmt: skip
    Sign.objects.create(part=Part.WORKER, process="host:1", started_at=now, seen_at=now)
