"""A replacement that broke off begins again with its first row, by itself, before anything else is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from integrations.errors import LeaseLost, OutcomeUnknown, Rejected, Retryable, Unauthorised
from integrations.reply import unclear
from portal.reference.sync import deciding, leases, schedules
from portal.reference.sync.asking import CannotSync, ask
from portal.reference.sync.leases import broke_off
from portal.reference.sync.models import Record, SyncRun, SyncSchedule, SyncState
from portal.reference.sync.runner import look
from tests.factories import StaffFactory
from tests.reference.sync.far_ends import Call
from tests.reference.sync.scene import SUPPLIER, Scene

pytestmark = pytest.mark.engine

ROWS = 20
WHOLE = {f"S{one:02}": {"Code": f"S{one:02}", "Name": f"New {one}"} for one in range(1, ROWS + 1)}
CHUNKS = [
    "first S01 S02 S03 S04", "more S05 S06 S07 S08", "more S09 S10 S11 S12", "more S13 S14 S15 S16",
    "more S17 S18 S19 S20",
]  # fmt: skip


class Killed(BaseException):
    """The process ended here: nobody catches it."""


def nth(number: int, error: BaseException) -> Callable[[Call], None]:
    """Raise at the request with this number, from 1, once."""
    seen = list[Call]()

    def raising(call: Call) -> None:
        seen.append(call)
        if len(seen) == number:
            raise error

    return raising


@pytest.fixture
def changed(scene: Scene) -> Scene:
    """Twenty rows are there, and all of them are different now: five chunks."""
    scene.know(range(1, ROWS + 1))
    scene.sync()
    for number in range(1, ROWS + 1):
        scene.change(number, name=f"New {number}")
    return scene


def killed(scene: Scene) -> tuple[SyncRun, int]:
    """A run whose worker is killed; how many requests went out."""
    run = scene.ask()
    with pytest.raises(Killed):
        look(timezone.now())
    run.refresh_from_db()
    return run, len(scene.there.calls)


def nothing_slips_between(scene: Scene) -> None:
    """Nobody can send anything to that list meanwhile."""
    sent = len(scene.there.calls)
    SyncSchedule.objects.update_or_create(
        connection=scene.books, kind=SUPPLIER.value, defaults={"next_at": timezone.now()}
    )
    assert schedules.begin_due(timezone.now()) == []
    with pytest.raises(CannotSync):
        ask(scene.books, SUPPLIER, full=True)
    look(timezone.now())
    assert len(scene.there.calls) == sent


def comes_to_its_end(scene: Scene, run: SyncRun, sent: int, died_at: Any) -> None:
    """It resumes with the first chunk within a minute, and everything is there in the end."""
    scene.there.before = scene.there.after = None
    while (gone := timezone.now() - died_at) < timedelta(seconds=58) and run.state != SyncState.COMPLETE:
        scene.look(run, 3)
    resumed = scene.there.calls[sent:]
    assert run.state == SyncState.COMPLETE, (run.state, run.message, gone)
    assert [" ".join((call.verb, *call.codes)) for call in resumed] in (CHUNKS, [])
    assert all(call.at - died_at <= timedelta(minutes=1) for call in resumed)
    assert scene.there.rows() == WHOLE
    assert (scene.listed().is_incomplete, scene.listed().broke_off_at, scene.listed().rows) == (False, None, ROWS)
    assert Record.objects.filter(pushed_code="").count() == 0
    assert scene.sync().calls == 0


@pytest.mark.parametrize("chunk", range(1, 6))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_is_killed_at_a_chunk_leaves_a_list_that_mends_itself(
    changed: Scene, chunk: int, moment: str
) -> None:
    setattr(changed.there, moment, nth(chunk, Killed()))
    run, sent = killed(changed)
    died_at = timezone.now()
    assert (run.state, sent) == (SyncState.PROCESSING, chunk)
    assert changed.listed().is_incomplete
    nothing_slips_between(changed)
    comes_to_its_end(changed, run, sent, died_at)


@contextmanager
def at_write(number: int, *, before: bool, writes: list[str]) -> Iterator[None]:
    """The process ends before or after one of the writes to the database; `writes` gets all up to that one."""

    def wrap(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("UPDATE", "INSERT", "DELETE")):
            return execute(sql, params, many, context)
        writes.append(sql)
        if len(writes) == number and before:
            raise Killed
        result = execute(sql, params, many, context)
        if len(writes) == number:
            raise Killed
        return result

    with connection.execute_wrapper(wrap):
        yield


def test_a_worker_that_is_killed_around_any_write_leaves_a_list_that_mends_itself(scene: Scene) -> None:
    """Every write from taking the run to its end, before and after it."""
    scene.know(range(1, ROWS + 1))
    scene.sync()
    name, number, killed_at = 0, 0, list[str]()
    while True:
        number += 1
        for before in (True, False):
            name += 1
            for one in range(1, ROWS + 1):
                scene.change(one, name=f"New {one} {name}")
            run, writes = scene.ask(), list[str]()
            try:
                with at_write(number, before=before, writes=writes):
                    look(timezone.now())
            except Killed:
                killed_at.append(writes[-1])
            else:
                assert len(killed_at) >= 24, killed_at
                return
            run.refresh_from_db()
            sent, died_at = len(scene.there.calls), timezone.now()
            while run.state != SyncState.COMPLETE and timezone.now() - died_at < timedelta(seconds=58):
                scene.look(run, 3)
            assert run.state == SyncState.COMPLETE, (writes[-1], before, run.message)
            resumed = scene.there.said()[sent:]
            assert resumed in ([], CHUNKS), (writes[-1], before, resumed)
            expected = {code: {**row, "Name": f"{row['Name']} {name}"} for code, row in WHOLE.items()}
            assert scene.there.rows() == expected, (writes[-1], before)
            assert (scene.listed().is_incomplete, scene.listed().rows) == (False, ROWS)
            assert scene.sync().calls == 0, (writes[-1], before)


@pytest.mark.parametrize("chunk", range(1, 6))
def test_an_unknown_outcome_begins_again_in_the_same_run(changed: Scene, chunk: int) -> None:
    changed.there.after = nth(chunk, OutcomeUnknown("Fake source did not answer in time."))
    run = changed.sync()
    died_at = timezone.now()
    rows = (chunk - 1) * 4
    where = f"at row {rows} " if rows else ""
    assert (run.state, run.next_try_at) == (SyncState.PROCESSING_QUEUED, died_at + timedelta(seconds=5))
    assert run.message == (
        f"Broke off {where}(Fake source did not answer in time). It goes on by itself at 12:00 from the first row."
    )
    assert (changed.listed().is_incomplete, changed.listed().broke_off_at) == (True, died_at)
    nothing_slips_between(changed)
    comes_to_its_end(changed, run, chunk, died_at)


def test_it_is_tried_again_within_a_minute_however_often_it_broke_off(changed: Scene) -> None:
    def broken(_: Call) -> None:
        raise OutcomeUnknown("No answer.")

    changed.there.before = broken
    run, waits = changed.sync(), list[float]()
    for _ in range(8):
        assert run.next_try_at is not None
        waits.append((run.next_try_at - timezone.now()).total_seconds())
        changed.look(run, waits[-1])
    assert waits == [5, 10, 20, 40, 55, 55, 55, 55]
    assert changed.there.said() == [CHUNKS[0]] * 9


def test_a_chunk_that_was_certainly_not_taken_is_sent_again(changed: Scene) -> None:
    changed.there.before = nth(3, Retryable("Try again in 7 seconds.", retry_after=7, free=True))
    began = timezone.now()
    run = changed.sync()
    assert run.state == SyncState.COMPLETE
    assert changed.there.said() == [*CHUNKS[:3], *CHUNKS[2:]]
    assert (changed.there.calls[3].at - changed.there.calls[2].at).total_seconds() == 7
    assert (timezone.now() - began).total_seconds() == 8
    assert changed.there.rows() == WHOLE


def test_a_source_that_cannot_be_reached_for_long_is_left_and_tried_again(changed: Scene) -> None:
    def unreachable(call: Call) -> None:
        if call.verb == "more":
            raise Retryable("It could not be reached.")

    changed.there.before = unreachable
    run = changed.sync()
    assert (run.state, changed.listed().is_incomplete) == (SyncState.PROCESSING_QUEUED, True)
    changed.there.before = None
    assert changed.look(run, 60).state == SyncState.COMPLETE
    assert changed.there.rows() == WHOLE


def test_nothing_is_incomplete_when_the_first_chunk_never_arrived(changed: Scene) -> None:
    def unreachable(_: Call) -> None:
        raise Retryable("It could not be reached.")

    changed.there.before = unreachable
    run = changed.sync()
    assert (run.state, changed.listed().is_incomplete) == (SyncState.PROCESSING_QUEUED, False)
    while run.state == SyncState.PROCESSING_QUEUED:
        changed.look(run, 60)
    assert (run.state, run.message) == (SyncState.PROCESSING_ERROR, "It could not be reached.")


def test_a_refusal_in_the_middle_ends_the_run_and_the_next_one_replaces_the_list_first(changed: Scene) -> None:
    changed.there.before = nth(3, Rejected("Unknown company."))
    run = changed.sync()
    left = " Its list at Fake source is incomplete until the next sync of it has ended."
    assert (run.state, run.message) == (SyncState.PROCESSING_ERROR, f"Unknown company.{left}")
    changed.there.before = None
    run = changed.sync()
    assert (run.state, changed.there.said()) == (SyncState.COMPLETE, CHUNKS)
    assert changed.there.rows() == WHOLE


def test_a_key_that_is_revoked_in_the_middle_deauthorises_the_source(changed: Scene) -> None:
    changed.there.before = nth(2, Unauthorised("The key is not accepted."))
    run = changed.sync()
    changed.source.refresh_from_db()
    assert (run.state, changed.source.status) == (SyncState.AUTH_ERROR, "deauthorised")
    assert changed.listed().is_incomplete
    changed.books.refresh_from_db()
    assert changed.books.status == "linked"


def test_a_run_that_is_cancelled_stops_at_its_next_request_and_leaves_word(changed: Scene) -> None:
    run, person = changed.ask(), StaffFactory.create(username="sam")

    def cancelled(call: Call) -> None:
        if call.codes[0] == "S05":
            deciding.cancel(run, person, "wrong list")

    changed.there.after = cancelled
    look(timezone.now())
    run.refresh_from_db()
    assert (run.state, changed.there.said()) == (SyncState.CANCELLED, CHUNKS[:2])
    assert run.message == (
        "Cancelled by sam: wrong list Its list at Fake source is incomplete until the next sync of it has ended."
    )
    changed.there.after = None
    following = ask(changed.books, SUPPLIER)
    assert following.next_try_at == timezone.now() + timedelta(seconds=50), "a request may still be under way"
    changed.there.calls.clear()
    assert changed.look(following, 50).state == SyncState.COMPLETE
    assert (changed.there.said(), changed.there.rows()) == (CHUNKS, WHOLE)


def test_a_list_that_is_incomplete_is_replaced_although_nothing_changed(scene: Scene) -> None:
    scene.know(range(1, ROWS + 1))
    scene.sync()
    scene.there.before = nth(3, Rejected("Unknown company."))
    assert scene.sync(full=True).state == SyncState.PROCESSING_ERROR
    scene.there.before = None
    run = scene.sync()
    assert (run.state, scene.there.said(), len(scene.there.codes())) == (SyncState.COMPLETE, CHUNKS, ROWS)
    assert scene.sync().calls == 0


def test_a_worker_that_was_frozen_sends_nothing_when_it_wakes(changed: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between asking whether the run is still ours and the first byte half a minute went by."""
    kept = leases.Lease._held

    def frozen(lease: leases.Lease) -> Any:
        if len(changed.there.calls) == 2:
            changed.clock.shift(30)
        return kept(lease)

    monkeypatch.setattr(leases.Lease, "_held", frozen)
    run = changed.sync()
    assert (changed.there.said(), run.state) == (CHUNKS[:2], SyncState.PROCESSING)
    monkeypatch.undo()


