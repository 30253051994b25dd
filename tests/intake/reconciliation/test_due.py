"""When a source is read by itself: at night where its tenant is, or when it has not been for too long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from portal.celery import app
from portal.connections.models import Connection
from portal.events.noticing import notice, open_matters
from portal.events.waits import waits
from portal.intake.models import SourceDifference, SourceRun
from portal.intake.reconciliation import run, tasks
from portal.intake.reconciliation.due import due, due_runs, unread_for_long
from portal.intake.reconciliation.leases import ask, take
from portal.tenants.models import Company, Tenant
from tests.factories import LedgerConnectionFactory
from tests.intake.reconciliation.conftest import a_source
from tests.intake.reconciliation.lists import NOW, a_standing
from tests.intake.reconciliation.played import reconciled
from tests.intake.reconciliation.scripted_source import There

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
HOUR = timedelta(hours=1)
# In London: 02:00 and 14:00, without summer time.
NIGHT, NOON = NOW, NOW + 12 * HOUR


@pytest.fixture(autouse=True)
def for_long(source: Connection) -> None:
    """The connection is not new."""
    Connection.objects.update(created_at=NOW - timedelta(days=90), linked_at=NOW - timedelta(days=90))


def ended(connection: Connection, state: str, at: datetime) -> SourceRun:
    return SourceRun.objects.create(
        connection=connection, state=state, since=at, until=at, asked_at=at, started_at=at, ended_at=at
    )


@pytest.mark.parametrize(
    ("at", "is_due"),
    [
        (datetime(2026, 11, 20, 0, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 20, 1, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 20, 4, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 20, 5, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 20, 0, 30, tzinfo=UTC), True),
        (datetime(2026, 7, 20, 4, 30, tzinfo=UTC), False),
    ],
)
def test_at_night_where_the_tenant_is(source: Connection, at: datetime, is_due: bool) -> None:
    Company.objects.update(live_at=datetime(2026, 1, 1, tzinfo=UTC))
    ended(source, "finished", at - 23 * HOUR)
    assert bool(due(at)) is is_due
    Tenant.objects.update(time_zone="Pacific/Auckland")
    assert due(at) == []


@pytest.mark.parametrize(
    ("state", "ago", "at", "is_due"),
    [
        ("finished", 11, NIGHT, False),
        ("finished", 13, NIGHT, True),
        ("part", 11, NIGHT, False),
        ("part", 13, NIGHT, True),
        ("unread", 0.5, NIGHT, False),
        ("unread", 1.5, NIGHT, True),
        ("abandoned", 1.5, NIGHT, True),
        ("failed", 0.5, NIGHT, False),
        ("finished", 35, NOON, False),
        ("finished", 37, NOON, True),
        ("unread", 2, NOON, True),
    ],
)
def test_once_a_night_an_hour_after_a_bad_one_and_by_day_when_it_is_late(
    source: Connection, state: str, ago: float, at: datetime, is_due: bool
) -> None:
    ended(source, state, at - ago * HOUR)
    assert bool(due(at)) is is_due


def test_a_new_connection_waits_for_its_first_night(source: Connection) -> None:
    Connection.objects.update(linked_at=NOON - HOUR)
    assert (due(NOON), due(NOON + 14 * HOUR)) == ([], [source])


def test_only_what_is_in_use_is_set_up_and_lists(source: Connection) -> None:
    assert due(NIGHT) == [source]
    source.secrets = {}
    source.save()
    assert due_runs(NIGHT) == []
    changes: list[dict[str, Any]] = [
        {"paused": True},
        {"settings": {}},
        {"integration": "another"},
        {"status": "blank"},
    ]
    for change in changes:
        Connection.objects.filter(pk=source.pk).update(**change)
        assert due(NIGHT) == []
        Connection.objects.filter(pk=source.pk).update(
            paused=False, settings={"base_url": "x"}, integration="icompleat", status="linked"
        )
    assert due(NIGHT) == [source]
    Company.objects.update(live_at=None)
    assert due(NIGHT) == []


def test_each_connection_has_a_nudge_of_its_own(source: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(tasks, "ring", rung.append)
    a_source(books=LedgerConnectionFactory)
    with time_machine.travel(NIGHT, tick=False):
        tasks.reconcile_sources_due(NIGHT)
        assert sorted(rung) == sorted(SourceRun.objects.filter(state="waiting").values_list("pk", flat=True))
        assert len(rung) == 2
        tasks.reconcile_sources_due(NIGHT)
    assert len(rung) == 2


def test_a_nudge_that_was_lost_is_sent_again(source: Connection) -> None:
    with time_machine.travel(NIGHT, tick=False):
        made = ask(source)
        assert due_runs(NIGHT) == []
        assert due_runs(NIGHT + timedelta(minutes=6)) == [made.pk]


def test_a_dead_run_is_closed_and_another_goes_on_an_hour_later(source: Connection) -> None:
    with time_machine.travel(NIGHT, tick=False):
        assert take(ask(source).pk) is not None
        assert due_runs(NIGHT + timedelta(minutes=10)) == []
        assert SourceRun.objects.get().state == "abandoned"
        assert len(due_runs(NIGHT + timedelta(minutes=71))) == 1


def test_a_nudge_runs_what_waits_and_goes_on_with_the_next(source: Connection, there: There) -> None:
    first, second = ask(source), ask(a_source(books=LedgerConnectionFactory))
    tasks.run_source_reconciliation(first.pk)
    assert set(SourceRun.objects.values_list("pk", "state")) == {(first.pk, "finished"), (second.pk, "finished")}
    tasks.run_source_reconciliation(first.pk)
    assert len(there.asked) == 4


def test_a_full_process_leaves_it_waiting(source: Connection) -> None:
    made, taken = ask(source), 0
    while run._room.acquire(blocking=False):
        taken += 1
    try:
        tasks.run_source_reconciliation(made.pk)
    finally:
        for _ in range(taken):
            run._room.release()
    made.refresh_from_db()
    assert (made.state, taken > 0) == ("waiting", True)


def test_three_days_without_a_good_run_are_told(source: Connection) -> None:
    now = timezone.now()
    Company.objects.update(live_at=now - timedelta(days=90))
    ended(source, "unread", now - timedelta(days=3, hours=1))
    assert not unread_for_long(now)
    ended(source, "unread", now - HOUR)
    assert list(unread_for_long(now)) == [source]
    notice(now)
    assert [matter.title for matter in open_matters("source.unread")] == [str(source)]
    ended(source, "part", now - timedelta(days=2))
    notice(now)
    assert (list(unread_for_long(now)), list(open_matters("source.unread"))) == ([], [])


def test_each_difference_is_told_until_it_is_settled(source: Connection, there: There) -> None:
    there.rows = [a_standing("one"), a_standing("two")]
    reconciled(source)
    notice(timezone.now())
    titles = [f"INV-{name}: never received, Northgate Training Ltd" for name in ("one", "two")]
    assert sorted(matter.title for matter in open_matters("source.difference")) == titles
    SourceDifference.objects.filter(external_id="one").update(state="dismissed", closed_at=NOW)
    notice(timezone.now())
    assert [matter.title for matter in open_matters("source.difference")] == titles[1:]


def test_the_workers_know_the_nudge_and_staff_are_told() -> None:
    assert "intake.reconcile" in app.tasks
    assert {"source.difference", "source.unread"} <= {one.kind for one in waits()}
