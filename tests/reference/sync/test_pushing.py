"""What is sent: only what differs, in the cheapest way; what is refused is told and left alone."""

from __future__ import annotations

import pytest

from integrations.reference import RecordKind
from portal.reference.sync.models import Record, SyncState
from tests.reference.sync.far_ends import FakeSource
from tests.reference.sync.scene import Scene, a_record, counts

pytestmark = pytest.mark.engine


def test_the_first_sync_replaces_the_whole_list_by_chunks(scene: Scene) -> None:
    scene.know(range(1, 11))
    run = scene.sync()
    assert (run.state, run.message) == (SyncState.COMPLETE, "")
    assert scene.there.said() == ["first S01 S02 S03 S04", "more S05 S06 S07 S08", "more S09 S10"]
    assert scene.there.rows()["S10"] == {"Code": "S10", "Name": "Supplier 10"}
    assert counts(run) == {"read": 10, "added": 10, "sent": 10, "calls": 3}
    assert (scene.listed().rows, scene.listed().is_incomplete) == (10, False)
    held = Record.objects.order_by("id").values_list("pushed_code", "code")
    assert [one == two for one, two in held] == [True] * 10


def test_a_second_sync_without_changes_makes_no_call(scene: Scene) -> None:
    scene.know(range(1, 11))
    scene.sync()
    changed_at = list(Record.objects.order_by("id").values_list("id", "changed_at"))
    run = scene.sync()
    assert (run.state, scene.there.said()) == (SyncState.COMPLETE, [])
    assert counts(run) == {"read": 10, "unchanged": 10}
    assert list(Record.objects.order_by("id").values_list("id", "changed_at")) == changed_at
    assert scene.told(run) == []


def test_few_changes_go_one_by_one_and_nothing_else_is_sent(scene: Scene) -> None:
    scene.know(range(1, 21))
    scene.sync()
    scene.know([*range(1, 20), 21])
    scene.change(3, name="Renamed")
    run = scene.sync()
    assert scene.there.said() == ["put S03", "put S21", "remove S20"]
    assert scene.there.rows()["S03"] == {"Code": "S03", "Name": "Renamed"}
    assert sorted(scene.there.codes()) == [f"S{one:02}" for one in [*range(1, 20), 21]]
    assert counts(run) == {
        "read": 20, "added": 1, "changed": 1, "removed": 1, "unchanged": 18, "sent": 2, "deleted": 1, "calls": 3,
    }  # fmt: skip
    assert sorted(scene.told(run)) == [
        ("added", "S21", [], ""),
        ("changed", "S03", [["name", "Supplier 3", "Renamed"]], ""),
        ("removed", "S20", [], ""),
    ]
    assert (scene.listed().rows, Record.objects.filter(code="S20").count()) == (20, 0)


def test_many_changes_go_with_a_replacement_when_that_costs_fewer_calls(scene: Scene) -> None:
    scene.know(range(1, 13))
    scene.sync()
    for number in range(1, 5):
        scene.change(number, name="New")
    run = scene.sync()
    assert scene.there.said() == ["first S01 S02 S03 S04", "more S05 S06 S07 S08", "more S09 S10 S11 S12"]
    assert (run.sent, run.changed) == (12, 4)
    scene.change(1, name="Newer")
    scene.change(2, name="Newer")
    scene.change(3, name="Newer")
    scene.sync()
    assert scene.there.said() == ["put S01", "put S02", "put S03"]


def test_a_source_that_takes_no_single_rows_gets_the_whole_list(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSource, "offers", FakeSource.offers.__class__(takes=frozenset(RecordKind), rows_at_once=4))
    scene.know(range(1, 11))
    scene.sync()
    scene.change(1, name="New")
    scene.sync()
    assert scene.there.said() == ["first S01 S02 S03 S04", "more S05 S06 S07 S08", "more S09 S10"]


def test_a_row_that_cannot_be_written_by_itself_makes_the_run_replace_the_list(scene: Scene) -> None:
    scene.know(range(1, 13))
    scene.change(5, code="A/B")
    scene.sync()
    scene.there.not_editable = {"A/B"}
    scene.change(5, code="A/B", name="Slash")
    scene.change(9, name="Nine")
    run = scene.sync()
    assert run.state == SyncState.COMPLETE
    assert scene.there.said() == ["first A/B S01 S02 S03", "more S04 S06 S07 S08", "more S09 S10 S11 S12"]
    assert scene.there.rows()["A/B"]["Name"] == "Slash"


