"""What happens at fixed times: beat rings only what exists, and each job of this room does something."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from portal.celery import app
from portal.timetable.models import Outcome, Slot
from portal.timetable.registry import Job, jobs
from portal.timetable.running import run_due, take
from tests.operations.running import PRODUCTION, Process, environment, manage
from tests.servers import Postgres, free_port


def job(name: str) -> Job:
    return next(each for each in jobs() if each.name == name)


def run(name: str) -> None:
    """The slot of today, of a job that is known since long."""
    take(job(name), datetime(2020, 1, 1, tzinfo=UTC))
    assert run_due(jobs=[job(name)]) == 1
    assert Slot.objects.filter(job=name).latest("starts_at").outcome == Outcome.DONE


def test_beat_rings_only_tasks_that_exist() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


@pytest.mark.django_db
@pytest.mark.engine
def test_sessions_that_have_run_out_are_deleted() -> None:
    now = timezone.now()
    for key, minutes in (("old", -1), ("new", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(minutes=minutes))
    run("operations.clear_sessions")
    assert [session.session_key for session in Session.objects.all()] == ["new"]


@pytest.mark.django_db
@pytest.mark.engine
def test_slots_of_jobs_that_are_gone_are_forgotten() -> None:
    take(Job("gone", job("timetable.prune").rule, print), datetime(2020, 1, 1, tzinfo=UTC))
    run("timetable.prune")
    assert not Slot.objects.filter(job="gone").exists()


@pytest.mark.postgres
def test_a_worker_keeps_time_without_beat_and_without_redis(tmp_path: Path) -> None:
    with Postgres(durable=True) as postgres:
        url = postgres.create_database("timekeeping")
        redis_url = f"redis://127.0.0.1:{free_port()}/0"
        env = environment(tmp_path, **{**PRODUCTION, "DATABASE_URL": url, "REDIS_URL": redis_url})
        assert manage("migrate", "-v0", env=env).returncode == 0
        command = [sys.executable, "-m", "celery", "-A", "portal", "worker", "--concurrency", "1"]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO timetable_slot (job, starts_at, taken_at, taken_by, token, lease_until, tries,"
                " finished_at, outcome, problem) SELECT 'operations.clear_sessions', t, t, 'old:1',"
                " gen_random_uuid(), t, 1, t, 'done', '' FROM (SELECT now() - interval '3 days' AS t) AS then_"
            )
            with Process(command, env=env, log=tmp_path / "worker.log") as worker:

                def made_up() -> bool:
                    query = "SELECT count(*) FROM timetable_slot WHERE job LIKE '%clear_sessions' AND outcome = 'done'"
                    return connection.execute(query).fetchone() == (2,)

                worker.wait_for(made_up, "run the missed slot")
