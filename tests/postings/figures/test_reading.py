"""The figures as pages read them, and what reading and counting cost beside a long history."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from django.db import connection as database
from pytest_django import DjangoAssertNumQueries

from portal.postings.figures.reading import DAYS, Figures, report
from portal.postings.states import State
from tests.desk.scene import Scene, a_demo_scene
from tests.environment import database_kind
from tests.postings.figures.days import count_all, moved
from tests.postings.test_growth import read_so_far, rows_read

pytestmark = pytest.mark.engine
TODAY = date(2026, 7, 14)
NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)


def test_before_anything_was_counted_there_are_noughts(demo: Scene) -> None:
    found = report(demo.company.pk, TODAY)
    assert (found.counted_to, found.today, found.month) == (None, Figures(), Figures())
    assert [each.figures for each in found.days] == [Figures()] * DAYS
    assert (found.days[0].day, found.days[-1].day) == (date(2026, 6, 15), TODAY)


def test_today_the_month_and_the_last_days_are_told_apart(demo: Scene) -> None:
    for back, seconds in ((0, 10), (13, 20), (14, 40), (29, 80), (30, 160)):
        moved(demo.in_state(State.POSTED), NOON - timedelta(days=back), timedelta(seconds=seconds))
    count_all()
    found = report(demo.company.pk, TODAY)
    assert (found.today.posted, found.month.posted, found.all_days.posted) == (1, 2, 4)
    assert [each.day for each in found.days if each.figures.posted] == [
        date(2026, 6, 15), date(2026, 6, 30), date(2026, 7, 1), TODAY,
    ]  # fmt: skip
    assert found.all_days.median_seconds == pytest.approx(20, rel=0.19)
    assert found.today.median_seconds == pytest.approx(10, rel=0.19)


def test_a_month_may_be_longer_than_the_days_that_are_shown(demo: Scene) -> None:
    moved(demo.in_state(State.POSTED), datetime(2026, 7, 1, 12, tzinfo=UTC))
    count_all()
    found = report(demo.company.pk, date(2026, 7, 31), days=7)
    assert (found.month.posted, found.all_days.posted, len(found.days)) == (1, 0, 7)


def test_nobody_reads_another_companys_figures(demo: Scene) -> None:
    moved(a_demo_scene().in_state(State.POSTED), NOON)
    count_all()
    assert report(demo.company.pk, TODAY).all_days == Figures()


def test_it_takes_two_queries(demo: Scene, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for back in range(5):
        moved(demo.in_state(State.POSTED), NOON - timedelta(days=back))
    count_all()
    with django_assert_num_queries(2):
        report(demo.company.pk, TODAY)


if database_kind() == "postgres":

    @pytest.mark.django_db(transaction=True)
    def test_neither_counting_nor_reading_grows_with_what_was_before() -> None:
        scene, other = a_demo_scene(), a_demo_scene()
        count_all()
        for _ in range(150):
            moved(scene.in_state(State.POSTED), NOON)
            moved(other.in_state(State.REJECTED), NOON - timedelta(days=1))
        count_all()
        with database.cursor() as cursor:  # planned anew each time, by what the server knows of the tables
            cursor.execute("ANALYZE")

        for _ in range(10):
            moved(scene.in_state(State.POSTED), NOON)
        before = read_so_far()
        count_all()
        # For each its two changes, its posting and its receipt; once the mark, the connection and the day.
        assert (read_so_far() - before) / 10 < 12
        assert rows_read(count_all) < 10
        assert rows_read(partial(report, scene.company.pk, TODAY)) < 10
