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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.demo.sandbox import ACCESS_VARIABLE
from tests.bench.processes import ROOT, BenchFailed, Meter, Program
from tests.bench.standin import CONTROL
from tests.servers import Postgres, Redis, free_port

# Half of a web process's threads may wait for an answer, and half of a worker's may post for one connection: with 16 in
# flight for one company it takes 32 of each, so that nobody is turned away.
WEB_THREADS, WEB_PROCESSES, WORKER_THREADS = 32, 2, 32
LATENCY_MS = 40
DATABASE = "bench"
READY = "ready"
# Nothing else of the caller's environment reaches the portal.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Accounting:
    """The accounting system that is posted into: where it is, and its process."""

    url: str
    pid: int

    def control(self, **asked: object) -> dict[str, Any]:
        """What is in its books; `asked` says how it behaves from now on."""
        url = self.url.removesuffix("/demo") + CONTROL
        request = urllib.request.Request(url, json.dumps(asked).encode(), method="PUT")
        with urllib.request.urlopen(request, timeout=30) as answer:
            told: dict[str, Any] = json.load(answer)
        return told


@dataclass(frozen=True, slots=True)
class Running:
    """A shape that takes requests. `portals` names the parts of `meter` that are the portal's own processes."""

    name: str
    about: str
    url: str
    environment: Mapping[str, str]
    accounting: Accounting
    meter: Meter
    portals: tuple[str, ...]
    postgres: Postgres | None = None

    def command(self, *arguments: str, given: object = None) -> Any:
        """Run one of the bench's own management commands; JSON in, JSON out. Raises `BenchFailed`."""
        return json.loads(_managed(self.environment, *arguments, given=json.dumps(given)) or "null")

    def count_figures(self) -> int:
        """Count for the dashboards for half a minute, as the job does; how many changes that were."""
        return int(_managed(self.environment, "figures").split()[0].replace(",", ""))

    def resume(self, connection: str) -> None:
        """Let a paused connection go on."""
        _managed(self.environment, "bench_resume", connection)


Shape = Callable[[Path], AbstractContextManager[Running]]


@contextmanager
def embedded(directory: Path) -> Iterator[Running]:
    """`manage.py serve` on a SQLite file: one process."""
    environment = _environment(directory, POSTROOM_SHAPE="embedded", WEB_THREADS=str(WEB_THREADS))
    _managed(environment, "migrate", "--run-syncdb")
    ready = directory / "ready.json"
    command = [sys.executable, "manage.py", "serve", "--port", "0", "--ready-file", str(ready)]
    with (
        _accounting(directory, environment) as accounting,
        Program("the portal", command, environment=environment, log=directory / "portal.log") as portal,
    ):
        portal.wait_until(ready.exists, "start")
        url = json.loads(ready.read_text())["url"]
        portal.wait_until(lambda: _readiness(url) == READY, "become ready")
        about = f"manage.py serve ({WEB_THREADS} web threads, {WORKER_THREADS} worker threads), SQLite"
        meter = Meter({"portal": portal.pid})
        yield Running("embedded", about, url, environment, accounting, meter, ("portal",))


@contextmanager
def production(directory: Path, *, workers: int = 1, **more: str) -> Iterator[Running]:
    """granian, Celery workers, PostgreSQL and Redis, as in docker-compose.yml. `more` goes into the environment."""
    with Postgres(durable=True) as postgres, Redis() as redis, ExitStack() as stack:
        port = free_port()
        environment = _production_environment(directory, postgres, redis, port) | more
        for command in (("migrate", "--run-syncdb"), ("collectstatic", "--noinput")):
            _managed(environment, *command)
        accounting = stack.enter_context(_accounting(directory, environment))
        processes = {name: stack.enter_context(_program(directory, environment, name)) for name in _names(workers)}
        url = f"http://127.0.0.1:{port}"
        for program in processes.values():
            program.wait_until(lambda: _readiness(url) == READY, "become ready together with the others")
        stack.callback(_ask_to_stop, list(processes.values()))
        about = f"granian ({WEB_PROCESSES} processes of {WEB_THREADS} threads), Celery ({workers} of {WORKER_THREADS} "
        pids = {name: program.pid for name, program in processes.items()}
        meter = Meter({**pids, "database": postgres.pid, "redis": redis.pid})
        about += "threads), PostgreSQL, Redis"
        yield Running("production", about, url, environment, accounting, meter, tuple(processes), postgres)


def _ask_to_stop(programs: Sequence[Program]) -> None:
    """All at once, and in time: one after another they would take as long as all of them together."""
    for program in programs:
        program.ask_to_stop()


def _names(workers: int) -> tuple[str, ...]:
    return ("web", "worker", *(f"worker-{number}" for number in range(2, workers + 1)))


def _program(directory: Path, environment: Mapping[str, str], name: str) -> Program:
    web = [_beside("granian"), "--interface", "wsgi", "--no-ws", "portal.wsgi:application"]
    worker = [_beside("celery"), "-A", "portal", "worker", "--pool", "threads", "--concurrency", str(WORKER_THREADS)]
    worker += ["--loglevel", "INFO", "-n", f"{name}@%h", "--without-gossip", "--without-mingle"]
    command = web if name == "web" else worker
    return Program(name, command, environment=environment, log=directory / f"{name}.log")


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
        SECOND_FACTOR="offered",
        BASE_URL=f"http://127.0.0.1:{port}",
        ALLOWED_HOSTS="127.0.0.1",
        ALLOW_PRIVATE_TARGETS="true",
        DATABASE_URL=postgres.create_database(DATABASE),
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
def _accounting(directory: Path, environment: Mapping[str, str]) -> Iterator[Accounting]:
    command = [sys.executable, "-m", "tests.bench.standin", "--latency-ms", str(LATENCY_MS)]
    log = directory / "accounting.log"
    with Program("the accounting system", command, environment=environment, log=log) as program:
        program.wait_until(lambda: "ready http" in program.said(), "start")
        yield Accounting(program.said().partition("ready ")[2].split()[0], program.pid)


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
