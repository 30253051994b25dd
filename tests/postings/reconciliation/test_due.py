"""When a connection is reconciled by itself, and when somebody is told that it was not."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.connections.models import Connection, Status
from portal.postings.models import ReconciliationRun
from portal.postings.reconciliation import run, tasks
from portal.postings.reconciliation.due import due, due_runs, unread_for_long
from portal.postings.reconciliation.leases import take
from tests.factories import LedgerConnectionFactory, SourceConnectionFactory, accepted
from tests.postings.fake_books import Books
from tests.postings.reconciliation.played import key_of, posted

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

NOW = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


def ended(connection: Connection, state: str, ago: timedelta) -> ReconciliationRun:
    return ReconciliationRun.objects.create(
        connection=connection, state=state, since=NOW, until=NOW, asked_at=NOW - ago, ended_at=NOW - ago
    )


@pytest.mark.parametrize(
    "state,hours,is_due",
    [
        ("finished", 23, False),
        ("finished", 25, True),
        ("unread", 0.5, False),
        ("unread", 1.5, True),
        ("abandoned", 1.5, True),
        ("failed", 0.5, False),
    ],
)
def test_a_day_after_the_last_good_run_and_an_hour_after_a_bad_one(
    fake: Connection, state: str, hours: float, is_due: bool
) -> None:
    assert list(due(NOW)) == [fake]
    ended(fake, state, timedelta(hours=hours))
    assert bool(due(NOW)) is is_due


def test_only_what_is_in_use_and_can_list(fake: Connection, books: Books) -> None:
    ledger = LedgerConnectionFactory.create()
    SourceConnectionFactory.create()
    assert set(due(NOW)) == {fake, ledger}
    Connection.objects.filter(pk=fake.pk).update(paused=True)
    Connection.objects.filter(pk=ledger.pk).update(status=Status.DEAUTHORISED)
    assert not due(NOW)


def test_each_connection_has_a_nudge_of_its_own(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(tasks, "ring", rung.append)
    LedgerConnectionFactory.create()
    tasks.reconcile_due(timezone.now())
    assert sorted(rung) == sorted(ReconciliationRun.objects.filter(state="waiting").values_list("pk", flat=True))
    assert len(rung) == 2
    tasks.reconcile_due(timezone.now())
    assert len(rung) == 2


def test_a_nudge_that_was_lost_is_sent_again(fake: Connection) -> None:
    made = run.ask_now(fake)
    assert due_runs(timezone.now()) == []
    assert due_runs(timezone.now() + timedelta(minutes=6)) == [made.pk]


def test_a_dead_run_is_closed_and_begun_anew_an_hour_later(fake: Connection) -> None:
    made = run.ask_now(fake)
    assert take(made.pk) is not None
    now = timezone.now()
    assert due_runs(now + timedelta(minutes=10)) == []
    assert ReconciliationRun.objects.get().state == "abandoned"
    (following,) = due_runs(now + timedelta(minutes=71))
    assert following != made.pk


def test_a_nudge_runs_what_waits_and_goes_on_with_the_next(fake: Connection, books: Books) -> None:
    posted(fake)
    other = LedgerConnectionFactory.create()
    first, second = run.ask_now(fake), run.ask_now(other)
    tasks.run_reconciliation(first.pk)
    for made in (first, second):
        made.refresh_from_db()
        assert made.state == "finished"
    tasks.run_reconciliation(first.pk)
    assert ReconciliationRun.objects.count() == 2


def test_a_full_process_leaves_it_waiting(fake: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run.ask_now(fake)
    taken = 0
    while run._room.acquire(blocking=False):
        taken += 1
    try:
        tasks.run_reconciliation(made.pk)
    finally:
        for _ in range(taken):
            run._room.release()
    made.refresh_from_db()
    assert (made.state, taken > 0) == ("waiting", True)


def test_three_days_without_a_good_run_are_told(fake: Connection) -> None:
    ended(fake, "unread", timedelta(days=3, hours=1))
    assert not unread_for_long(NOW)
    ended(fake, "unread", timedelta(hours=1))
    assert list(unread_for_long(NOW)) == [fake]
    ended(fake, "finished", timedelta(days=2))
    assert not unread_for_long(NOW)


def test_two_days_without_a_good_run_are_not(fake: Connection) -> None:
    for days in (0, 1, 2):
        ended(fake, "unread", timedelta(days=days, hours=1))
    assert not unread_for_long(NOW)


# --- by hand ----------------------------------------------------------------------------------------------------------


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("reconcile", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_how_it_went(fake: Connection, books: Books) -> None:
    posted(fake)
    accepted(LedgerConnectionFactory.create())
    lines = told().splitlines()
    assert lines[0] == (
        f"{fake}: Finished: 1 read, 1 compared, 1 agree; 0 missing, 0 extra, 0 double, 0 different; "
        "0 dismissed before, 0 left for the next run, 0 resolved."
    )
    assert "1 read, 1 compared, 1 agree" in lines[1]
    assert len(told("--connection", str(fake.pk), "--days", "3").splitlines()) == 1
    assert ReconciliationRun.objects.filter(connection=fake).count() == 2


def test_the_command_fails_where_something_differs_or_cannot_be_read(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    del books.documents[key_of(posted(fake))]
    with pytest.raises(CommandError, match="Not everything is in order"):
        told()
    Connection.objects.filter(pk=fake.pk).update(paused=True)
    with pytest.raises(CommandError, match="Not everything"):
        told("--connection", str(fake.pk))
    with pytest.raises(CommandError, match="at least 1"):
        told("--days", "0")
    with pytest.raises(CommandError, match="There is no connection"):
        told("--connection", "8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11")
