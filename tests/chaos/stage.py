"""The production shape on one machine: granian, two workers, PostgreSQL, Redis, and Demo Books with its faults."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import requests

from integrations.demo.sandbox import ACCESS_VARIABLE
from tests.chaos import pace
from tests.chaos.inside.mines import VARIABLE
from tests.chaos.inside.mutants import VARIABLE as MUTANT
from tests.chaos.programs import Program
from tests.operations.running import ROOT, answers, environment, manage
from tests.servers import Postgres, Redis, free_port

DATABASE = "chaos"
COMMAND_WITHIN_SECONDS = 20.0
STEADY = "worker-3"
WEB_THREADS, WEB_PROCESSES, WORKER_THREADS = 16, 2, 8
FAULTS = f"chaos,hang_seconds={pace.HANG},late_seconds={pace.LATE},retry_after_seconds=1,trust_keys=no"
# The deliberate bugs that are bugs of the database: no unique key, and a commit that is answered before it is on disk.
SPOILED: Mapping[str, tuple[LiteralString, ...]] = {
    "select then insert": ("ALTER TABLE postings_transaction DROP CONSTRAINT one_transaction_for_ever",),
    "early 2xx": (
        "ALTER SYSTEM SET synchronous_commit = off",
        "ALTER SYSTEM SET wal_writer_delay = '10s'",
        "SELECT pg_reload_conf()",
    ),
}


@dataclass(frozen=True, slots=True)
class Mines:
    """How often a process kills itself at a crash point, and how often a thread is held up before it writes."""

    crash: float
    held_up: float


@dataclass(slots=True)
class Stage:
    """Everything that runs. `programs` are the ones that may be killed; `companies` as the seeding told them."""

    directory: Path
    postgres: Postgres
    redis: Redis
    url: str
    sandbox_url: str
    environment: Mapping[str, str]
    programs: dict[str, Program]
    crashes: Path
    crash: float = 0.0
    held_up: float = 0.0
    companies: list[dict[str, Any]] = field(default_factory=list)
    commands: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def is_mined(self) -> bool:
        """Whether programs that start now kill themselves at crash points, or hold up their threads."""
        return bool(self.crash or self.held_up)

    @property
    def workers(self) -> list[Program]:
        """The workers that may be killed and frozen. The steady one lives, so that its held-up threads come back."""
        return [program for name, program in self.programs.items() if name not in ("web", STEADY)]

    def command(self, *arguments: str) -> Any:
        """Run a management command; what it tells as JSON."""
        done = manage(*arguments, env=self.environment)
        if done.returncode:
            raise RuntimeError(f"manage.py {arguments[0]} failed: {done.stderr[-2000:]}")
        return json.loads(done.stdout or "null")

    def background(self, name: str) -> None:
        """Begin a management command; whether it goes well is not asked."""
        quiet = subprocess.DEVNULL
        command = [sys.executable, "manage.py", name]
        self.commands.append(
            subprocess.Popen(command, cwd=ROOT, env=self.environment, stdin=quiet, stdout=quiet, stderr=quiet)
        )

    def end_commands(self) -> None:
        """Wait for what was begun; insist when it takes too long."""
        for command in self.commands:
            try:
                command.wait(COMMAND_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                command.kill()
                command.wait()
        self.commands.clear()

    def revive(self) -> list[str]:
        """Start again what has ended; the names."""
        return [name for name, program in self.programs.items() if program.revive()]

    def disturb(self, spec: str, seed: int) -> None:
        """Put a plan of faults in force at the accounting system."""
        asked = {"spec": spec, "seed": seed}
        requests.put(f"{self.sandbox_url}/faults", json=asked, timeout=10).raise_for_status()

    def disturbed(self) -> dict[str, Any]:
        """What the accounting system was made to do."""
        told: dict[str, Any] = requests.get(f"{self.sandbox_url}/faults", timeout=10).json()
        return told

    def truth(self) -> list[dict[str, Any]]:
        """Every document in the accounting system's books."""
        answer = requests.get(f"{self.sandbox_url}/truth", timeout=30)
        answer.raise_for_status()
        documents: list[dict[str, Any]] = json.loads(answer.text, parse_float=str, parse_int=str)["documents"]
        return documents


