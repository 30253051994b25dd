"""Dimensions: each goes into the source's own field, under the name that the mapping gives it."""

from __future__ import annotations

import pytest

from integrations.reference import RecordKind
from portal.reference.rules import DimensionRule, How, Rules, to_json
from portal.reference.sync.lists import name_at_source
from portal.reference.sync.models import Record, SyncState
from tests.reference.sync.far_ends import FakeSource
from tests.reference.sync.scene import Scene, a_record

pytestmark = pytest.mark.engine
DIMENSION = RecordKind.DIMENSION


def know(scene: Scene, **dimensions: int) -> None:
    """So many values of each dimension."""
    scene.shelf.put(
        DIMENSION,
        [
            a_record(number, DIMENSION, dimension=name, code=f"{name[0]}{number}", external_id=str(number))
            for name, most in dimensions.items()
            for number in range(1, most + 1)
        ],
    )


def test_each_dimension_is_a_list_of_its_own(scene: Scene) -> None:
    scene.there.fields = {"Department", "Project"}
    know(scene, Department=2, Project=3)
    run = scene.sync(DIMENSION)
    assert scene.there.codes(DIMENSION, "Department") == ["D1", "D2"]
    assert scene.there.codes(DIMENSION, "Project") == ["P1", "P2", "P3"]
    assert (run.state, run.sent, scene.listed(DIMENSION, "Project").rows) == (SyncState.COMPLETE, 5, 3)
    assert scene.sync(DIMENSION).calls == 0


def test_a_dimension_without_a_field_there_is_told_and_the_others_go_on(scene: Scene) -> None:
    know(scene, Aardvark=2, Department=2, Project=1)
    run = scene.sync(DIMENSION)
    assert (run.state, scene.there.codes(DIMENSION, "Department")) == (SyncState.COMPLETE, ["D1", "D2"])
    assert run.message == ("Aardvark: There is no custom field Aardvark. Project: There is no custom field Project.")
    scene.there.fields.add("Project")
    run = scene.sync(DIMENSION)
    assert (scene.there.said(), scene.there.codes(DIMENSION, "Project")) == (["first P1"], ["P1"])


def test_where_no_dimension_has_a_field_there_it_is_no_success(scene: Scene) -> None:
    scene.there.fields = set()
    know(scene, Department=1)
    run = scene.sync(DIMENSION)
    assert (run.state, run.sent) == (SyncState.PREREQUISITE_NOT_MET, 0)
    assert "There is no custom field Department." in run.message


def test_the_mapping_is_read_backwards(scene: Scene) -> None:
    rules = Rules(dimensions=(DimensionRule(name="Department", to="Cost centre"),))
    type(scene.books).objects.filter(pk=scene.books.pk).update(mapping=to_json(rules))
    scene.books.refresh_from_db()
    know(scene, **{"Cost centre": 2, "Department": 1})
    run = scene.sync(DIMENSION)
    assert scene.there.codes(DIMENSION, "Department") == ["C1", "C2"]
    assert run.message == "Department is not sent: the mapping sends another dimension as Department."
    assert Record.objects.filter(dimension="Department").count() == 1


@pytest.mark.parametrize(
    ("dimension", "expected"),
    [("Cost centre", "Department"), ("COST CENTRE", "Department"), ("Region", "Region"), ("Fund", None)],
)
def test_names_at_the_source(dimension: str, expected: str | None) -> None:
    rules = Rules(
        dimensions=(DimensionRule(name="Department", to="cost centre"), DimensionRule(name="Fund", how=How.DROP))
    )
    assert name_at_source(rules, dimension) == expected


def test_a_dimension_that_loses_its_values_waits_for_a_person_and_nothing_else_is_sent(scene: Scene) -> None:
    scene.there.fields = {"Department", "Project"}
    know(scene, Department=2, Project=3)
    scene.sync(DIMENSION)
    know(scene, Department=3)
    run = scene.sync(DIMENSION)
    assert (run.state, run.guard, scene.there.said()) == (
        SyncState.VALIDATION_QUEUED, [{"dimension": "Project", "before": 3, "after": 0}], [],
    )  # fmt: skip


def test_another_accounting_system_replaces_what_the_last_one_left(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the source holds was sent for another connection: single rows would leave the others there."""
    offers = FakeSource.offers
    monkeypatch.setattr(FakeSource, "offers", type(offers)(takes=offers.takes, edits=offers.edits, rows_at_once=1))
    scene.know(range(1, 7))
    scene.sync()
    type(scene.books).objects.filter(pk=scene.books.pk).update(status="unlinked")
    scene.books = type(scene.books).objects.create(
        company=scene.books.company, integration="fakebooks", status="linked"
    )
    scene.know(range(2, 8))
    run = scene.sync()
    assert (run.state, scene.there.codes()) == (SyncState.COMPLETE, ["S02", "S03", "S04", "S05", "S06", "S07"])
    assert scene.sync().calls == 0