def test_full_sends_everything_again_also_what_was_refused(scene: Scene) -> None:
    scene.know(range(1, 6))
    scene.there.refuses = {"S02": "No such bank."}
    run = scene.sync()
    assert (run.state, run.refused) == (SyncState.COMPLETE, 1)
    assert scene.sync().calls == 0
    scene.there.refuses = {}
    run = scene.sync(full=True)
    assert scene.there.said() == ["first S01 S02 S03 S04", "more S05"]
    assert (run.sent, run.refused) == (5, 0)


def test_a_refused_row_is_told_and_the_rest_goes_on(scene: Scene) -> None:
    scene.know(range(1, 7))
    scene.there.refuses = {"S02": "Too long a name.", "S06": "No country."}
    run = scene.sync()
    assert scene.there.said() == [
        "first S01 S02 S03 S04", "first S01 S03 S04", "more S05 S06", "more S05",
    ]  # fmt: skip
    assert scene.there.codes() == ["S01", "S03", "S04", "S05"]
    assert [one for one in scene.told(run) if one[0] == "refused"] == [
        ("refused", "S02", [], "Too long a name."), ("refused", "S06", [], "No country."),
    ]  # fmt: skip
    assert (run.state, run.sent, run.refused, scene.listed().rows) == (SyncState.COMPLETE, 4, 2, 4)
    assert scene.sync().calls == 0, "not tried again before it changes"
    scene.change(2, name="Short")
    scene.there.refuses = {}
    run = scene.sync()
    assert (scene.there.said(), run.refused) == (["put S02"], 1)


def test_a_row_that_the_source_does_not_name_is_found_by_halves(scene: Scene) -> None:
    scene.know(range(1, 6))
    scene.there.refuses, scene.there.names_rows = {"S03": "Something is wrong."}, False
    run = scene.sync()
    assert scene.there.codes() == ["S01", "S02", "S04", "S05"]
    assert [one[1:] for one in scene.told(run) if one[0] == "refused"] == [("S03", [], "Something is wrong.")]
    assert (run.sent, run.refused) == (4, 1)


def test_a_source_that_takes_no_row_at_all_keeps_its_list(scene: Scene) -> None:
    scene.know(range(1, 4))
    scene.there.refuses = dict.fromkeys(("S01", "S02", "S03"), "No.")
    run = scene.sync()
    assert (run.state, run.refused) == (SyncState.PROCESSING_ERROR, 3)
    assert run.message == "Fake source took none of the 3 rows; the list there is as it was."
    assert scene.listed().is_incomplete is False


def test_a_refused_single_row_stays_as_it_was_there(scene: Scene) -> None:
    scene.know(range(1, 11))
    scene.sync()
    scene.there.refuses = {"S04": "No such bank."}
    scene.change(4, name="Bad")
    scene.change(5, name="Good")
    run = scene.sync()
    assert (run.state, run.sent, run.refused) == (SyncState.COMPLETE, 1, 1)
    assert scene.there.rows()["S04"]["Name"] == "Supplier 4"
    assert scene.sync().calls == 0


def test_a_record_that_can_never_be_told_is_refused_with_the_reason(scene: Scene) -> None:
    scene.there.untold = {"S02"}
    scene.know(range(1, 4))
    run = scene.sync()
    assert scene.there.codes() == ["S01", "S03"]
    assert [one[1:] for one in scene.told(run) if one[0] == "refused"] == [("S02", [], "S02 cannot be told.")]
    assert (run.refused, scene.sync().calls) == (1, 0)


