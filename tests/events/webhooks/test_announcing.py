"""What happened is announced exactly once, to those who asked for it, and costs nothing where the work is done."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.db import connections as databases
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from integrations.exact import to_json
from portal.connections.models import Connection, Endpoint
from portal.connections.services import deauthorise, pause, resume
from portal.events.models import AuditEvent
from portal.events.webhooks import logs
from portal.events.webhooks.announcing import YOUNG, announce
from portal.events.webhooks.models import Announcement, Dispatch, Tail
from portal.postings.models import Posting
from portal.postings.repair import retry, void
from portal.postings.states import State
from portal.reference.models import SyncRun, SyncState
from tests.admin.world import in_state
from tests.desk.syncs import a_sync
from tests.events.webhooks.ear import paused, subscribed
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    LedgerConnectionFactory,
    SourceConnectionFactory,
    StaffFactory,
    accepted,
    with_token,
)
from tests.intake.payloads import a_transaction, body

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def demo(db: None) -> Connection:
    """A linked company, and every log read up to its end."""
    announce()
    connection: Connection = DemoConnectionFactory.create()
    return connection


def told() -> list[str]:
    """The types that were announced, in order."""
    return list(Announcement.objects.order_by("id").values_list("type", flat=True))


def test_a_posting_is_told_in_full_and_once(demo: Connection) -> None:
    consumer, _ = subscribed(demo)
    ledger = LedgerConnectionFactory.create(company=CompanyFactory.create(tenant=demo.company.tenant))
    posting = accepted(ledger).posting
    assert (announce(), announce()) == (1, 0)
    posting = Posting.objects.get(pk=posting.pk)
    announcement = Announcement.objects.get()
    payload = announcement.payload
    assert announcement.type == "posting.posted"
    assert payload["posting"]["number"] == posting.external_number
    assert payload["posting"]["state"] == "posted"
    assert payload["company"] == {"id": str(ledger.company.pk), "name": ledger.company.name}
    assert '"gross": 120.00' in to_json(payload)
    assert Dispatch.objects.get().consumer == consumer


def test_every_end_of_a_posting_has_its_type(demo: Connection) -> None:
    subscribed(demo)
    staff = StaffFactory()
    for state in (State.POSTED, State.REJECTED, State.HELD, State.WITHDRAWN):
        in_state(demo, state)
    announce()
    assert sorted(told()) == ["posting.held", "posting.posted", "posting.rejected", "posting.withdrawn"]
    void(Posting.objects.get(state=State.HELD), by=staff, why="Twice over there.")
    retry(Posting.objects.get(state=State.REJECTED), by=staff, why="Mended.")
    announce()
    assert told()[4:] == ["posting.voided", "posting.retried"]
    assert Announcement.objects.get(type="posting.voided").payload["posting"]["reason"] == "Twice over there."


def test_what_becomes_of_a_connection_is_told(demo: Connection) -> None:
    subscribed(demo)
    pause(demo, who="staff", why="Stocktaking, a secret of ours")
    resume(demo, who="staff", why="Done")
    deauthorise(demo, who="worker", why="401")
    announce()
    assert told() == ["connection.paused", "connection.resumed", "connection.deauthorised"]
    first, _, last = Announcement.objects.order_by("id")
    assert (first.payload["connection"]["paused"], last.payload["connection"]["status"]) == (True, "Deauthorised")
    assert "Stocktaking" not in str(first.payload)


def test_syncs_are_told_when_they_end_however_long_they_took(demo: Connection) -> None:
    subscribed(demo)
    with time_machine.travel(timezone.now() - timedelta(days=2), tick=False):
        a_sync(demo, SyncState.COMPLETE, kind="account")
        slow = a_sync(demo, SyncState.QUEUED, kind="tax")
        announce()
        assert told() == ["sync.completed"]
    for _ in range(2):
        announce()
        assert Tail.objects.get(name="syncs").up_to == slow.pk
    SyncRun.objects.filter(pk=slow.pk).update(state=SyncState.FETCH_ERROR, ended_at=timezone.now())
    announce()
    announce()
    assert told() == ["sync.completed", "sync.failed"]
    assert Tail.objects.get(name="syncs").left == []


def test_a_sync_that_waits_for_a_person_is_told_once_and_again_when_it_ends(demo: Connection) -> None:
    subscribed(demo)
    run = a_sync(demo, SyncState.VALIDATION_QUEUED)
    announce()
    announce()
    assert told() == ["sync.waits_for_confirmation"]
    SyncRun.objects.filter(pk=run.pk).update(state=SyncState.CANCELLED, ended_at=timezone.now())
    announce()
    assert told() == ["sync.waits_for_confirmation", "sync.cancelled"]


def test_more_syncs_than_a_page_that_end_late_are_all_told(demo: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribed(demo)
    monkeypatch.setattr("portal.reference.announcing.PAGE", 2)
    monkeypatch.setattr("portal.events.webhooks.announcing.PAGE", 2)
    with time_machine.travel(timezone.now() - timedelta(hours=1), tick=False):
        for kind in ("supplier", "account", "tax", "currency", "dimension"):
            a_sync(demo, SyncState.QUEUED, kind=kind)
        announce()
    announce()
    SyncRun.objects.update(state=SyncState.COMPLETE, ended_at=timezone.now())
    a_sync(demo, SyncState.COMPLETE, kind="delivery_site")
    announce()
    assert told() == ["sync.completed"] * 6


def test_a_row_that_commits_behind_a_later_one_is_told_all_the_same(demo: Connection) -> None:
    subscribed(demo)
    top = paused(demo).pk + 1000
    announce()
    _late(demo, top)
    announce()
    _late(demo, top - 1)
    announce()
    announce()
    assert told() == ["connection.paused"] * 3
    assert Tail.objects.get(name="connections").up_to < top - 1


def test_the_mark_goes_past_a_row_when_no_earlier_one_can_come_any_more(demo: Connection) -> None:
    subscribed(demo)
    first = paused(demo).pk
    announce()
    assert Tail.objects.get(name="connections").up_to < first
    with time_machine.travel(timezone.now() + YOUNG + timedelta(seconds=1)):
        announce()
        assert Tail.objects.get(name="connections").up_to == first
        # Nothing behind the mark is looked at: not even where its announcement is gone.
        Announcement.objects.all().delete()
        announce()
    assert told() == []


@pytest.mark.django_db(transaction=True)
def test_of_two_who_read_at_once_one_announces(monkeypatch: pytest.MonkeyPatch) -> None:
    announce()
    demo = DemoConnectionFactory.create()
    subscribed(demo)
    subscribed(demo, url="https://hooks.example.com/b")
    for _ in range(5):
        paused(demo)
    both_have_read = threading.Barrier(2, timeout=20)
    _at_the_payloads(monkeypatch, "connections", both_have_read.wait)
    counts = list[int]()

    def read() -> None:
        try:
            counts.append(announce())
        finally:
            databases.close_all()

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(counts) == 2
    assert (sum(counts), Announcement.objects.count(), Dispatch.objects.count()) == (5, 5, 10)


def test_a_pass_that_breaks_off_loses_and_repeats_nothing(demo: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribed(demo)
    paused(demo)
    with monkeypatch.context() as broken:
        broken.setattr(Dispatch.objects, "bulk_create", _breaks)
        with pytest.raises(RuntimeError):
            announce()
    assert Announcement.objects.count() == 0
    announce()
    assert (Announcement.objects.count(), Dispatch.objects.count()) == (1, 1)


def test_only_who_asked_for_it_is_told(demo: Connection) -> None:
    elsewhere = CompanyFactory.create(tenant=demo.company.tenant)
    wanted = [
        subscribed(demo)[0],
        subscribed(demo, types=("connection.paused", "sync.failed"))[0],
        subscribed(demo, company_id=demo.company_id)[0],
    ]
    subscribed(demo, types=("posting.posted",))
    subscribed(demo, company_id=elsewhere.pk)
    subscribed(demo, disabled_at=timezone.now())
    subscribed(demo, deleted_at=timezone.now())
    subscribed(demo, created_at=timezone.now() + timedelta(minutes=1))
    subscribed(DemoConnectionFactory.create())
    paused(demo)
    announce()
    assert {each.consumer for each in Dispatch.objects.all()} == set(wanted)
    assert Announcement.objects.count() == 1


def test_nothing_is_kept_where_nobody_listens(
    demo: Connection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    paused(demo)
    in_state(demo, State.POSTED)
    with django_assert_num_queries(2):
        announce()
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        announce()
        subscribed(demo)
        announce()
    assert told() == []


def test_the_past_is_not_told_when_a_log_is_read_for_the_first_time(db: None) -> None:
    demo = DemoConnectionFactory.create()
    subscribed(demo)
    paused(demo)
    a_sync(demo, SyncState.COMPLETE)
    announce()
    paused(demo)
    announce()
    assert told() == ["connection.paused"]


def test_a_pass_costs_the_same_with_few_and_many_rows_to_tell(demo: Connection) -> None:
    subscribed(demo)
    costs = []
    for count in (2, 20):
        for _ in range(count):
            paused(demo)
        with CaptureQueriesContext(database) as asked:
            announce()
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_a_delivery_costs_the_same_whether_somebody_is_told_of_it_or_not(demo: Connection) -> None:
    ledger = LedgerConnectionFactory.create()
    endpoint, token = with_token(connection=SourceConnectionFactory.create(company=ledger.company))
    _delivered(endpoint, token)
    before = _delivered(endpoint, token)
    subscribed(ledger)
    after = _delivered(endpoint, token)
    assert len(after) == len(before)
    tables = ("events_announcement", "events_dispatch", "events_consumer", "events_tail")
    assert not any(table in str(query["sql"]) for table in tables for query in after)
    announce()
    assert told() == ["posting.posted"] * 3


def _late(connection: Connection, pk: int) -> None:
    company = connection.company
    AuditEvent.objects.create(
        pk=pk, who="staff", verb="connection.paused", subject_type="connections.connection",
        subject_id=str(connection.pk), tenant_id=company.tenant_id, company_id=company.pk, message="Paused.",
    )  # fmt: skip


def _delivered(endpoint: Endpoint, token: str) -> CaptureQueriesContext:
    """A document as iCompleat sends it, answered with a number; gives the queries that it took."""
    content = body(a_transaction())
    with CaptureQueriesContext(database) as asked:
        answer = Client().post(
            f"/webhooks/icompleat/{endpoint.pk}/", content, content_type="application/json",
            headers={"x-api-compleat-token": token},
        )  # fmt: skip
    assert answer.status_code == 200, answer.content
    return asked


def _breaks(*_: Any, **__: Any) -> None:
    raise RuntimeError("Killed in the middle.")


def _at_the_payloads(monkeypatch: pytest.MonkeyPatch, name: str, meet: Any) -> None:
    log = logs._logs[name]

    def payloads(keys: Sequence[int]) -> Any:
        meet()
        return log.payloads(keys)

    monkeypatch.setitem(logs._logs, name, replace(log, payloads=payloads))


def test_the_rows_stand_for_themselves(demo: Connection) -> None:
    consumer, _ = subscribed(demo)
    paused(demo)
    announce()
    (row,) = Dispatch.objects.select_related("announcement")
    assert str(row) == f"connection.paused {row.announcement.public_id} to {consumer.url}"
