"""A company with few documents sees its figures to the moment, whenever the passes come; others as they are counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from portal.postings.figures import lately
from portal.postings.figures.counting import count
from portal.postings.figures.lately import report_now
from portal.postings.figures.models import Counting
from portal.postings.figures.reading import Figures, report
from portal.postings.models import Revision, RevisionState
from portal.postings.states import State
from tests.desk.scene import Scene, a_demo_scene
from tests.postings.figures.days import count_all, moved

pytestmark = pytest.mark.engine
TODAY = date(2026, 7, 14)
NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)
JUST = NOW - timedelta(seconds=20)


def now(scene: Scene) -> Figures:
    return report_now(scene.company.pk, TODAY, NOW).today


def test_the_first_document_is_counted_before_any_pass(demo: Scene) -> None:
    moved(demo.in_state(State.POSTED), JUST, timedelta(seconds=9))
    found = report_now(demo.company.pk, TODAY, NOW)
    assert (found.today.received, found.today.posted, found.month.posted, found.all_days.posted) == (1, 1, 1, 1)
    assert found.today.median_seconds == pytest.approx(9, rel=0.19)
    assert found.counted_to == NOW
    assert report(demo.company.pk, TODAY).today == Figures()


def test_nothing_is_counted_twice_wherever_the_mark_stands(demo: Scene) -> None:
    for number in range(4):
        moved(demo.in_state(State.REJECTED if number % 2 else State.POSTED), NOW - timedelta(minutes=number * 2))
    expected = (4, 2, 2)
    for passed in (None, NOW - timedelta(minutes=3), NOW, NOW + timedelta(hours=1)):
        if passed:
            count(passed)
        found = now(demo)
        assert (found.received, found.posted, found.rejected) == expected, passed
    assert Counting.objects.get().up_to > 0
    moved(demo.in_state(State.POSTED), JUST)
    assert now(demo).posted == 3


def test_where_nothing_is_new_the_pass_says_up_to_when(demo: Scene) -> None:
    assert report_now(demo.company.pk, TODAY, NOW).counted_to is None
    moved(demo.in_state(State.POSTED), NOW - timedelta(hours=1))
    count(NOW)
    assert report_now(demo.company.pk, TODAY, NOW).counted_to == NOW - timedelta(minutes=2)


def test_what_was_contested_just_now_is_counted(demo: Scene) -> None:
    transaction = demo.in_state(State.POSTED).transaction
    options: Any = {"content": {}, "content_hash": "h", "received_at": JUST}
    Revision.objects.create(transaction=transaction, state=RevisionState.CONTESTED, **options)
    assert now(demo).contested == 1


def test_a_day_that_is_over_keeps_what_happened_on_it(demo: Scene) -> None:
    moved(demo.in_state(State.POSTED), NOW - timedelta(days=1))
    found = report_now(demo.company.pk, TODAY, NOW)
    assert (found.today.posted, found.days[-2].figures.posted) == (0, 1)


def test_nobody_elses_documents_are_counted(demo: Scene) -> None:
    moved(a_demo_scene().in_state(State.POSTED), JUST)
    assert now(demo) == Figures()


@pytest.mark.parametrize("is_counted", [True, False])
def test_who_has_many_is_shown_what_was_counted(demo: Scene, monkeypatch: pytest.MonkeyPatch, is_counted: bool) -> None:
    monkeypatch.setattr(lately, "FEW", 2)
    for _ in range(3):
        moved(demo.in_state(State.POSTED), NOW - timedelta(hours=1))
    if is_counted:
        count_all()
        moved(demo.in_state(State.POSTED), JUST)
    assert report_now(demo.company.pk, TODAY, NOW) == report(demo.company.pk, TODAY)
    assert now(demo).posted == (3 if is_counted else 0)


def test_it_costs_the_same_however_much_there_is(demo: Scene) -> None:
    costs = []
    for more in (1, 12):
        for _ in range(more):
            moved(demo.in_state(State.POSTED), JUST)
        with CaptureQueriesContext(database) as asked:
            now(demo)
        costs.append(len(asked))
        assert all("LIMIT" in each["sql"] or " IN (" in each["sql"] or "day" in each["sql"] for each in asked)
    assert costs[0] == costs[1] <= 10
