"""Every worker keeps the timetable by itself: with a bell, without one, and while the database is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from portal.operations import timekeeping
from portal.operations.timekeeping import Timekeeper, ring
from portal.timetable import registry
from portal.timetable.models import Outcome, Slot
from portal.timetable.registry import Job, register
from portal.timetable.running import take
from portal.timetable.slots import Every, hourly
from tests.operations.running import wait_for

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def keepers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Timekeeper]]:
    """Three timekeepers that look often; they are stopped at the end."""
    monkeypatch.setattr(registry, "_jobs", {})
    monkeypatch.setattr(timekeeping, "EVERY_SECONDS", 0.05)
    made = [Timekeeper() for _ in range(3)]
    yield made
    for keeper in made:
        if keeper.is_alive():
            keeper.stop()


def a_job(name: str, run: object, since: timedelta = timedelta(hours=3)) -> Job:
    """An hourly job that the database knows since some hours: one slot is due."""
    job = Job(name, hourly(), run)  # type: ignore[arg-type]
    take(job, timezone.now() - since)  # before a keeper that runs already can see it, and take it for new
    register(job)
    return job


def test_three_at_once_run_a_slot_once_and_go_on_with_the_next(keepers: list[Timekeeper]) -> None:
    ran: list[datetime] = []
    job = Job("often", Every(timedelta(milliseconds=400)), ran.append)
    register(job)
    for keeper in keepers:
        keeper.start()
    wait_for(lambda: len(ran) >= 4, "four slots are run")
    assert len(set(ran)) == len(ran)
    assert ran == sorted(ran)


def test_the_bell_wakes_it(keepers: list[Timekeeper], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeping, "EVERY_SECONDS", 3600.0)
    keeper, ran = keepers[0], threading.Event()
    keeper.start()
    a_job("rung for", lambda _: ran.set())
    ring()
    assert ran.wait(20)


def test_a_long_run_delays_no_other_job(keepers: list[Timekeeper]) -> None:
    let_go, ran = threading.Event(), threading.Event()
    a_job("long", lambda _: let_go.wait(30))
    a_job("short", lambda _: ran.set())
    keepers[0].start()
    assert ran.wait(20)
    assert Slot.objects.get(job="long", outcome="").finished_at is None
    let_go.set()
    wait_for(lambda: Slot.objects.filter(job="long", outcome=Outcome.DONE).exists(), "the long one ends")


def test_a_database_that_is_away_ends_nothing(keepers: list[Timekeeper], monkeypatch: pytest.MonkeyPatch) -> None:
    failed, ran = threading.Event(), threading.Event()
    a_job("patient", lambda _: ran.set())

    def away(*_: object) -> None:
        failed.set()
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(timekeeping, "take", away)
        keepers[0].start()
        assert failed.wait(20)
    assert ran.wait(20)


def test_stopping_does_not_wait_for_ever(keepers: list[Timekeeper], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeping, "FINISHES_WITHIN_SECONDS", 0.1)
    began, let_go = threading.Event(), threading.Event()

    def hang(_: datetime) -> None:
        began.set()
        let_go.wait(30)

    a_job("hanging", hang)
    keeper = keepers[0]
    keeper.start()
    assert began.wait(20)
    keeper.stop()
    keeper.join(20)
    assert not keeper.is_alive()
    let_go.set()
    wait_for(lambda: not any(thread.name == "job hanging" for thread in threading.enumerate()), "its thread ends")
