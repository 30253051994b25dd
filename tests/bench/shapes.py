"""The two shapes of an installation, as real processes in a directory of their own, and the stand-in they post to."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.demo.sandbox import ACCESS_VARIABLE
from tests.bench.processes import ROOT, BenchFailed, Meter, Program
from tests.servers import Postgres, Redis, free_port

# Half of a web process's threads may wait for an answer, and half of a worker's may post for one connection: with 16 in
# flight for one company it takes 32 of each, so that nobody is turned away.
WEB_THREADS, WEB_PROCESSES, WORKER_THREADS = 32, 2, 32
LATENCY_MS = 40
READY = "ready"
# Nothing else of the caller's environment reaches the portal.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Running:
    """A shape that takes requests. `portals` names the parts of `meter` that are the portal's own processes."""

    name: str
    about: str
    url: str
    environment: Mapping[str, str]
    sandbox_url: str
    sandbox_state: Path
    meter: Meter
    portals: tuple[str, ...]

    def command(self, *arguments: str, given: object = None) -> Any:
        """Run one of the bench's own management commands; JSON in, JSON out. Raises `BenchFailed`."""
        return json.loads(_managed(self.environment, *arguments, given=json.dumps(given)) or "null")


Shape = Callable[[Path], AbstractContextManager[Running]]


@contextmanager
def embedded(directory: Path) -> Iterator[Running]:
    """`manage.py serve` on a SQLite file: one process."""
    environment = _environment(directory, POSTROOM_SHAPE="embedded", WEB_THREADS=str(WEB_THREADS))
    _managed(environment, "migrate", "--run-syncdb")
    ready = directory / "ready.json"
    command = [sys.executable, "manage.py", "serve", "--port", "0", "--ready-file", str(ready)]
    with (
        _sandbox(directory, environment) as (sandbox_url, state),
        Program("the portal", command, environment=environment, log=directory / "portal.log") as portal,
    ):
        portal.wait_until(ready.exists, "start")
        url = json.loads(ready.read_text())["url"]
        portal.wait_until(lambda: _readiness(url) == READY, "become ready")
        about = f"manage.py serve ({WEB_THREADS} web threads, {WORKER_THREADS} worker threads), SQLite"
        meter = Meter({"portal": portal.pid})
        yield Running("embedded", about, url, environment, sandbox_url, state, meter, ("portal",))


@contextmanager
def production(directory: Path) -> Iterator[Running]:
    """granian, a Celery worker, PostgreSQL and Redis, as in docker-compose.yml."""
    with Postgres(durable=True) as postgres, Redis() as redis:
        port = free_port()
        environment = _production_environment(directory, postgres, redis, port)
        _managed(environment, "migrate", "--run-syncdb")
        web_command = [_beside("granian"), "--interface", "wsgi", "--no-ws", "portal.wsgi:application"]
        worker_command = [_beside("celery"), "-A", "portal", "worker", "--pool", "threads"]
        worker_command += ["--concurrency", str(WORKER_THREADS), "--loglevel", "INFO"]
        with (
            _sandbox(directory, environment) as (sandbox_url, state),
            Program("the worker", worker_command, environment=environment, log=directory / "worker.log") as worker,
            Program("the web server", web_command, environment=environment, log=directory / "web.log") as web,
        ):
            url = f"http://127.0.0.1:{port}"
            worker.wait_until(lambda: _readiness(url) == READY, "become ready together with the web server")
            about = f"granian ({WEB_PROCESSES} processes of {WEB_THREADS} threads), Celery ({WORKER_THREADS} threads), "
            meter = Meter({"web": web.pid, "worker": worker.pid, "database": _pid(postgres), "redis": redis._pid()})
            yield Running(
                "production",
                about + "PostgreSQL, Redis",
                url,
                environment,
                sandbox_url,
                state,
                meter,
                ("web", "worker"),
            )


def _environment(directory: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    (directory / "static").mkdir()
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
        "POSTROOM_DATA_DIR": str(directory),
        "STATIC_ROOT": str(directory / "static"),
        "WORKER_THREADS": str(WORKER_THREADS),
        ACCESS_VARIABLE: secrets.token_urlsafe(24),
        **more,
    }


def _production_environment(directory: Path, postgres: Postgres, redis: Redis, port: int) -> dict[str, str]:
    return _environment(
        directory,
        POSTROOM_SHAPE="production",
        BASE_URL=f"http://127.0.0.1:{port}",
        ALLOWED_HOSTS="127.0.0.1",
        ALLOW_PRIVATE_TARGETS="true",
        DATABASE_URL=postgres.create_database("bench"),
        REDIS_URL=redis.url,
        SECRET_KEY=secrets.token_urlsafe(50),
        TOKEN_PEPPER=secrets.token_urlsafe(32),
        FIELD_KEYS=f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        WEB_THREADS=str(WEB_THREADS),
        GRANIAN_PORT=str(port),
        GRANIAN_WORKERS=str(WEB_PROCESSES),
        GRANIAN_BLOCKING_THREADS=str(WEB_THREADS),
        GRANIAN_RESPAWN_FAILED_WORKERS="true",
        GRANIAN_WORKERS_KILL_TIMEOUT="30",
    )


@contextmanager
def _sandbox(directory: Path, environment: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """The demo accounting system: its address and where it keeps its books."""
    state = directory / "sandbox"
    command = [sys.executable, "-m", "integrations", "--port", "0", "--only", "demo"]
    command += ["--latency-ms", str(LATENCY_MS), "--state", str(state)]
    with Program("the sandbox", command, environment=environment, log=directory / "sandbox.log") as sandbox:
        sandbox.wait_until(lambda: "ready http" in sandbox.said(), "start")
        yield sandbox.said().partition("ready ")[2].split()[0] + "/demo", state


def _managed(environment: Mapping[str, str], *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=environment, input=given, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BenchFailed(f"manage.py {arguments[0]} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def _readiness(url: str) -> str:
    """`ready` when every part answers, the worker and its sweep among them."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return str(json.load(answer)["status"])
    except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
        return str(error)


def _beside(program: str) -> str:
    return str(Path(sys.executable).with_name(program))


def _pid(postgres: Postgres) -> int:
    if postgres._process is None:
        raise BenchFailed("PostgreSQL does not run.")
    return postgres._process.pid
