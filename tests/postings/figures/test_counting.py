"""Every change of a posting is in the figures of its day once, whatever happens to whoever counts."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection as database
from django.db.transaction import atomic
from django.utils import timezone

from portal.operations.jobs import register_jobs
from portal.operations.retention import forget
from portal.postings.figures import counting
from portal.postings.figures.buckets import counted
from portal.postings.figures.counting import count, shown
from portal.postings.figures.models import Counting, DayFigures
from portal.postings.maintenance import maintenance
from portal.postings.models import Transition
from portal.postings.states import State
from portal.timetable.registry import jobs
from portal.timetable.slots import Every
from tests.admin.world import contested
from tests.desk.scene import Scene, a_demo_scene
from tests.environment import database_kind
from tests.factories import SourceConnectionFactory, a_document, accepted
from tests.postings.figures.days import count_all, figures, in_a_while, moved

pytestmark = pytest.mark.engine
EACH_STATE = {"received": 10, "posted": 1, "rejected": 2, "held": 1, "withdrawn": 1, "voided": 1}


def test_what_happened_is_counted_once(demo: Scene) -> None:
    for state in State:
        demo.in_state(state)
    assert count_all() == Transition.objects.count()
    assert figures(demo.company) == EACH_STATE
    assert count_all() == 0
    assert figures(demo.company) == EACH_STATE


def test_what_comes_later_is_added(demo: Scene) -> None:
    demo.in_state(State.POSTED)
    count_all()
    demo.in_state(State.POSTED)
    demo.in_state(State.HELD)
    count_all()
    assert figures(demo.company) == {"received": 3, "posted": 2, "held": 1}
    assert sum(DayFigures.objects.get().seconds) == 2


def test_many_small_batches_count_the_same(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "BATCH", 2)
    for state in State:
        demo.in_state(state)
    count_all()
    assert figures(demo.company) == EACH_STATE


def test_a_pass_ends_in_time_and_the_next_goes_on(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "BATCH", 1)
    demo.in_state(State.POSTED)
    ticks = iter(range(0, 1_000, 16))
    assert count(in_a_while(), clock=lambda: float(next(ticks))) == 1
    first = Transition.objects.order_by("pk").first()
    assert first is not None
    assert Counting.objects.get().counted_to == first.at
    count_all()
    assert figures(demo.company) == {"received": 1, "posted": 1}


def test_each_company_has_its_own(demo: Scene) -> None:
    other = a_demo_scene()
    demo.in_state(State.POSTED)
    other.in_state(State.REJECTED)
    count_all()
    assert figures(demo.company) == {"received": 1, "posted": 1}
    assert figures(other.company) == {"received": 1, "rejected": 1}


def test_a_day_is_one_of_the_tenants_zone(demo: Scene) -> None:
    posting = demo.in_state(State.POSTED)
    moved(posting, datetime(2026, 7, 14, 22, 50, tzinfo=UTC), timedelta(minutes=20))
    moved(demo.in_state(State.READY), datetime(2026, 7, 15, 23, 10, tzinfo=UTC))
    count_all()
    assert figures(demo.company, date(2026, 7, 14)) == {"received": 1}
    assert figures(demo.company, date(2026, 7, 15)) == {"posted": 1}
    assert figures(demo.company, date(2026, 7, 16)) == {"received": 1}


def test_a_posted_one_takes_its_time_since_it_was_received(demo: Scene) -> None:
    moved(demo.in_state(State.POSTED), datetime(2026, 7, 14, 12, 0, tzinfo=UTC), timedelta(seconds=90))
    count_all()
    assert DayFigures.objects.get().seconds == counted([90.0])


def test_what_is_raised_at_the_source_is_not_counted(demo: Scene) -> None:
    source = SourceConnectionFactory.create(company=demo.company)
    accepted(source, a_document())
    assert count_all() == 1
    assert figures(demo.company) == {}


def test_contested_content_is_counted_and_replaced_content_is_not(demo: Scene) -> None:
    contested(demo.in_state(State.POSTED))
    waiting = demo.receive(external_id="again")
    demo.receive(external_id="again", number="ANOTHER")
    assert waiting.transaction.revisions.count() == 1
    count_all()
    assert figures(demo.company) == {"received": 2, "posted": 1, "contested": 1}
    assert count_all() == 0


def test_what_is_younger_than_two_minutes_waits(demo: Scene) -> None:
    demo.receive()
    assert count(timezone.now()) == 0
    assert figures(demo.company) == {}
    counted_to = Counting.objects.get().counted_to
    assert counted_to is not None
    assert counted_to <= timezone.now() - timedelta(minutes=2)
    assert count_all() == 1


def test_nothing_behind_a_young_row_is_counted_before_it(demo: Scene) -> None:
    """Ids are not quite in the order of time."""
    first, second = demo.receive(), demo.receive()
    moved(second, timezone.now() - timedelta(hours=1))
    assert count(timezone.now()) == 0
    moved(first, timezone.now() - timedelta(hours=1))
    assert count(timezone.now()) == 2


def test_the_moment_that_is_told_never_goes_back(demo: Scene) -> None:
    count_all()
    before = Counting.objects.get().counted_to
    count(timezone.now())
    assert Counting.objects.get().counted_to == before


def test_who_dies_between_the_figures_and_the_mark_has_counted_nothing(
    demo: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo.in_state(State.POSTED)

    def dies(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(counting, "_move", dies)
        with pytest.raises(SystemExit):
            count_all()
    assert figures(demo.company) == {}
    count_all()
    assert figures(demo.company) == {"received": 1, "posted": 1}


def test_pruning_takes_nothing_that_the_figures_are_made_of(demo: Scene) -> None:
    demo.in_state(State.POSTED)
    forget(timezone.now() + timedelta(days=10_000))
    count_all()
    assert figures(demo.company) == {"received": 1, "posted": 1}


def test_it_is_on_the_timetable_every_minute() -> None:
    register_jobs()
    (job,) = (job for job in jobs() if job.name == "postings.figures")
    assert job.rule == Every(timedelta(minutes=1))


@pytest.mark.django_db(transaction=True)
def test_two_that_count_at_once_count_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "BATCH", 1)
    scene = a_demo_scene()
    for _ in range(8):
        scene.in_state(State.POSTED)
    shown()
    together, read = threading.Barrier(3), list[int]()

    def one() -> None:
        together.wait(10)
        try:
            read.append(count_all())
        finally:
            database.close()

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(read) == Transition.objects.count() == 16
    assert figures(scene.company) == {"received": 8, "posted": 8}


@pytest.mark.django_db(transaction=True)
def test_two_that_count_for_the_first_time_share_one_mark() -> None:
    together, found = threading.Barrier(3), list[int]()

    def one() -> None:
        together.wait(10)
        try:
            found.append(shown().pk)
        finally:
            database.close()

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 3
    assert set(found) == {Counting.objects.get().pk}


if database_kind() == "postgres":

    @pytest.mark.django_db(transaction=True)
    def test_a_change_that_is_committed_late_is_not_passed_by() -> None:
        """Its id is lower than those of rows that were seen before it."""
        scene = a_demo_scene()
        shown()
        late, go_on, written = scene.receive(), threading.Event(), threading.Event()

        def slow() -> None:
            try:
                with maintenance(), atomic():
                    Transition.objects.create(
                        posting=late, before="ready", after="held", who="worker", at=timezone.now()
                    )
                    written.set()
                    go_on.wait(30)
            finally:
                database.close()

        thread = threading.Thread(target=slow)
        thread.start()
        assert written.wait(10)
        scene.receive()
        assert count(timezone.now() + timedelta(minutes=10)) == 0
        go_on.set()
        thread.join(10)
        assert count(timezone.now() + timedelta(minutes=10)) == 3
        assert figures(scene.company) == {"received": 2, "held": 1}
