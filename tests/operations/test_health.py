"""What the probes say, and of whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django.fixtures import Settings

from portal.operations import health as subject
from portal.operations import timekeeping
from portal.operations.health import health
from portal.operations.heartbeat import leave_sign
from portal.operations.models import Part, Sign
from portal.operations.tasks import tick
from portal.timetable import registry
from portal.timetable.registry import Job
from portal.timetable.running import take
from portal.timetable.slots import Every

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WELL = {"database": "ok", "broker": "ok", "worker": "ok", "sweep": "ok", "schedule": "ok", "beat": "ok"}

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def worker(*, started: float = 60, seen: float = 5, swept: float | None = 6) -> None:
    """A worker's sign; the figures are seconds ago."""
    Sign.objects.create(
        part=Part.WORKER,
        process="host:1",
        started_at=NOW - timedelta(seconds=started),
        seen_at=NOW - timedelta(seconds=seen),
        swept_at=None if swept is None else NOW - timedelta(seconds=swept),
    )


def test_everything_is_well() -> None:
    worker()
    assert health(NOW) == subject.Health("ready", WELL)


@pytest.mark.parametrize(
    ("signs", "differs"),
    [
        ({"seen": 31}, {"worker": "silent since 2026-11-20T11:59:29Z"}),
        ({"swept": 61}, {"sweep": "silent since 2026-11-20T11:58:59Z"}),
        ({"swept": None}, {"sweep": "none seen"}),
    ],
)
def test_what_is_silent_is_named(signs: dict[str, float | None], differs: dict[str, str]) -> None:
    worker(**signs)  # type: ignore[arg-type]
    assert health(NOW) == subject.Health("degraded", {**WELL, **differs})


def test_without_any_worker() -> None:
    found = health(NOW)
    assert (found.parts["worker"], found.parts["sweep"]) == ("none seen", "none seen")
    assert found.takes_deliveries


def test_a_living_worker_beside_a_dead_one_is_enough() -> None:
    worker()
    dead = NOW - timedelta(hours=1)
    Sign.objects.create(part=Part.WORKER, process="host:2", started_at=dead, seen_at=dead, swept_at=None)
    assert health(NOW).parts["worker"] == "ok"
    assert health(NOW).parts["sweep"] == "ok"


def test_a_job_that_is_late_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    worker(started=3600)
    job = Job("postings.example", Every(timedelta(minutes=1)), print)
    monkeypatch.setattr(registry, "_jobs", {job.name: job})
    take(job, NOW - timedelta(minutes=2))
    assert health(NOW).parts["schedule"] == "ok"
    found = health(NOW + timedelta(minutes=1))
    assert (found.status, found.parts["schedule"]) == ("degraded", "late: postings.example")


def test_without_beat_nothing_is_degraded() -> None:
    worker(started=301)
    assert health(NOW) == subject.Health("ready", {**WELL, "beat": "none seen"})
    Sign.objects.create(
        part=Part.SCHEDULE, process="beat", started_at=NOW - timedelta(hours=1), seen_at=NOW - timedelta(minutes=6)
    )
    assert health(NOW) == subject.Health("ready", {**WELL, "beat": "silent since 2026-11-20T11:54:00Z"})


def test_the_tick_is_beats_sign_and_rings_the_bell() -> None:
    before = timekeeping._rings
    tick()
    tick()
    assert timekeeping._rings == before + 2
    assert Sign.objects.get(part=Part.SCHEDULE).process == "beat"


def test_an_unreachable_broker_keeps_nobody_from_delivering(settings: Settings, client: Client) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["broker"] == "failed (ConnectionError)"


def test_without_the_database_nobody_may_deliver(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise OperationalError("password=hunter22")

    monkeypatch.setattr(connection, "cursor", fails)
    monkeypatch.setattr(connection, "close", lambda: None)
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (
        503,
        {"status": "unavailable", "database": "failed (OperationalError)"},
    )


def test_a_sign_is_renewed_and_old_ones_are_forgotten() -> None:
    worker(seen=86_401 + 365 * 86_400)
    leave_sign(Part.WORKER, "host:9", tasks_done=1)
    leave_sign(Part.WORKER, "host:9", tasks_done=2)
    assert [(sign.process, sign.tasks_done) for sign in Sign.objects.all()] == [("host:9", 2)]
