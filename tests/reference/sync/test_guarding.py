"""Nothing that removes much goes out before a person has said so."""

from __future__ import annotations

import pytest

from integrations.errors import Unauthorised
from portal.events.models import AuditEvent
from portal.reference.sync import deciding
from portal.reference.sync.asking import CannotSync
from portal.reference.sync.models import Record, SyncRun, SyncState
from tests.factories import StaffFactory
from tests.reference.sync.far_ends import FakeSource
from tests.reference.sync.scene import Scene

pytestmark = pytest.mark.engine


def waiting(scene: Scene, left: int, had: int = 10) -> SyncRun:
    """A run that would leave so many rows."""
    scene.know(range(1, had + 1))
    scene.sync()
    scene.know(range(1, left + 1))
    return scene.sync()


@pytest.mark.parametrize("left", [0, 1, 7])
def test_a_list_that_would_lose_more_than_a_fifth_waits_for_a_person(scene: Scene, left: int) -> None:
    run = waiting(scene, left)
    assert (run.state, run.next_try_at, run.lease_token) == (SyncState.VALIDATION_QUEUED, None, None)
    assert run.guard == [{"dimension": "", "before": 10, "after": left}]
    assert run.message == (
        f"Suppliers: 10 rows at Fake source would become {left}. Nothing was sent. Confirm it, or discard it."
    )
    assert (scene.there.said(), len(scene.there.codes())) == ([], 10)
    assert scene.look(run, 86_400).state == SyncState.VALIDATION_QUEUED
    assert scene.there.said() == []


def test_a_list_that_loses_a_fifth_goes_out(scene: Scene) -> None:
    run = waiting(scene, 8)
    assert (run.state, len(scene.there.codes())) == (SyncState.COMPLETE, 8)


def test_what_is_confirmed_goes_out_without_being_read_again(scene: Scene) -> None:
    run, person = waiting(scene, 5), StaffFactory.create(username="sam")
    deciding.confirm(run, person)
    scene.shelf.put("supplier", [])
    scene.look(run)
    assert (run.state, scene.there.said()) == (SyncState.COMPLETE, ["first S01 S02 S03 S04", "more S05"])
    assert (run.confirmed_by, run.sent, run.deleted, scene.listed().rows) == (person, 5, 5, 5)
    assert not Record.objects.filter(is_active=False).exists()
    assert AuditEvent.objects.get(verb="sync.confirmed").who == "sam"


def test_an_emptied_list_is_deleted_row_by_row_once_that_is_confirmed(scene: Scene) -> None:
    run = waiting(scene, 0, had=3)
    deciding.confirm(run, StaffFactory.create())
    scene.look(run)
    assert (run.state, scene.there.codes()) == (SyncState.COMPLETE, [])
    assert scene.there.said() == ["remove S01", "remove S02", "remove S03"]
    assert (run.deleted, scene.listed().rows, Record.objects.count()) == (3, 0, 0)
    assert scene.sync().calls == 0


