"""Each slot is run once, by whoever comes first; what died or failed is repeated; what is late is named."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, connections
from pytest_django import DjangoAssertNumQueries

from portal.timetable import registry, running
from portal.timetable.history import failing_slots, late_jobs, prune
from portal.timetable.models import Outcome, Slot
from portal.timetable.registry import Job, jobs, register
from portal.timetable.running import perform, release_all, run_due, take
from portal.timetable.slots import Daily, Every, hourly, slots
from tests.timetable.jobs import Diary

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture(autouse=True)
def _no_other_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_jobs", {})


def started(job: Job, now: datetime = NOW) -> Job:
    """The job is known to the database since the slot before `now`."""
    assert take(job, now - job.rule.period) is None
    return job


def outcomes() -> list[str]:
    return list(Slot.objects.order_by("starts_at").values_list("outcome", flat=True))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("night", ["2026-03-28T12:00:00+00:00", "2026-10-24T12:00:00+00:00"])
def test_three_schedulers_at_once_run_each_slot_exactly_once(diary: Diary, night: str) -> None:
    """24 simulated hours over a night on which the clock changes, on three threads that all ask every five minutes."""
    start, step, steps = datetime.fromisoformat(night), 5 * MINUTE, 24 * 12
    table = [
        diary.job("daily", Daily(time(1, 30)), LONDON),
        diary.job("midnight", Daily(time(0, 0)), ZoneInfo("America/St_Johns")),
        diary.job("hourly", hourly(5)),
        diary.job("often", Every(15 * MINUTE)),
    ]
    for job in table:
        take(job, start)
    together, broken = Barrier(3, timeout=60), []

    def schedule() -> None:
        try:
            for number in range(1, steps + 1):
                together.wait()
                run_due(start + number * step, table)
        except BaseException as error:
            broken.append(error)
            together.abort()
            raise
        finally:
            connections.close_all()

    threads = [Thread(target=schedule) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    due = [(job.name, slot) for job in table for slot in slots(job.rule, job.zone, start, start + steps * step)]
    assert broken == []
    assert diary.ran == Counter(due)
    assert Counter(name for name, _ in due) == {"daily": 1, "midnight": 1, "hourly": 24, "often": 96}
    assert Slot.objects.filter(outcome=Outcome.DONE).count() == len(due)


def test_a_new_job_begins_with_its_next_slot(diary: Diary) -> None:
    job = diary.job("daily", Daily(time(3, 17)))
    assert run_due(NOW, [job]) == 0
    assert run_due(NOW + DAY, [job]) == 1
    assert (diary.of("daily"), outcomes()) == (["21 03:17"], ["new", "done"])


def test_after_a_long_silence_only_the_newest_slot_is_made_up(diary: Diary) -> None:
    made_up, left_out = diary.job("made up", hourly()), diary.job("left out", hourly(), make_up=False)
    run_due(NOW, [made_up, left_out])
    assert run_due(NOW + 5 * HOUR + 40 * MINUTE, [made_up, left_out]) == 1
    assert (diary.of("made up"), diary.of("left out")) == (["20 17:00"], [])
    assert Slot.objects.get(job="left out", starts_at=NOW + 5 * HOUR).outcome == Outcome.MISSED
    assert run_due(NOW + 6 * HOUR + MINUTE, [made_up, left_out]) == 2
    assert diary.of("left out") == ["20 18:00"]


def test_what_is_under_way_is_left_alone_and_never_overlaps(diary: Diary) -> None:
    job = started(diary.job("often", Every(MINUTE), lease=10 * MINUTE))
    assert take(job, NOW) is not None
    assert take(job, NOW) is None
    assert take(job, NOW + 5 * MINUTE) is None


def test_a_run_that_died_is_taken_over_and_its_first_holder_may_not_finish_it(diary: Diary) -> None:
    job = started(diary.job("daily", hourly(), lease=10 * MINUTE))
    first = take(job, NOW)
    assert first is not None
    assert take(job, NOW + 9 * MINUTE) is None
    second = take(job, NOW + 10 * MINUTE)
    assert second is not None
    assert (second.slot.starts_at, second.slot.tries) == (NOW, 2)
    perform(first)
    assert Slot.objects.get(starts_at=NOW).finished_at is None
    perform(second)
    assert outcomes() == ["new", "done"]


def test_a_dead_run_gives_way_to_a_newer_slot(diary: Diary) -> None:
    job = started(diary.job("often", Every(MINUTE), lease=10 * MINUTE))
    take(job, NOW)
    assert run_due(NOW + 10 * MINUTE, [job]) == 1
    assert (diary.of("often"), outcomes()) == (["20 12:10"], ["new", "died", "done"])


def test_a_run_that_ends_its_process_each_time_is_given_up(diary: Diary) -> None:
    job = started(diary.job("deadly", Daily(time(12, 0)), lease=10 * MINUTE))
    assert [take(job, NOW + 10 * MINUTE * number) is not None for number in range(5)] == [True] * 3 + [False] * 2
    slot = Slot.objects.get(starts_at=NOW)
    assert (slot.outcome, slot.problem) == (Outcome.FAILED, "The process that ran it ended each time.")


def test_a_failure_is_tried_again_and_then_kept_with_its_words(diary: Diary) -> None:
    def fail(_: datetime) -> None:
        raise DatabaseError("away")

    diary.during = fail
    job = started(diary.job("daily", Daily(time(12, 0))))
    register(job)
    with time_machine.travel(NOW, tick=False) as clock:
        for minutes in (0, 0.5, 1, 2, 3, 4, 9):
            clock.move_to(NOW + minutes * MINUTE)
            run_due(jobs=[job])
    assert diary.ran["daily", NOW] == 3
    slot = Slot.objects.get(starts_at=NOW)
    assert (slot.outcome, slot.problem, slot.tries) == (Outcome.FAILED, "DatabaseError: away", 3)
    assert [each.problem for each in failing_slots()] == ["DatabaseError: away"]
    diary.during = print
    run_due(NOW + DAY)
    assert failing_slots() == []


def test_a_failure_that_passes_leaves_no_problem_behind(diary: Diary) -> None:
    def fail_once(_: datetime) -> None:
        if diary.ran["daily", NOW] == 1:
            raise DatabaseError("away")

    diary.during = fail_once
    job = started(diary.job("daily", Daily(time(12, 0))))
    with time_machine.travel(NOW, tick=False) as clock:
        run_due(jobs=[job])
        clock.shift(61)
        run_due(jobs=[job])
    slot = Slot.objects.get(starts_at=NOW)
    assert (slot.outcome, slot.problem, slot.tries) == (Outcome.DONE, "", 2)


def test_whoever_knows_that_the_others_are_dead_need_not_wait(diary: Diary) -> None:
    job = started(diary.job("daily", hourly(), lease=HOUR))
    take(job, NOW)
    assert release_all(NOW + MINUTE) == 1
    assert run_due(NOW + MINUTE, [job]) == 1


def test_a_job_is_late_after_two_periods(diary: Diary) -> None:
    job = diary.job("hourly", hourly())
    register(job)
    assert late_jobs(NOW) == []
    take(job, NOW)
    assert late_jobs(NOW + 3 * HOUR - MINUTE) == []
    (late,) = late_jobs(NOW + 3 * HOUR + MINUTE)
    assert (late.job, late.last, late.overdue) == (job, NOW, 2 * HOUR + MINUTE)
    run_due(NOW + 3 * HOUR + MINUTE)
    assert late_jobs(NOW + 3 * HOUR + MINUTE) == []


def test_a_job_that_only_fails_becomes_late(diary: Diary) -> None:
    def fail(_: datetime) -> None:
        raise ValueError("no")

    diary.during = fail
    register(started(diary.job("hourly", hourly())))
    for number in range(4):
        run_due(NOW + number * HOUR)
    assert [late.last for late in late_jobs(NOW + 3 * HOUR)] == [NOW - HOUR]


def test_asking_for_what_is_late_costs_one_query(
    diary: Diary, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        register(started(diary.job(f"job {number}", hourly())))
    with django_assert_num_queries(1):
        late_jobs(NOW)


def test_old_slots_are_forgotten_but_never_the_newest(diary: Diary) -> None:
    often, daily, gone = (
        diary.job("often", Every(HOUR)),
        diary.job("daily", Daily(time(12, 0))),
        diary.job("x", hourly()),
    )
    register(often)
    register(daily)
    take(gone, NOW - 30 * HOUR)
    take(often, NOW - 100 * HOUR)
    take(daily, NOW - 100 * DAY)
    for number in range(80, 0, -1):
        run_due(NOW - number * HOUR, [often])
    assert prune(NOW) == 1 + (1 + 20)
    assert Slot.objects.filter(job="often").count() == 60
    assert outcomes().count("new") == 1
    assert prune(NOW) == 0


def test_one_name_is_one_job(diary: Diary) -> None:
    job = diary.job("a", hourly())
    register(job)
    register(job)
    with pytest.raises(ValueError, match="Two jobs are called a"):
        register(diary.job("a", hourly()))
    assert jobs() == (job,)


def test_the_database_itself_refuses_a_second_open_slot(diary: Diary) -> None:
    take(started(diary.job("often", hourly())), NOW)
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("UPDATE timetable_slot SET finished_at = NULL, outcome = ''")


def test_a_slot_that_was_begun_late_and_died_stops_nobody(diary: Diary) -> None:
    """A process is held up before it writes its slot; a newer one is done meanwhile, and then the late one dies."""
    job = started(diary.job("often", Every(MINUTE), lease=MINUTE))
    assert run_due(NOW + MINUTE, [job]) == 1
    Slot.objects.create(
        job=job.name, starts_at=NOW, taken_at=NOW, taken_by="late", token=uuid.uuid4(), lease_until=NOW + MINUTE
    )
    assert run_due(NOW + 2 * MINUTE, [job]) == 1
    assert outcomes() == [Outcome.NEW, Outcome.DIED, Outcome.DONE, Outcome.DONE]


def test_a_slot_that_is_begun_after_a_newer_one_is_not_run(diary: Diary) -> None:
    job = started(diary.job("often", Every(MINUTE)))
    assert run_due(NOW + MINUTE, [job]) == 1
    assert running._begin(job, NOW, NOW + MINUTE) is None
    assert outcomes() == [Outcome.NEW, Outcome.MISSED, Outcome.DONE]