def test_a_worker_whose_run_was_taken_over_sends_nothing(changed: Scene) -> None:
    """It slept through its lease in the middle of a request; the other one is at work already."""

    def slept(call: Call) -> None:
        if call.codes[0] == "S09" and changed.there.calls[-1] is call and len(changed.there.calls) == 3:
            changed.clock.shift(51)
            look(timezone.now())

    changed.there.after = slept
    run = changed.sync()
    assert run.state == SyncState.COMPLETE
    assert changed.there.said() == [*CHUNKS[:3], *CHUNKS]
    assert changed.there.rows() == WHOLE


def test_what_stops_in_good_order_goes_on_at_once_elsewhere(changed: Scene) -> None:
    def stopped(call: Call) -> None:
        if call.codes[0] == "S05":
            leases.stopping.set()

    changed.there.after = stopped
    run = changed.sync()
    assert (run.state, run.next_try_at, run.tries) == (SyncState.PROCESSING_QUEUED, timezone.now(), 0)
    leases.stopping.clear()
    changed.there.after = None
    changed.there.calls.clear()
    assert changed.look(run).state == SyncState.COMPLETE
    assert (changed.there.said(), changed.there.rows()) == (CHUNKS, WHOLE)


def test_a_source_that_is_paused_meanwhile_is_waited_for(changed: Scene) -> None:
    def paused(call: Call) -> None:
        if call.codes[0] == "S05":
            type(changed.source).objects.filter(pk=changed.source.pk).update(paused=True)
            changed.clock.shift(3)

    changed.there.after = paused
    run = changed.sync()
    assert (run.state, len(changed.there.calls)) == (SyncState.PROCESSING_QUEUED, 2)
    assert changed.look(run, 60).message == f"Waits until {changed.source} is in use again: it is paused."
    type(changed.source).objects.filter(pk=changed.source.pk).update(paused=False)
    changed.there.after = None
    assert changed.look(run, 60).state == SyncState.COMPLETE
    assert changed.there.rows() == WHOLE


