"""What runs in a campaign: the programs of the production shape, and what they are told by their environment."""

from __future__ import annotations

import base64
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.inside.ticking import VARIABLE as TICKS
from tests.operations.running import environment
from tests.servers import Postgres, Redis

DATABASE = "chaos"
# The companies of a campaign that post into the accounting system; another one keeps the built-in ledger.
COMPANIES_OUTSIDE = 4
STEADY = "worker-3"
# Two web servers, as behind a proxy: while one starts, the other one answers.
WEBS = ("web-1", "web-2")
# An old web process is stopped so long after its successor was started, ready or not (granian 2.8.7): longer than it
# takes to become ready, or nobody listens in between.
RESPAWN_SECONDS = 7
WEB_THREADS, WEB_PROCESSES, WORKER_THREADS = 16, 1, 8


def commands(ports: Sequence[int]) -> dict[str, list[str]]:
    """Every program by its name; the part before the hyphen says what it is."""
    web = [_beside("granian"), "--interface", "wsgi", "--no-ws", "portal.wsgi:application", "--port"]
    worker = [_beside("celery"), "-A", "portal", "worker", "--pool", "threads", "--concurrency", str(WORKER_THREADS)]
    worker += ["--loglevel", "INFO"]
    return {
        **{name: [*web, str(port)] for name, port in zip(WEBS, ports, strict=True)},
        "worker-1": [*worker, "-n", "one@%h"],
        "worker-2": [*worker, "-n", "two@%h"],
        STEADY: [*worker, "-n", "three@%h"],
        # One would do; the timetable must bear two, and none.
        "beat-1": [_beside("celery"), "-A", "portal", "beat", "--loglevel", "INFO"],
        "beat-2": [_beside("celery"), "-A", "portal", "beat", "--loglevel", "INFO"],
    }


def surroundings(directory: Path, postgres: Postgres, redis: Redis, ports: Sequence[int]) -> dict[str, str]:
    """The environment of all programs and commands."""
    (directory / "static").mkdir()
    return environment(
        directory,
        PYTHONPATH=".",
        DJANGO_SETTINGS_MODULE="tests.chaos.settings",
        POSTROOM_SHAPE="production",
        SECOND_FACTOR="offered",
        BASE_URL=f"http://127.0.0.1:{ports[0]}",
        ALLOWED_HOSTS="127.0.0.1",
        ALLOW_PRIVATE_TARGETS="true",
        DATABASE_URL=postgres.create_database(DATABASE),
        REDIS_URL=redis.url,
        SECRET_KEY=secrets.token_urlsafe(50),
        TOKEN_PEPPER=secrets.token_urlsafe(32),
        FIELD_KEYS=f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        STATIC_ROOT=str(directory / "static"),
        WEB_THREADS=str(WEB_THREADS),
        WORKER_THREADS=str(WORKER_THREADS),
        GRANIAN_WORKERS=str(WEB_PROCESSES),
        GRANIAN_BLOCKING_THREADS=str(WEB_THREADS),
        GRANIAN_RESPAWN_FAILED_WORKERS="true",
        GRANIAN_RESPAWN_INTERVAL=str(RESPAWN_SECONDS),
        GRANIAN_WORKERS_KILL_TIMEOUT="10",
        **{TICKS: str(directory / "ticks.log")},
    )


def _beside(program: str) -> str:
    return str(Path(sys.executable).with_name(program))
