"""The acceptance tests: rounds, what was seen since one began, what a person says of it, and the file."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.documents import Customer, Kind
from portal.amending.models import AmendmentDuty, DutyState, Member
from portal.connections.models import Connection, Endpoint
from portal.events.models import AuditEvent
from portal.intake import deliveries
from portal.intake.deliveries import Judgement
from portal.intake.endpoints import OpenEndpoint, find
from portal.intake.feeds.taking import CANCELLED
from portal.intake.models import Delivery, Origin, Verdict
from portal.postings.accept import accept
from portal.postings.cancelled import Ended
from portal.postings.destination import Destination
from portal.postings.models import Posting
from portal.uat import services
from portal.uat.evidence import evidence
from portal.uat.models import Finding, Outcome, Round
from portal.uat.steps import STEPS
from tests.desk.scene import Scene
from tests.desk.sources.test_linking import address, text_of
from tests.factories import (
    SALES_AS_THEY_COME,
    EndpointFactory,
    SourceConnectionFactory,
    a_document,
    a_line,
)

pytestmark = pytest.mark.engine


@pytest.fixture
def source(scene: Scene) -> Connection:
    """A link to accessplanit that nobody asks."""
    made: Connection = SourceConnectionFactory.create(company=scene.company, integration="accessplanit")
    EndpointFactory.create(connection=made)
    return made


@pytest.fixture
def begun(source: Connection) -> Round:
    """The first round, begun an hour ago."""
    made = services.begin(source, who="anna@example.org")
    Round.objects.filter(pk=made.pk).update(began_at=timezone.now() - timedelta(hours=1))
    made.refresh_from_db()
    return made


@pytest.fixture(autouse=True)
def books_take_sales(scene: Scene) -> None:
    """In the document's own codes."""
    Connection.objects.filter(pk=scene.connection.pk).update(mapping=SALES_AS_THEY_COME)
    scene.connection.refresh_from_db()


def an_invoice(scene: Scene, external_id: str, at: datetime | None = None) -> Posting:
    """A sales invoice of accessplanit that the ledger has posted."""
    document = a_document(
        external_id=external_id, source="accessplanit", kind=Kind.SALES_INVOICE,
        party=Customer(code="BRIGHT7KQ2", name="Brightwater Care Ltd"), lines=(a_line(account_code="4000"),),
    )  # fmt: skip
    return accept(document, Destination.of(scene.connection), received_at=at or timezone.now()).posting


def a_delivery(connection: Connection, verdict: Verdict, reason: str, **more: Any) -> None:
    found = find(connection.integration, Endpoint.objects.get(connection=connection).pk, timezone.now())
    assert isinstance(found, OpenEndpoint)
    pk = deliveries.keep(found, more.pop("at", timezone.now()), b"{}", {}, more.pop("origin", Origin.WEBHOOK))
    deliveries.judge(pk, Judgement(verdict, reason))
    Delivery.objects.filter(pk=pk).update(**more)


def seen(found: Round, step: str) -> list[str]:
    return [one.transaction.external_id for one in evidence(found)[step]]


def record(scene: Scene, number: int, step: str = "invoice-webhook", **values: str) -> Any:
    url = reverse("desk:fed-uat-record", args=[scene.company.pk, "accessplanit", number, step])
    return scene.client.post(url, values)


# --- rounds ---------------------------------------------------------------------------------------------------------


def test_before_the_first_round_the_page_says_how_it_goes(scene: Scene, source: Connection) -> None:
    body = text_of(scene.client.get(address(scene, "fed-uat")))
    assert "Try it on your sandbox first" in body
    assert f"{len(STEPS)}" == "11"
    assert "Eleven steps" in body
    assert scene.client.get(address(scene, "fed-uat-file")).status_code == 404


def test_begin_is_sent_twice_and_begins_once(scene: Scene, source: Connection) -> None:
    for _ in range(2):
        scene.client.post(address(scene, "fed-uat-begin"), {"after": ""})
    assert [one.number for one in Round.objects.filter(connection=source)] == [1]
    scene.client.post(address(scene, "fed-uat-begin"), {"after": "1"})
    assert services.current(source) == Round.objects.get(connection=source, number=2)
    assert AuditEvent.objects.filter(verb="uat.began", company_id=scene.company.pk).count() == 2


