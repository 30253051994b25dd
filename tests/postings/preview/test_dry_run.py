"""The dry run shows the exact request that would write, against real stand-ins, and writes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from integrations.documents import Awaiting, Dimension, IdempotencyKey, Kind, Supplier
from integrations.errors import AnotherCompany, Misconfigured, Rejected, Retryable
from integrations.exact import from_json
from integrations.previewing import Objection, Preview
from portal.connections import onlookers
from portal.connections.models import Connection, Status
from portal.events.models import AuditEvent
from portal.intake.models import Delivery, Origin, Verdict
from portal.postings import work
from portal.postings.models import Attempt, Posting, Transition
from portal.postings.preview.report import DryRun, Outcome
from portal.postings.preview.running import MADE_UP, dry_run, dry_run_of
from portal.postings.states import State
from portal.reference.models import MappedCode, Record, SyncRun, SyncState
from portal.reference.rules import DimensionRule, How, Missing, Rule, Rules
from portal.reference.services import save_rules
from tests.factories import (
    DemoConnectionFactory,
    EndpointFactory,
    SourceConnectionFactory,
    a_document,
    a_line,
    accepted,
)
from tests.postings.fake_books import Books, FakeBooks
from tests.postings.preview.stand_ins import TOKEN, StandIn
from tests.samples import sample

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
LATER = "P-DRY-RUN and the key are made up: journal number and key are given when it is accepted."


def ours() -> list[int]:
    """How many rows there are of what a posting leaves behind."""
    return [model.objects.count() for model in (Posting, Attempt, Transition, AuditEvent)]


def test_it_shows_what_is_then_sent_to_the_last_byte_and_writes_nothing(stand_in: StandIn) -> None:
    posting = accepted(stand_in.connection, sample()).posting
    before, rows = stand_in.state(), ours()
    run = dry_run_of(posting)
    assert (run.outcome, len(run.requests)) == (Outcome.SENT, 1)
    assert (stand_in.state(), stand_in.writes(), ours()) == (before, [], rows)
    work.run(posting.pk)
    assert stand_in.state() != before
    sent = next(one for one in stand_in.recorder.seen if f"{one.method} {one.path}" == stand_in.writes()[0])
    (shown,) = run.requests
    assert (shown.method, shown.url.partition("?")[0].endswith(sent.path)) == (sent.method, True)
    assert from_json(shown.body) == from_json(sent.body.decode())


@pytest.mark.parametrize("kind", [Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PURCHASE_ORDER])
def test_no_kind_writes_anything_at_any_stand_in(stand_in: StandIn, kind: Kind) -> None:
    before = stand_in.state()
    run = dry_run(stand_in.connection, sample(kind))
    assert (run.outcome, stand_in.state(), stand_in.writes()) == (Outcome.SENT, before, [])
    assert TOKEN not in json.dumps(run.to_json())


def test_an_unknown_supplier_is_not_made_either(stand_in: StandIn) -> None:
    before = stand_in.state()
    dry_run(stand_in.connection, sample(party=Supplier(code="NEW01", name="New Supplier Ltd")))
    assert (stand_in.state(), stand_in.writes()) == (before, [])


def test_the_whole_of_it_for_a_document_without_a_number(demo: StandIn) -> None:
    save_rules(demo.connection, Rules(account=Rule(how=How.TABLE)), who="tests")
    MappedCode.objects.create(
        connection=demo.connection, family="account", source_code="V-HIRE", accounting_code="5010"
    )
    document = a_document(number="INV9", lines=(a_line(account_code="V-HIRE"),))
    run = dry_run(demo.connection, document, came_in=b'{"Id":"x"}')
    told = run.to_json()
    request = told.pop("requests")[0]
    assert json.loads(request["body"])["lines"][0]["account_code"] == "5010"
    assert json.loads(request["body"])["reference"] == MADE_UP
    assert request["headers"]["Authorization"] == "***"
    sent = replace(document, lines=(a_line(account_code="5010"),))
    assert (run.document, run.sent, told.pop("document"), told.pop("sent")["lines"][0]["account_code"]) == (
        document, sent, told_of(document), "5010",
    )  # fmt: skip
    assert run.key == told.pop("key")
    told.pop("at")
    assert told == {
        "system": "Demo Books",
        "outcome": "sent",
        "sentence": "Demo Books would be sent what stands here. Nothing was sent.",
        "field": "",
        "reference": "P-DRY-RUN",
        "is_made_up": True,
        "came_in": '{\n  "Id": "x"\n}',
        "codes": [
            row(None, "Supplier code", document.party.code or "", document.party.code or ""),
            row(None, "Currency", "GBP", "GBP"),
            row(1, "Account code", "V-HIRE", "5010"),
            row(1, "Tax code", "T1", "T1"),
        ],
        "gaps": [],
        "objections": [],
        "warnings": [],
        "notes": [LATER],
    }


def told_of(document: Any) -> dict[str, Any]:
    from integrations.content import to_json

    return to_json(document)


def row(line: int | None, what: str, own: str, sent: str, note: str = "") -> dict[str, Any]:
    return {"line": line, "what": what, "own": own, "sent": sent, "note": note}


def test_codes_are_shown_side_by_side(connection: Connection) -> None:
    centre = DimensionRule(name="Cost Centre", to="Centre", absent=Missing.DEFAULT, default="HQ")
    rules = Rules(
        account=Rule(how=How.TABLE),
        dimensions=(centre, DimensionRule(name="Tray", how=How.DROP)),
    )
    save_rules(connection, rules, who="tests")
    header = (Dimension(name="CostCentre", code="TRN"), Dimension(name="Tray", code="7"))
    run = dry_run(connection, a_document(dimensions=header, lines=(a_line(account_code="1"), a_line(2))))
    assert [(one.line, one.what, one.own, one.sent, one.note) for one in run.codes[2:]] == [
        (None, "CostCentre", "TRN", "TRN", "As Centre"),
        (None, "Tray", "7", "", "Not sent"),
        (1, "Account code", "1", "", "Missing"),
        (1, "Tax code", "T1", "T1", ""),
        (2, "Account code", "5010", "", "Missing"),
        (2, "Tax code", "T1", "T1", ""),
    ]


def test_missing_codes_are_told_and_nobody_is_asked(demo: StandIn) -> None:
    save_rules(demo.connection, Rules(account=Rule(how=How.TABLE), tax=Rule(how=How.TABLE)), who="tests")
    run = dry_run(demo.connection, a_document(lines=(a_line(), a_line(2, tax_code="T0"))))
    assert (run.outcome, run.sent, run.requests) == (Outcome.GAPS, None, ())
    assert run.sentence == "It would be refused: the mapping lacks 3 codes. Nothing would be sent."
    assert [(one.family, one.code, one.line) for one in run.distinct_gaps] == [
        ("account", "5010", 1), ("tax", "T1", 1), ("tax", "T0", 2),
    ]  # fmt: skip
    assert list(demo.recorder.seen) == []


def test_what_the_mirror_lacks_is_a_warning(demo: StandIn) -> None:
    SyncRun.objects.create(
        company=demo.connection.company, connection=demo.connection, kind="account", state=SyncState.COMPLETE,
        asked_at=timezone.now(),
    )  # fmt: skip
    run = dry_run(demo.connection, a_document())
    assert run.warnings == ("Demo Books has no account code 5010. Add it there, or send another code by the mapping.",)
    assert run.outcome is Outcome.SENT
    assert Record.objects.count() == 0


def test_objections_are_told_all_together(
    connection: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (Objection(message="The day is closed.", field="date"), Objection(message="Line 1 is negative.", line=1))
    monkeypatch.setattr(FakeBooks, "objections", lambda *_: found)
    run = dry_run(connection, a_document())
    assert (run.outcome, run.objections, run.requests) == (Outcome.OBJECTIONS, found, ())
    assert run.sentence == "Fake books would refuse it. Nothing would be sent."
    assert books.count() == 0


def test_what_a_system_refuses_only_on_the_way_is_an_objection_too(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Account 9999 of line 2 is not known. Correct it, or add it there."

    def refuses(*_: Any, **__: Any) -> Preview:
        raise Rejected(said, field="lines")

    monkeypatch.setattr(FakeBooks, "preview", refuses)
    run = dry_run(connection, a_document())
    assert (run.outcome, run.objections) == (Outcome.OBJECTIONS, (Objection(message=said, field="lines"),))


@pytest.mark.parametrize("error", [Misconfigured, AnotherCompany])
def test_what_is_wrong_with_the_link_is_not_held_against_the_document(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, error: type[Rejected]
) -> None:
    def refuses(*_: Any, **__: Any) -> Preview:
        raise error("Look at the settings.")

    monkeypatch.setattr(FakeBooks, "preview", refuses)
    assert outcome(dry_run(connection, a_document())) == (Outcome.FAILED, "Look at the settings.")


def test_a_kind_that_is_kept_and_one_that_is_refused_say_so(connection: Connection, books: Books) -> None:
    receipt = a_document(kind=Kind.RECEIPT)
    assert outcome(dry_run(connection, receipt)) == (
        Outcome.NOT_TAKEN,
        "Fake books cannot take receipts, so it is refused. Ask for them to be kept as memo entries.",
    )
    connection.kept_kinds = [Kind.RECEIPT.value]
    kept = "Fake books does not take receipts, so it is kept as a numbered memo entry. Nothing would be sent."
    assert outcome(dry_run(connection, receipt)) == (Outcome.KEPT, kept)
    assert outcome(dry_run_of(accepted(connection, receipt, kept=True).posting)) == (Outcome.KEPT, kept)


def outcome(run: DryRun) -> tuple[Outcome, str]:
    return run.outcome, run.sentence


def test_what_is_there_already_is_found(demo: StandIn) -> None:
    posting = accepted(demo.connection, sample()).posting
    work.run(posting.pk)
    posting.refresh_from_db()
    run = dry_run_of(posting)
    assert run.notes == (
        f"It is posted already as {posting.external_number}. This is what would be sent if it were sent now.",
    )
    assert (run.reference, run.is_made_up, run.key) == (
        posting.transaction.number, False, str(posting.idempotency_key),
    )  # fmt: skip


def test_what_was_taken_before_says_so(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeBooks, "preview", lambda *_, **__: Preview(there=Awaiting(operation="7")))
    assert outcome(dry_run(connection, a_document())) == (
        Outcome.THERE,
        "Fake books has taken it already and is still working on it: nothing would be sent.",
    )


def test_errors_are_told_in_their_sentence(demo: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    demo.connection.secrets = {"token": "another"}
    assert outcome(dry_run(demo.connection, a_document())) == (
        Outcome.SENT, "Demo Books would be sent what stands here. Nothing was sent.",
    )  # fmt: skip
    away = DemoConnectionFactory.create()
    tryton = replace_integration(away, "tryton", {"base_url": "http://127.0.0.1:9", "database": "d", "company_id": "1"})
    assert outcome(dry_run(tryton, a_document())) == (
        Outcome.FAILED, "127.0.0.1 could not be reached, so nothing was sent. It will be tried again.",
    )  # fmt: skip


def replace_integration(connection: Connection, slug: str, settings: dict[str, str]) -> Connection:
    connection.integration, connection.settings = slug, settings
    return connection


def test_a_bug_is_told_and_logged(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Preview:
        raise KeyError("secret-of-the-traceback")

    monkeypatch.setattr(FakeBooks, "preview", broken)
    assert outcome(dry_run(connection, a_document())) == (
        Outcome.FAILED, "An error on our side: KeyError. The log has the details.",
    )  # fmt: skip


def test_a_connection_that_is_not_linked_is_not_asked(demo: StandIn) -> None:
    demo.connection.status = Status.DEAUTHORISED
    run = dry_run(demo.connection, a_document())
    assert run.outcome is Outcome.FAILED
    assert run.sentence == f"{demo.connection} is Deauthorised, so Demo Books cannot be asked. Link it first."
    assert (run.sent is not None, list(demo.recorder.seen)) == (True, [])


def test_a_paused_one_is_asked_and_says_that_it_is_paused(demo: StandIn) -> None:
    demo.connection.paused = True
    run = dry_run(demo.connection, a_document())
    assert (run.outcome, run.notes[-1]) == (
        Outcome.SENT, "The connection is paused: nothing is sent for it until it is resumed.",
    )  # fmt: skip


def test_few_pages_wait_at_once(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onlookers, "MOST_OF_ONE", 0)
    assert outcome(dry_run(connection, a_document())) == (Outcome.FAILED, onlookers.BUSY)


def test_an_integration_that_is_gone_and_rules_that_are_broken_say_so(connection: Connection) -> None:
    connection.mapping = {"account": 1}
    assert dry_run(connection, a_document()).field == "mapping"
    connection.integration = "gone"
    assert dry_run(connection, a_document()).sentence == (
        "This release does not know gone, so nothing can be sent there."
    )


def test_what_came_in_is_the_delivery_whose_content_counts(connection: Connection) -> None:
    posting = accepted(connection, a_document()).posting
    assert dry_run_of(posting).came_in == ""
    endpoint = EndpointFactory.create(connection=SourceConnectionFactory.create(company=connection.company))
    bodies = {Verdict.REVISED: b'{"Net":30.00}', Verdict.CONTESTED: b'{"Net":31}', Verdict.REPEATED: b"{}"}
    for verdict, body in bodies.items():
        Delivery.objects.create(
            endpoint=endpoint, company=connection.company, received_at=timezone.now(), body=body, body_sha256="-",
            verdict=verdict, transaction=posting.transaction, origin=Origin.WEBHOOK,
        )  # fmt: skip
    assert dry_run_of(posting).came_in == '{\n  "Net": 30.00\n}'


def test_the_ledger_shows_its_entry_and_books_nothing() -> None:
    from ledger.models import Counter, Entry
    from tests.factories import LedgerConnectionFactory

    linked = LedgerConnectionFactory.create()
    before = list(Counter.objects.order_by("series").values_list("series", "last"))
    run = dry_run(linked, sample(), key=IdempotencyKey("k"), reference="P-000007")
    assert outcome(run) == (Outcome.SENT, "Postroom ledger would book what stands here. Nothing was booked.")
    (request,) = run.requests
    assert (request.method, request.url, json.loads(request.body)["reference"]) == ("BOOK", "", "P-000007")
    assert Entry.objects.count() == 0
    assert list(Counter.objects.order_by("series").values_list("series", "last")) == before


def test_no_limit_left_is_told(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> Preview:
        raise Retryable("The limits are used up.", free=True)

    monkeypatch.setattr(FakeBooks, "preview", full)
    assert outcome(dry_run(connection, a_document())) == (Outcome.FAILED, "The limits are used up.")
    assert State(accepted(connection, a_document()).state) is State.READY
    assert not database.needs_rollback