def test_single_edits_that_broke_off_go_on_where_they_were(scene: Scene) -> None:
    scene.know(range(1, ROWS + 1))
    scene.sync()
    for number in (3, 7, 11):
        scene.change(number, name=f"New {number}")
    scene.there.after = nth(2, OutcomeUnknown("No answer."))
    run = scene.sync()
    assert (run.state, scene.there.said()) == (SyncState.PROCESSING_QUEUED, ["put S03", "put S07"])
    assert run.message == "Broke off at row 1 (No answer). It goes on by itself at 12:00."
    scene.look(run, 5)
    assert scene.there.said() == ["put S03", "put S07", "put S07", "put S11"]
    assert (run.state, run.sent, scene.listed().is_incomplete) == (SyncState.COMPLETE, 3, False)


def test_a_lost_lease_writes_nothing(changed: Scene) -> None:
    run = changed.ask()
    lease = leases.lease_of(run, SyncState.FETCHING, timezone.now())
    assert lease is not None
    SyncRun.objects.filter(pk=run.pk).update(lease_until=timezone.now())
    leases.release_dead(timezone.now())
    with pytest.raises(LeaseLost), lease.writing():
        Record.objects.update(name="stale")
    assert not Record.objects.filter(name="stale").exists()


def test_what_broke_off_is_not_said_to_be_looked_up() -> None:
    """A posting would be; a list is sent again."""
    run = SyncRun(done=300)
    why = str(unclear("iCompleat did not answer in time", wrote=True))
    assert broke_off(run, why, "at 14:05", from_the_start=True) == (
        "Broke off at row 300 (iCompleat did not answer in time, so it is not known whether the request was carried"
        " out). It goes on by itself at 14:05 from the first row."
    )
