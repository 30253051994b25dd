"""The numbers for Prometheus: true, guarded, and as cheap after many postings as after few."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from portal.connections.models import Connection, Status
from portal.intake.models import Delivery, FedRecord, FeedReader, Verdict
from portal.operations.heartbeat import leave_sign
from portal.operations.metrics import exposition
from portal.operations.models import Part
from portal.postings.models import Attempt, Posting, Transaction
from portal.postings.reconciliation.models import DifferenceKind
from portal.reference.models import SyncState
from portal.timetable import registry
from portal.timetable.registry import Job
from portal.timetable.running import take
from portal.timetable.slots import hourly
from tests.admin.furniture import a_hint, a_reader, a_record_read, an_amendment
from tests.admin.reconciled import a_difference
from tests.admin.world import delivery
from tests.desk.syncs import a_sync, an_incomplete_list
from tests.factories import (
    DemoConnectionFactory,
    EndpointFactory,
    LedgerConnectionFactory,
    SourceConnectionFactory,
    a_document,
    a_line,
    accepted,
)
from tests.intake.found import a_source_difference

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def numbers() -> dict[str, float]:
    """Every sample as `name{label}` and value."""
    found = {}
    for family in text_string_to_metric_families(exposition().decode()):
        for sample in family.samples:
            found[sample.name + "".join(f"{{{value}}}" for value in sample.labels.values())] = sample.value
    return found


def test_what_is_open_is_counted_and_how_long_it_waits() -> None:
    demo = DemoConnectionFactory.create()
    posting = accepted(demo).posting
    Posting.objects.filter(pk=posting.pk).update(next_attempt_at=timezone.now() - timedelta(minutes=10))
    ledger = LedgerConnectionFactory.create()
    accepted(ledger)
    accepted(ledger, a_document(lines=(a_line(account_code="9999"),)))
    found = numbers()
    assert found["postroom_postings{ready}"] == 1
    assert found["postroom_postings{rejected}"] == 1
    assert found["postroom_postings{held}"] == 0
    assert "postroom_postings{posted}" not in found
    assert 600 <= found["postroom_oldest_due_seconds"] < 700
    assert 0 < found["postroom_oldest_held_seconds"] < 60


def test_connections_that_send_nothing_are_counted() -> None:
    for fields in (
        {"paused": True},
        {"status": Status.DEAUTHORISED},
        {"open_until": timezone.now() + timedelta(hours=1)},
    ):
        Connection.objects.filter(pk=DemoConnectionFactory.create().pk).update(**fields)
    found = numbers()
    assert [found[f"postroom_connections_stopped{{{why}}}"] for why in ("paused", "not_linked", "broken")] == [1, 1, 1]


def test_who_woke_the_workers_is_counted_over_all_of_them() -> None:
    leave_sign(Part.WORKER, "one:1", run_by_nudge=90, run_by_sweep=4)
    leave_sign(Part.WORKER, "two:1", run_by_nudge=9, run_by_sweep=0)
    leave_sign(Part.SCHEDULE, "three:1")
    found = numbers()
    assert (found["postroom_postings_run{nudge}"], found["postroom_postings_run{sweep}"]) == (99, 4)


def test_attempts_that_were_cut_off_are_counted_for_an_hour() -> None:
    posting = accepted(DemoConnectionFactory.create()).posting
    now = timezone.now()
    for number, (outcome, minutes) in enumerate(
        [("Died", 1), ("Died", 2), ("LeaseLost", 3), ("Posted", 1), ("Died", 61)]
    ):
        started_at = now - timedelta(minutes=minutes)
        Attempt.objects.create(
            posting=posting, number=number, purpose="send", started_at=started_at, ended_at=now, outcome=outcome
        )
    found = numbers()
    assert (found["postroom_attempts_cut_off{died}"], found["postroom_attempts_cut_off{held_up}"]) == (2, 1)


def test_a_job_that_is_late_shows_by_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    late, well = (Job(name, hourly(), print) for name in ("late", "well"))
    monkeypatch.setattr(registry, "_jobs", {job.name: job for job in (late, well)})
    take(late, timezone.now() - timedelta(hours=5))
    take(well, timezone.now())
    found = numbers()
    assert 3 * 3600 <= found["postroom_job_late_seconds{late}"] < 5 * 3600
    assert found["postroom_job_late_seconds{well}"] == 0


def test_answers_are_told_by_how_long_they_took_and_whose_number_they_held() -> None:
    ledger = LedgerConnectionFactory.create()
    own, ours = (accepted(ledger, a_document()).posting.transaction for _ in range(2))
    for transaction, told in ((own, "JNL-000001"), (ours, ours.number)):
        Transaction.objects.filter(pk=transaction.pk).update(answered_number=told)
    endpoint = EndpointFactory.create()
    common = {"endpoint": endpoint, "company": ledger.company, "body": b"{}", "answer_status": 200}
    now = timezone.now()
    for transaction, ms, verdict, received_at in (
        (own, 100, Verdict.ACCEPTED, now),
        (ours, 8000, Verdict.ACCEPTED, now),
        (own, 50, Verdict.REPEATED, now),
        (own, 60_000, Verdict.REPEATED, now - timedelta(hours=2)),
    ):
        Delivery.objects.create(
            **common, transaction=transaction, answered_after_ms=ms, verdict=verdict, received_at=received_at
        )
    found = numbers()
    assert (found["postroom_answer_seconds{0.5}"], found["postroom_answer_seconds{0.99}"]) == (0.1, 8.0)
    assert round(found["postroom_answers_with_own_number_ratio"], 3) == 0.667
    assert found["postroom_repeated_deliveries"] == 1


def test_what_was_refused_after_a_number_was_answered_is_counted() -> None:
    ledger = LedgerConnectionFactory.create()
    refused = accepted(ledger, a_document(lines=(a_line(account_code="9999"),))).posting.transaction
    assert numbers()["postroom_refused_after_answer"] == 0
    Transaction.objects.filter(pk=refused.pk).update(answered_number=refused.number)
    assert numbers()["postroom_refused_after_answer"] == 1


def test_open_differences_are_counted_by_kind() -> None:
    found = numbers()
    assert [found[f"postroom_differences{{{kind.value}}}"] for kind in DifferenceKind] == [0] * len(DifferenceKind)
    a_difference(DemoConnectionFactory.create(), DifferenceKind.DOUBLE)
    assert numbers()["postroom_differences{double}"] == 1
    assert numbers()["postroom_connections_unreconciled"] == 0


def test_the_cost_does_not_grow(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    connection = DemoConnectionFactory.create()
    for _ in range(5):
        accepted(connection, a_document())
    with django_assert_num_queries(27):
        exposition()


@pytest.mark.parametrize(
    "token,header,status",
    [("", "Bearer x", 404), ("right", "", 401), ("right", "Bearer wrong", 401), ("right", "Bearer right", 200)],
)
def test_it_is_for_those_who_know_the_token(
    client: Client, settings: Settings, token: str, header: str, status: int
) -> None:
    settings.METRICS_TOKEN = token
    response = client.get("/metrics", headers={"Authorization": header})
    assert response.status_code == status
    assert (b"postroom_postings" in response.content) is (status == 200)


def test_what_goes_back_and_forth_beside_the_postings_is_counted() -> None:
    connection, source = DemoConnectionFactory.create(), SourceConnectionFactory.create()
    a_sync(connection, SyncState.VALIDATION_QUEUED)
    a_sync(connection, SyncState.FETCH_ERROR, kind="account")
    an_incomplete_list(source)
    an_amendment(accepted(connection, a_document()).posting)
    a_source_difference(source)
    told = numbers()
    assert {name: value for name, value in told.items() if name.startswith("postroom_syncs") and value} == {
        "postroom_syncs{ValidationQueued}": 1,
        "postroom_syncs_failed": 1,
    }
    assert told["postroom_lists_incomplete"] == 1
    assert told["postroom_source_differences{never_received}"] == 1
    assert told["postroom_handovers{waiting}"] == 0
    assert (told["postroom_amendments{needs_a_person}"], told["postroom_amendments{due}"]) == (1, 0)


def test_feeds_that_stand_still_and_records_that_cannot_be_taken_are_counted() -> None:
    now = timezone.now()
    names = ("feeds_late_seconds", "feeds_stopped", "records_not_taken", "hints_waiting")
    assert {numbers()[f"postroom_{name}"] for name in names} == {0}
    source = SourceConnectionFactory.create(integration="accessplanit")
    reader = a_reader(source)
    FeedReader.objects.filter(pk=reader.pk).update(next_at=now - timedelta(minutes=10))
    refused = delivery(EndpointFactory.create(connection=source), Verdict.REFUSED)
    record = a_record_read(source)
    FedRecord.objects.filter(pk=record.pk).update(delivery=refused, again_at=now)
    a_hint(source)
    told = numbers()
    assert 600 <= told["postroom_feeds_late_seconds"] < 700
    assert [told[f"postroom_{name}"] for name in names[1:]] == [1, 1, 1]
    Connection.objects.filter(pk=source.pk).update(paused=True)
    told = numbers()
    assert [told[f"postroom_{name}"] for name in names[:2]] == [0, 0]