def test_a_list_that_cannot_be_emptied_says_so(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    offers = FakeSource.offers
    monkeypatch.setattr(FakeSource, "offers", type(offers)(takes=offers.takes, rows_at_once=4))
    run = waiting(scene, 0, had=3)
    deciding.confirm(run, StaffFactory.create())
    scene.look(run)
    assert (run.state, scene.there.said()) == (SyncState.PROCESSING_ERROR, [])
    assert run.message == "No row is left, and Fake source takes no empty list. Delete its rows there."


def test_what_is_discarded_is_not_sent_and_asked_for_again_by_the_next_run(scene: Scene) -> None:
    run = waiting(scene, 5)
    deciding.discard(run, StaffFactory.create(username="sam"), "the books were half restored")
    run.refresh_from_db()
    assert (run.state, run.message) == (SyncState.CANCELLED, "Discarded by sam: the books were half restored")
    assert (scene.look(run, 60).state, scene.there.said()) == (SyncState.CANCELLED, [])
    assert scene.sync().state == SyncState.VALIDATION_QUEUED
    SyncRun.objects.filter(state=SyncState.VALIDATION_QUEUED).update(state=SyncState.CANCELLED)
    scene.know(range(1, 11))
    back = scene.sync()
    assert (back.state, scene.there.said(), back.added) == (SyncState.COMPLETE, [], 5)


def test_only_what_waits_is_decided(scene: Scene) -> None:
    person = StaffFactory.create()
    scene.know(range(1, 4))
    run = scene.sync()
    with pytest.raises(CannotSync, match=r"^Suppliers: this sync does not wait for confirmation any more."):
        deciding.confirm(run, person)
    with pytest.raises(CannotSync, match=r"^Suppliers: this sync does not wait for confirmation any more."):
        deciding.discard(run, person, "why")
    with pytest.raises(CannotSync, match=r"^Suppliers: this sync has ended already."):
        deciding.cancel(run, person, "why")


def test_a_replacement_that_costs_more_rows_than_were_confirmed_is_asked_anew(scene: Scene) -> None:
    """Refused rows stay there with single edits, and go with a replacement."""
    scene.know(range(1, 61))
    scene.sync()
    scene.there.refuses = {f"S{one:02}": "No." for one in range(1, 11)}
    for number in range(1, 11):
        scene.change(number, name="Bad")
    assert scene.sync().refused == 10
    scene.there.not_editable = {"S60"}
    scene.there.lists[("supplier", "")] = dict(scene.there.lists[("supplier", "")])
    scene.know(range(1, 58))
    for number in range(1, 11):
        scene.change(number, name="Bad")
    scene.change(57, code="S60")
    run = scene.sync()
    assert (run.state, run.guard) == (
        SyncState.VALIDATION_QUEUED, [{"dimension": "", "before": 60, "after": 47}],
    )  # fmt: skip
    assert len(scene.there.codes()) == 60


def test_losing_more_than_was_confirmed_is_asked_anew(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Single deletes leave refused rows as they are; a row that cannot be deleted by itself means a replacement."""
    offers = FakeSource.offers
    monkeypatch.setattr(FakeSource, "offers", type(offers)(takes=offers.takes, edits=offers.edits, rows_at_once=1))
    scene.know(range(1, 21))
    scene.sync()
    scene.there.refuses = {f"S{one:02}": "No." for one in range(1, 6)}
    for number in range(1, 6):
        scene.change(number, name="Bad")
    scene.sync()
    scene.shelf.put("supplier", scene.shelf.records["supplier"][:15])
    run, person = scene.sync(), StaffFactory.create()
    assert run.guard == [{"dimension": "", "before": 20, "after": 15}]
    scene.there.not_editable = {"S16"}
    deciding.confirm(run, person)
    scene.look(run)
    assert (run.state, run.guard) == (SyncState.VALIDATION_QUEUED, [{"dimension": "", "before": 20, "after": 10}])
    assert (run.confirmed_at, scene.there.said(), len(scene.there.codes())) == (None, [], 20)
    deciding.confirm(run, person)
    assert (scene.look(run).state, len(scene.there.codes())) == (SyncState.COMPLETE, 10)


def test_while_one_waits_no_second_is_made(scene: Scene) -> None:
    waiting(scene, 2)
    with pytest.raises(CannotSync, match=r"^Suppliers: a sync is running already \(waiting for confirmation, since "):
        scene.ask()


# --- a list that was never replaced from here ------------------------------------------------------------------------


def test_a_list_that_somebody_kept_by_hand_is_counted_before_it_is_replaced(scene: Scene) -> None:
    scene.there.kept_by_hand = 2000
    scene.know(range(1, 4))
    run = scene.sync()
    assert run.state == SyncState.VALIDATION_QUEUED
    assert run.guard == [{"dimension": "", "before": 2000, "after": 3}]
    assert scene.there.said() == []
    deciding.confirm(run, StaffFactory.create())
    scene.look(run)
    assert (run.state, scene.there.said(), scene.listed().rows) == (SyncState.COMPLETE, ["first S01 S02 S03"], 3)
    scene.know(range(1, 5))
    assert (scene.sync().state, scene.there.said()) == (SyncState.COMPLETE, ["put S04"])


def test_a_list_that_is_about_as_long_goes_out_at_once(scene: Scene) -> None:
    scene.there.kept_by_hand = 5
    scene.know(range(1, 5))
    assert (scene.sync().state, scene.there.codes()) == (SyncState.COMPLETE, ["S01", "S02", "S03", "S04"])


def test_a_key_that_is_refused_while_counting_is_the_sources(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: FakeSource, __: object) -> int:
        raise Unauthorised("The key is not accepted.")

    monkeypatch.setattr(FakeSource, "count", refuse)
    scene.know(range(1, 4))
    assert scene.sync().state == SyncState.AUTH_ERROR
    scene.source.refresh_from_db()
    scene.books.refresh_from_db()
    assert (scene.source.status, scene.books.status) == ("deauthorised", "linked")


def test_nothing_is_counted_where_nothing_would_be_sent(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.there.kept_by_hand = 9
    scene.know([])
    run = scene.sync()
    assert (run.state, scene.there.said()) == (SyncState.COMPLETE, [])