def test_a_new_round_is_empty_and_the_old_one_is_kept(scene: Scene, source: Connection, begun: Round) -> None:
    record(scene, 1, outcome="failed", note="It never came.")
    scene.client.post(address(scene, "fed-uat-begin"), {"after": "1"})
    now = text_of(scene.client.get(address(scene, "fed-uat")))
    assert "0 of 11 steps are decided." in now
    assert "It never came." not in now
    before = text_of(scene.client.get(address(scene, "fed-uat") + "?round=1"))
    assert "1 of 11 steps are decided." in before
    assert "It never came." in before
    assert "Record what you found" not in before
    for strange in ("3", "x", "99999999999"):
        assert scene.client.get(address(scene, "fed-uat") + f"?round={strange}").status_code == 404


# --- findings -------------------------------------------------------------------------------------------------------


def test_what_was_found_is_kept_with_who_and_when_and_nothing_is_overwritten(
    scene: Scene, source: Connection, begun: Round
) -> None:
    record(scene, 1, outcome="failed", note="The total is wrong.")
    record(scene, 1, outcome="noted", note="Asked support.")
    record(scene, 1, outcome="passed", note="")
    rows = Finding.objects.filter(round=begun)
    assert [one.outcome for one in rows] == [Outcome.FAILED, Outcome.NOTED, Outcome.PASSED]
    assert {one.who for one in rows} == {scene.user.get_username()}
    stand = services.stands(begun)[0]
    assert stand.latest is not None
    assert stand.latest.outcome == Outcome.PASSED
    assert "1 of 11 steps are decided." in text_of(scene.client.get(address(scene, "fed-uat")))


def test_a_mere_note_decides_nothing(scene: Scene, source: Connection, begun: Round) -> None:
    record(scene, 1, outcome="failed", note="Wrong.")
    record(scene, 1, outcome="noted", note="Still.")
    latest = services.stands(begun)[0].latest
    assert latest is not None
    assert latest.note == "Wrong."


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"outcome": "failed", "note": " "}, services.NO_WORDS),
        ({"outcome": "noted", "note": ""}, services.NO_WORDS),
        ({"note": "x"}, "Choose one."),
        ({"outcome": "maybe", "note": "x"}, "maybe is not one of the available choices"),
        ({"outcome": "failed", "note": "x" * 2001}, "at most 2000 characters"),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field(
    scene: Scene, source: Connection, begun: Round, values: dict[str, str], sentence: str
) -> None:
    response = record(scene, 1, **values)
    assert response.status_code == 200
    assert sentence in text_of(response)
    assert not Finding.objects.exists()


def test_a_round_that_is_over_takes_nothing_more(scene: Scene, source: Connection, begun: Round) -> None:
    services.begin(source, who="another")
    assert services.ANOTHER_ROUND in text_of(record(scene, 1, outcome="passed"))
    assert not Finding.objects.exists()


def test_what_is_no_step_and_no_round_does_not_exist(scene: Scene, source: Connection, begun: Round) -> None:
    assert record(scene, 1, "nothing", outcome="passed").status_code == 404
    assert record(scene, 7, outcome="passed").status_code == 404


# --- what was seen --------------------------------------------------------------------------------------------------


def test_a_transaction_that_was_hinted_at_is_one_by_webhook(scene: Scene, source: Connection, begun: Round) -> None:
    a_delivery(source, Verdict.HINT, "The record invoice Invoice-1 is read from its feed.")
    an_invoice(scene, "invoice-1")
    an_invoice(scene, "invoice-2")
    assert seen(begun, "invoice-webhook") == ["invoice-1"]
    assert seen(begun, "invoice-batch") == ["invoice-2"]
    assert seen(begun, "payment-webhook") == []


def test_what_came_before_the_round_is_none_of_it(scene: Scene, source: Connection, begun: Round) -> None:
    an_invoice(scene, "invoice-1", at=begun.began_at - timedelta(minutes=1))
    assert seen(begun, "invoice-batch") == []


def test_a_hint_of_long_ago_has_nothing_to_do_with_it(scene: Scene, source: Connection, begun: Round) -> None:
    at = timezone.now() - timedelta(minutes=30)
    a_delivery(source, Verdict.HINT, "The record invoice invoice-1 is read from its feed.", at=at)
    an_invoice(scene, "invoice-1")
    assert (seen(begun, "invoice-webhook"), seen(begun, "invoice-batch")) == ([], ["invoice-1"])


