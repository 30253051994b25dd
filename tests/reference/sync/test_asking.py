"""Asking for runs, what pages show of them, and what is forgotten and told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.reference import RecordKind
from portal.connections.services import pause
from portal.events.models import AuditEvent
from portal.reference import waits
from portal.reference.sync import deciding
from portal.reference.sync.asking import CannotSync, ask, ask_all, kinds_of, source_for
from portal.reference.sync.forgetting import prune
from portal.reference.sync.leases import lease_of
from portal.reference.sync.models import KIND_CHOICES, SyncChange, SyncRun, SyncState
from portal.reference.sync.overview import overview, progress, records
from portal.reference.sync.runner import look
from portal.reference.sync.schedules import ensure
from tests.factories import StaffFactory
from tests.reference.sync.scene import SUPPLIER, Scene, a_record

pytestmark = pytest.mark.engine


def test_kinds_stand_in_the_order_of_the_pages_and_a_source_has_none(scene: Scene) -> None:
    assert [kind.value for kind in kinds_of(scene.books)] == [kind for kind, _ in KIND_CHOICES]
    assert kinds_of(scene.source) == []


def test_a_source_that_is_not_set_up_takes_nothing(scene: Scene) -> None:
    assert source_for(scene.books) == scene.source
    scene.source.settings = {"company_id": " "}
    scene.source.save()
    assert source_for(scene.books) is None


def test_a_run_in_progress_refuses_a_second_with_its_name(scene: Scene) -> None:
    run = scene.ask()
    lease = lease_of(run, SyncState.FETCHING, timezone.now())
    assert lease is not None
    SyncRun.objects.filter(pk=run.pk).update(done=300, total=1000)
    with pytest.raises(CannotSync) as refused:
        ask(scene.books, SUPPLIER)
    assert refused.value.message == "Suppliers: a sync is running already (fetching, 300 of 1,000, since 12:00)."
    assert ask(scene.books, RecordKind.TAX).state == SyncState.QUEUED


@pytest.mark.parametrize(
    ("status", "paused", "why"),
    [("deauthorised", False, "is Deauthorised: it cannot be read. Link it first."), ("linked", True, "is paused.")],
)
def test_a_connection_that_is_not_in_use_is_not_read(scene: Scene, status: str, paused: bool, why: str) -> None:
    scene.books.status, scene.books.paused = status, paused
    with pytest.raises(CannotSync, match=why):
        ask(scene.books, SUPPLIER)
    with pytest.raises(CannotSync, match="is a source"):
        ask(scene.source, SUPPLIER)


def test_all_kinds_are_asked_for_at_once_and_the_refused_ones_named(scene: Scene) -> None:
    ask(scene.books, RecordKind.TAX)
    person = StaffFactory.create(username="sam")
    runs, messages = ask_all(scene.books, user=person)
    assert [run.kind for run in runs] == [kind for kind, _ in KIND_CHOICES if kind != "tax"]
    assert messages == ["Tax codes: a sync is running already (queued, since 12:00)."]
    assert AuditEvent.objects.filter(verb="sync.asked", who="sam").count() == 5


def test_a_run_whose_connection_was_unlinked_meanwhile_says_so(scene: Scene) -> None:
    run = scene.ask()
    type(scene.books).objects.filter(pk=scene.books.pk).update(status="unlinked")
    assert scene.look(run).state == SyncState.PREREQUISITE_NOT_MET
    assert run.message == f"{scene.books} is Unlinked. Link it again, then synchronise."


def test_a_run_whose_connection_is_paused_waits(scene: Scene) -> None:
    scene.know(range(1, 3))
    run = scene.ask()
    pause(scene.books, who="tests", why="month end")
    assert scene.look(run).state == SyncState.QUEUED
    assert progress(run) == f"Waits until {scene.books} is in use again: it is paused."
    type(scene.books).objects.filter(pk=scene.books.pk).update(paused=False)
    assert scene.look(run, 55).state == SyncState.COMPLETE


def test_a_queued_run_can_be_cancelled(scene: Scene) -> None:
    run = scene.ask()
    deciding.cancel(run, StaffFactory.create(username="sam"), "not today")
    run.refresh_from_db()
    assert (run.state, run.message, scene.look(run, 60).read) == (
        SyncState.CANCELLED, "Cancelled by sam: not today", 0,
    )  # fmt: skip


def test_two_workers_that_take_one_run_get_it_once(scene: Scene) -> None:
    run = scene.ask()
    one, other = SyncRun.objects.get(pk=run.pk), SyncRun.objects.get(pk=run.pk)
    taken = [lease_of(which, SyncState.FETCHING, timezone.now()) for which in (one, other)]
    assert [lease is not None for lease in taken] == [True, False]


def test_the_overview_tells_every_kind_in_as_many_queries_as_for_one(scene: Scene) -> None:
    ensure(scene.books)
    scene.know(range(1, 6))
    scene.there.refuses = {"S02": "No."}
    run = scene.sync()
    with CaptureQueriesContext(connection) as queries:
        found = {one.kind: one for one in overview(scene.books)}
    assert len(queries) <= 7
    supplier, tax = found[SUPPLIER], found[RecordKind.TAX]
    assert (supplier.label, supplier.status_word, supplier.records, supplier.refused) == ("Suppliers", "Complete", 5, 1)
    assert (supplier.run, supplier.open_run, supplier.last_success_at) == (run, None, run.ended_at)
    assert (tax.status_word, tax.run, tax.records, tax.incomplete) == ("Initial", None, 0, [])
    assert supplier.schedule is not None
    scene.shelf.put(RecordKind.TAX, [])
    tax_run = ask(scene.books, RecordKind.TAX)
    found = {one.kind: one for one in overview(scene.books)}
    assert (found[RecordKind.TAX].open_run, found[RecordKind.TAX].status_word) == (tax_run, "Queued")


def test_mirrored_rows_are_searched_by_code_and_name(scene: Scene) -> None:
    scene.shelf.put(SUPPLIER, [a_record(1, name="Crown"), a_record(2, code="CR9"), a_record(3, name="Bell")])
    scene.sync()
    assert [one.code for one in records(scene.books, SUPPLIER)] == ["CR9", "S01", "S03"]
    assert [one.code for one in records(scene.books, SUPPLIER, search="cr")] == ["CR9", "S01"]


def test_progress_in_words(scene: Scene) -> None:
    run = scene.ask()
    assert progress(run) == "It starts in a moment."
    run.state, run.done = SyncState.FETCHING, 1300
    assert progress(run) == "Fetching from the accounting system: 1,300 rows"
    run.state, run.done, run.total, run.dimension = SyncState.PROCESSING, 200, 1000, "Department"
    assert progress(run) == "Sending to Fake source (Department): 200 of 1,000"


def test_history_is_forgotten_in_its_time_but_for_the_latest_of_each_kind(scene: Scene) -> None:
    scene.know(range(1, 4))
    first = scene.sync()
    scene.clock.shift(timedelta(days=91))
    assert prune(timezone.now()) == {"sync changes deleted": 3, "sync runs deleted": 0}
    scene.change(1, name="New")
    second = scene.sync()
    scene.clock.shift(timedelta(days=366))
    assert prune(timezone.now()) == {"sync changes deleted": 1, "sync runs deleted": 1}
    assert list(SyncRun.objects.filter(kind="supplier")) == [second]
    assert (first.pk == second.pk, SyncChange.objects.count()) == (False, 0)


def test_what_waits_for_a_person_is_found_and_settled(scene: Scene) -> None:
    scene.know(range(1, 6))
    scene.sync()
    scene.know([])
    run = scene.sync()
    assert (list(waits.waiting()), list(waits.failed())) == ([run], [])
    deciding.discard(run, StaffFactory.create(), "no")
    assert list(waits.waiting()) == []

    def failing(_: int) -> None:
        raise ZeroDivisionError

    scene.know(range(1, 6))
    scene.shelf.at_record = failing
    failed = scene.sync()
    assert list(waits.failed()) == [failed]
    scene.shelf.at_record = None
    scene.sync()
    assert list(waits.failed()) == []


def test_a_run_that_dies_five_times_while_it_reads_is_given_up(scene: Scene) -> None:
    class Killed(BaseException):
        """The process ended here."""

    def dies(_: int) -> None:
        raise Killed

    scene.know(range(1, 3))
    scene.shelf.at_record = dies
    run = scene.ask()
    for _ in range(5):
        with pytest.raises(Killed):
            look(timezone.now())
        scene.clock.shift(51)
    assert scene.look(run).state == SyncState.INTERNAL_ERROR
    assert run.message == "Reading it ended a worker five times. The log has the details."