@contextmanager
def staged(
    directory: Path, seed: int, tell: Callable[[str], None], *, mines: Mines, mutant: str = ""
) -> Iterator[Stage]:
    """Start it all, seeded and ready, without faults; everything is ended at the end of the `with` block.

    `mutant` names a deliberate bug to put in.
    """
    with ExitStack() as stack:
        postgres = stack.enter_context(Postgres(durable=True))
        redis = stack.enter_context(Redis())
        port = free_port()
        env = _environment(directory, postgres, redis, port) | ({MUTANT: mutant} if mutant else {})
        if (done := manage("migrate", env=env)).returncode:
            raise RuntimeError(done.stderr)
        tell("migrated")
        for statement in SPOILED.get(mutant, ()):
            with postgres.connect(DATABASE) as connection:
                connection.execute(statement)
        sandbox_url = _sandbox(stack, directory, env)
        stage = Stage(
            directory=directory, postgres=postgres, redis=redis, url=f"http://127.0.0.1:{port}",
            sandbox_url=sandbox_url, environment=env, programs={}, crashes=directory / "crashes.log",
            crash=mines.crash, held_up=mines.held_up,
        )  # fmt: skip
        stack.callback(stage.end_commands)
        stage.companies = stage.command("chaos_seed", "--sandbox", sandbox_url)
        for name, command in _commands().items():
            program = Program(name, command, environment=_mined(stage, name, seed), log=directory / f"{name}.log")
            stage.programs[name] = program
            stack.callback(program.stop)
            program.start()
        stage.programs["web"].wait_until(lambda: answers(f"{stage.url}/healthz"), "answer")
        tell("started")
        yield stage


def _mined(stage: Stage, name: str, seed: int) -> Callable[[int], Mapping[str, str]]:
    def told(start: int) -> Mapping[str, str]:
        if not stage.is_mined:
            return stage.environment
        mines = f"0:{stage.held_up}" if name == STEADY else f"{stage.crash}:0"
        return {**stage.environment, VARIABLE: f"{seed} {name} {start}:{mines}:{stage.crashes}"}

    return told


def _commands() -> dict[str, list[str]]:
    worker = [_beside("celery"), "-A", "portal", "worker", "--pool", "threads", "--concurrency", str(WORKER_THREADS)]
    worker += ["--loglevel", "INFO"]
    return {
        "web": [_beside("granian"), "--interface", "wsgi", "--no-ws", "portal.wsgi:application"],
        "worker-1": [*worker, "-n", "one@%h"],
        "worker-2": [*worker, "-n", "two@%h"],
        STEADY: [*worker, "-n", "three@%h"],
    }


def _sandbox(stack: ExitStack, directory: Path, env: Mapping[str, str]) -> str:
    command = [sys.executable, "-m", "integrations", "--port", "0", "--only", "demo"]
    command += ["--latency-ms", "10", "--state", str(directory / "sandbox")]
    sandbox = Program("sandbox", command, environment=lambda _: env, log=directory / "sandbox.log")
    stack.callback(sandbox.stop)
    sandbox.start()
    sandbox.wait_until(lambda: "ready http" in sandbox.said(), "start")
    return sandbox.said().partition("ready ")[2].split()[0] + "/demo"


def _environment(directory: Path, postgres: Postgres, redis: Redis, port: int) -> dict[str, str]:
    (directory / "static").mkdir()
    return environment(
        directory,
        PYTHONPATH=".",
        DJANGO_SETTINGS_MODULE="tests.chaos.settings",
        POSTROOM_SHAPE="production",
        BASE_URL=f"http://127.0.0.1:{port}",
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
        GRANIAN_PORT=str(port),
        GRANIAN_WORKERS=str(WEB_PROCESSES),
        GRANIAN_BLOCKING_THREADS=str(WEB_THREADS),
        GRANIAN_RESPAWN_FAILED_WORKERS="true",
        GRANIAN_RESPAWN_INTERVAL="0.5",
        GRANIAN_WORKERS_KILL_TIMEOUT="10",
        **{ACCESS_VARIABLE: secrets.token_urlsafe(24)},
    )


def _beside(program: str) -> str:
    return str(Path(sys.executable).with_name(program))