def test_of_two_records_with_one_code_the_first_goes(scene: Scene) -> None:
    scene.shelf.put(RecordKind.SUPPLIER, [a_record(1), a_record(2, code="s01", name="Other"), a_record(3)])
    run = scene.sync()
    assert scene.there.rows() == {
        "S01": {"Code": "S01", "Name": "Supplier 1"}, "S03": {"Code": "S03", "Name": "Supplier 3"},
    }  # fmt: skip
    why = "Its code is that of “Supplier 1” (1) as well, which came first and is sent. Give one another code."
    assert [one[1:] for one in scene.told(run) if one[0] == "refused"] == [("s01", [], why)]
    assert (run.refused, scene.sync().calls) == (1, 0)


def test_a_code_that_becomes_free_goes_to_the_record_that_stood_back(scene: Scene) -> None:
    scene.shelf.put(
        RecordKind.SUPPLIER, [a_record(1), a_record(2, code="S01", name="Other"), *map(a_record, (3, 4, 5))]
    )
    scene.sync()
    scene.shelf.put(RecordKind.SUPPLIER, [a_record(2, code="S01", name="Other"), *map(a_record, (3, 4, 5))])
    run = scene.sync()
    assert scene.there.rows()["S01"] == {"Code": "S01", "Name": "Other"}
    assert (run.refused, run.sent, scene.listed().rows) == (0, 4, 4)
    assert scene.there.said() == ["first S01 S03 S04 S05"]


def test_a_record_that_comes_back_under_another_id_takes_its_code_over(scene: Scene) -> None:
    scene.know(range(1, 21))
    scene.sync()
    again = [a_record(number) for number in range(2, 21)]
    scene.shelf.put(RecordKind.SUPPLIER, [*again, a_record(1, external_id="new", name="Made anew")])
    run = scene.sync()
    assert (scene.there.said(), run.deleted) == (["put S01"], 0)
    assert scene.there.rows()["S01"]["Name"] == "Made anew"
    assert (scene.listed().rows, scene.sync().calls) == (20, 0)


def test_a_changed_code_leaves_no_row_under_the_old_one(scene: Scene) -> None:
    scene.know(range(1, 21))
    scene.sync()
    scene.change(7, code="NEW7")
    scene.sync()
    assert scene.there.said() == ["put NEW7", "remove S07"]
    assert scene.sync().calls == 0


def test_two_records_that_swap_their_codes_keep_a_row_each(scene: Scene) -> None:
    scene.know(range(1, 21))
    scene.sync()
    scene.change(7, code="S08")
    scene.change(8, code="S07")
    scene.sync()
    assert scene.there.said() == ["put S07", "put S08"]
    assert (scene.there.rows()["S07"]["Name"], scene.there.rows()["S08"]["Name"]) == ("Supplier 8", "Supplier 7")
    assert (scene.listed().rows, scene.sync().calls) == (20, 0)


def test_another_place_at_the_source_is_filled_from_the_start(scene: Scene) -> None:
    scene.know(range(1, 5))
    scene.sync()
    scene.source.settings = {"company_id": "another"}
    scene.source.save()
    scene.there.lists.clear()
    scene.sync()
    assert scene.there.said() == ["first S01 S02 S03 S04"]


def test_another_wording_of_rows_sends_only_what_it_changes(scene: Scene) -> None:
    scene.know(range(1, 5))
    scene.sync()
    scene.source.settings = {"company_id": "theirs", "words": "other"}
    scene.source.save()
    assert (scene.sync().calls, Record.objects.filter(row_hash=None).count()) == (0, 0)


def test_without_a_source_it_is_read_and_goes_nowhere(scene: Scene) -> None:
    scene.source.delete()
    scene.know(range(1, 4))
    run = scene.sync()
    assert (run.state, run.source, scene.there.said()) == (SyncState.COMPLETE, None, [])
    assert counts(run) == {"read": 3, "added": 3}
    scene.know(range(1, 3))
    assert (scene.sync().removed, Record.objects.count()) == (1, 2)


def test_a_source_that_comes_later_gets_everything(scene: Scene) -> None:
    scene.source.status = "pending_auth"
    scene.source.save()
    scene.know(range(1, 4))
    assert scene.sync().source is None
    scene.source.status = "linked"
    scene.source.save()
    run = scene.sync()
    assert (scene.there.codes(), counts(run)) == (
        ["S01", "S02", "S03"], {"read": 3, "unchanged": 3, "sent": 3, "calls": 1},
    )  # fmt: skip