@pytest.mark.parametrize("verdict", [Verdict.CONTESTED, Verdict.REVISED, Verdict.SKIPPED])
def test_an_invoice_that_came_again_changed_is_an_update(
    scene: Scene, source: Connection, begun: Round, verdict: Verdict
) -> None:
    old = an_invoice(scene, "invoice-1", at=begun.began_at - timedelta(days=1))
    a_delivery(source, verdict, "It came again.", origin=Origin.FEED, transaction_id=old.transaction_id)
    assert seen(begun, "update-batch") == ["invoice-1"]
    assert seen(begun, "update-webhook") == []
    assert seen(begun, "invoice-batch") == []


def test_one_that_was_cancelled_is_no_update(scene: Scene, source: Connection, begun: Round) -> None:
    old = an_invoice(scene, "invoice-1", at=begun.began_at - timedelta(days=1))
    said = {"origin": Origin.FEED, "transaction_id": old.transaction_id}
    a_delivery(source, Verdict.CONTESTED, CANCELLED[Ended.CONTESTED], **said)
    assert seen(begun, "update-batch") == []


def written(source: Connection, posting: Posting, member: Member, after: str, **more: Any) -> None:
    """An amendment of an invoice that went into the source, unless `more` says otherwise."""
    now = timezone.now()
    values = {"state": DutyState.DONE, "ended_at": now, "noticed_at": now, "connection": source, **more}
    AmendmentDuty.objects.create(posting=posting, member=member, after=after, why="A test.", **values)


def test_what_was_written_into_its_invoices_is_seen(scene: Scene, source: Connection, begun: Round) -> None:
    old = an_invoice(scene, "invoice-1", at=begun.began_at - timedelta(days=1))
    new = an_invoice(scene, "invoice-2")
    written(source, old, Member.DUE_DATE, "2026-12-24")
    written(source, new, Member.POSTED_NUMBER, "JNL-000002")
    assert (seen(begun, "update-back"), seen(begun, "number-back")) == (["invoice-1"], ["invoice-2"])
    body = text_of(scene.client.get(address(scene, "fed-uat")))
    assert "Due date written there: 2026-12-24" in body.split('id="update-back"')[1].split("</li>")[0]


def test_what_is_not_written_or_was_before_or_went_into_the_books_is_not(
    scene: Scene, source: Connection, begun: Round
) -> None:
    posting = an_invoice(scene, "invoice-1")
    before = begun.began_at - timedelta(minutes=1)
    written(source, posting, Member.ORDER_NUMBER, "PO-2", state=DutyState.DUE, ended_at=None)
    written(source, posting, Member.ORDER_NUMBER, "PO-3", ended_at=before)
    written(source, posting, Member.DUE_DATE, "2026-12-24", connection=scene.connection)
    assert seen(begun, "update-back") == []


def test_the_page_shows_the_journal_number_and_the_finding_keeps_it(
    scene: Scene, source: Connection, begun: Round
) -> None:
    posting = an_invoice(scene, "invoice-1")
    number = posting.external_number or posting.transaction.number
    body = text_of(scene.client.get(address(scene, "fed-uat")))
    batch = body.split('id="invoice-batch"')[1].split("</li>")[0]
    assert f'journal number <span class="number">{number}</span>' in batch
    assert reverse("desk:transaction", args=[posting.transaction.public_id]) in batch
    record(scene, 1, "invoice-batch", outcome="passed")
    name = f"{posting.transaction.number} Sales invoice {posting.transaction.source_number}"
    assert Finding.objects.get().evidence == [f"{name}, read in a batch, journal number {number}."]


def test_the_page_costs_the_same_however_much_came(
    scene: Scene, source: Connection, begun: Round, django_assert_num_queries: Any
) -> None:
    client = scene.client
    an_invoice(scene, "invoice-1")
    with django_assert_num_queries(16):
        client.get(address(scene, "fed-uat"))
    for number in range(2, 6):
        an_invoice(scene, f"invoice-{number}")
        record(scene, 1, outcome="passed")
    with django_assert_num_queries(16):
        client.get(address(scene, "fed-uat"))


# --- the file -------------------------------------------------------------------------------------------------------


def test_the_file_has_every_step_and_every_finding(scene: Scene, source: Connection, begun: Round) -> None:
    record(scene, 1, outcome="failed", note="=1+1")
    record(scene, 1, outcome="passed")
    response = scene.client.get(address(scene, "fed-uat-file"))
    text = response.getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(STEPS) + 1
    assert [row["Outcome"] for row in rows[:3]] == ["Failed", "Passed", "Not tried"]
    assert rows[0]["Note"] == "'=1+1"
    assert rows[0]["Who"] == scene.user.get_username()
