"""`manage.py serve`: one process that starts, serves, refuses a second one, and ends in order."""

from __future__ import annotations

import shutil
import signal
import socket
import sys
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.utils import timezone

from portal.operations.serve import Embedded, let_go_of_leases
from portal.postings.claim import claim
from portal.postings.models import Posting
from portal.postings.states import State
from portal.postings.sweep import release_dead
from tests.factories import DemoConnectionFactory, accepted
from tests.operations.running import PRODUCTION, Process, answers, environment, get, manage, serving


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with keys and a migrated database, to be copied."""
    directory = tmp_path_factory.mktemp("template")
    done = manage("migrate", "-v0", env=environment(directory))
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture
def migrated(template: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a data directory with a migrated database."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return environment(tmp_path)


def test_it_serves_refuses_a_second_process_and_ends_in_order(migrated: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, migrated) as (process, url):
        assert get(f"{url}/healthz").json() == {"status": "alive"}
        assert set(get(f"{url}/readyz").json().values()) == {"ready", "ok"}
        second = manage("serve", "--port", "0", env=migrated)
        assert second.returncode == 1
        assert f"process {process.pid} already runs with {tmp_path}" in second.stderr
        assert process.end(signal.SIGTERM) == 0
        assert not answers(f"{url}/healthz")
        assert process.said() == f"Postroom runs at {url} (process {process.pid}). Ctrl-C ends it.\n"
    with serving(tmp_path, migrated) as (process, _):
        assert process.end(signal.SIGINT) == 0


def test_a_taken_port_is_said_plainly(migrated: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = manage("serve", "--port", str(port), env=migrated)
    assert refused.returncode == 1
    assert f"http://127.0.0.1:{port} cannot be listened on" in refused.stderr


def test_an_unmigrated_database_is_refused(tmp_path: Path) -> None:
    refused = manage("serve", "--port", "0", env=environment(tmp_path))
    assert refused.returncode == 1
    assert "Run: manage.py migrate" in refused.stderr


def test_the_production_shape_is_told_its_own_commands(tmp_path: Path) -> None:
    refused = manage("serve", env=environment(tmp_path, **PRODUCTION))
    assert refused.returncode == 1
    for command in (
        "granian --interface wsgi portal.wsgi:application",
        "celery -A portal worker",
        "celery -A portal beat",
    ):
        assert command in refused.stderr


def test_a_worker_of_its_own_is_refused_in_the_embedded_shape(migrated: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "celery", "-A", "portal", "worker"]
    with Process(command, env=migrated, log=tmp_path / "worker.log") as worker:
        assert worker.popen.wait(60) != 0
        assert "lives inside `manage.py serve`" in worker.said()


def test_everything_stops_when_a_part_ends_by_itself() -> None:
    alive, dead = SimpleNamespace(is_alive=True), SimpleNamespace(is_alive=False)
    parts = {"web": alive, "worker": dead, "schedule": alive}
    embedded = Embedded(**cast("dict[str, Any]", parts), stopping=threading.Event())
    assert embedded._wait() == "worker"
    embedded.stopping.set()
    assert embedded._wait() == ""


@pytest.mark.django_db
@pytest.mark.engine
def test_leases_of_a_dead_process_are_given_up_at_once() -> None:
    """Who holds the lock knows that the holder is dead. The outcome stays unknown: it is looked up, not sent again."""
    posting = accepted(DemoConnectionFactory.create()).posting
    assert claim(posting.pk) is not None
    assert release_dead(timezone.now()) == 0
    assert let_go_of_leases() == 1
    assert release_dead(timezone.now() + timedelta(seconds=1)) == 1
    assert Posting.objects.get(pk=posting.pk).state == State.UNKNOWN
    assert let_go_of_leases() == 0
