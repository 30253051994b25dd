"""The production shape on one machine: web servers, workers, beats, PostgreSQL, Redis, the stand-ins with faults."""

from __future__ import annotations

import json
import secrets
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import requests

from tests.chaos.inside.mines import VARIABLE, over
from tests.chaos.inside.mutants import VARIABLE as MUTANT
from tests.chaos.inside.ticking import VARIABLE as TICKS
from tests.chaos.pace import DEMO
from tests.chaos.pace import VARIABLE as SYSTEM
from tests.chaos.programs import Program
from tests.chaos.shape import COMPANIES_OUTSIDE, DATABASE, STEADY, WEBS, commands, surroundings
from tests.chaos.staff import Staff
from tests.chaos.systems import SYSTEMS, System
from tests.operations.running import answers, manage
from tests.servers import Postgres, Redis, free_port

STAFF = "impatient"
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
    """The share of processes that carry a crash point, and how often a thread is held up before it writes."""

    crash: float
    held_up: float


@dataclass(slots=True)
class Stage:
    """Everything that runs. `programs` are the ones that may be killed; `companies` as the seeding told them.

    `sandboxes` are the addresses of the stand-ins: one that all companies share, or one for each that posts outside.
    `typed` holds the key under which a person entered a document by hand, and the posting's key that it is for;
    `marked` the keys of postings that a person marked as posted.
    """

    directory: Path
    postgres: Postgres
    redis: Redis
    urls: tuple[str, ...]
    system: System
    sandboxes: tuple[str, ...]
    environment: Mapping[str, str]
    programs: dict[str, Program]
    crashes: Path
    ticks: Path
    password: str
    mines: Mines
    crash: float = 0.0
    held_up: float = 0.0
    companies: list[dict[str, Any]] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=dict)
    marked: set[str] = field(default_factory=set)

    @property
    def is_mined(self) -> bool:
        """Whether programs that start now kill themselves at crash points, or hold up their threads."""
        return bool(self.crash or self.held_up)

    @property
    def workers(self) -> list[Program]:
        """The workers that may be killed and frozen. The steady one lives, so that its held-up threads come back."""
        return [self.programs[name] for name in self.programs if name.startswith("worker") and name != STEADY]

    @property
    def webs(self) -> list[Program]:
        """The web servers."""
        return [self.programs[name] for name in WEBS]

    @property
    def beats(self) -> list[Program]:
        """Whoever rings at fixed times."""
        return [program for name, program in self.programs.items() if name.startswith("beat")]

    def staff(self) -> Staff:
        """Somebody who may do everything in the portal."""
        return Staff(self.urls, STAFF, self.password)

    def command(self, *arguments: str) -> Any:
        """Run a management command; what it tells as JSON."""
        done = manage(*arguments, env=self.environment)
        if done.returncode:
            raise RuntimeError(f"manage.py {arguments[0]} failed: {done.stderr[-2000:]}")
        return json.loads(done.stdout or "null")

    def lay_mines(self) -> None:
        """From now on programs that start carry mines. Those that run were started without: the first kill of all."""
        self.crash, self.held_up = self.mines.crash, self.mines.held_up
        for program in self.programs.values():
            program.kill()

    def end_faults(self) -> None:
        """The last kill of everything; what starts again carries no mines.

        The steady worker alone goes on: its threads that are held up come back when others have done their work.
        """
        self.crash = self.held_up = 0.0
        over(self.crashes).touch()
        for name, program in self.programs.items():
            if name != STEADY:
                program.kill()

    def revive(self) -> list[str]:
        """Start again what has ended; the names."""
        return [name for name, program in self.programs.items() if program.revive()]

    def disturb(self, spec: str, seed: int) -> None:
        """Put a plan of faults in force at the accounting system."""
        for place, url in enumerate(self.sandboxes):
            asked = {"spec": spec, "seed": seed + place}
            requests.put(f"{url}/faults", json=asked, timeout=10).raise_for_status()

    def disturbed(self) -> dict[str, Any]:
        """What the accounting system was made to do: `requests` and `totals`, and what it still will do, `waiting`."""
        told = [requests.get(f"{url}/faults", timeout=10).json() for url in self.sandboxes]
        waiting = sum(one["waiting"] for one in told) + sum(self.system.on_its_way(url) for url in self.sandboxes)
        return {"waiting": waiting, **{name: _sum(one[name] for one in told) for name in ("requests", "totals")}}

    def truth(self) -> list[dict[str, Any]]:
        """Every document in the accounting system's books. What a person typed in has the posting's key here."""
        found: list[dict[str, Any]] = []
        for place, url in enumerate(self.sandboxes):
            documents = self.system.books(url, state_of(self.directory, place))
            found += documents if self.system.is_shared else [{**one, "company": url} for one in documents]
        return [{**one, "external_key": self.typed.get(one["external_key"], one["external_key"])} for one in found]


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)


@contextmanager
def staged(
    directory: Path, seed: int, tell: Callable[[str], None], *, mines: Mines, system: str, mutant: str = ""
) -> Iterator[Stage]:
    """Start it all, seeded and ready, without faults; everything is ended at the end of the `with` block.

    `system` is one of `SYSTEMS`; `mutant` names a deliberate bug to put in.
    """
    chosen = SYSTEMS[system]
    with ExitStack() as stack:
        postgres = stack.enter_context(Postgres(durable=True))
        redis = stack.enter_context(Redis())
        ports = [free_port() for _ in WEBS]
        env = surroundings(directory, postgres, redis, ports) | chosen.secrets() | {SYSTEM: system}
        env |= {MUTANT: mutant} if mutant else {}
        for arguments in (("migrate",), ("collectstatic", "--noinput")):
            if (done := manage(*arguments, env=env)).returncode:
                raise RuntimeError(done.stderr)
        tell("migrated")
        for statement in SPOILED.get(mutant, ()):
            with postgres.connect(DATABASE) as connection:
                connection.execute(statement)
        count = 1 if chosen.is_shared else COMPANIES_OUTSIDE
        sandboxes = tuple(_sandbox(stack, directory, env, chosen.slug, place) for place in range(count))
        stage = Stage(
            directory=directory, postgres=postgres, redis=redis, system=chosen, sandboxes=sandboxes,
            urls=tuple(f"http://127.0.0.1:{port}" for port in ports), environment=env, programs={},
            crashes=directory / "crashes.log", ticks=Path(env[TICKS]), password=secrets.token_hex(24),
            mines=mines,
        )  # fmt: skip
        stage.companies = stage.command(
            "chaos_seed", "--system", system, *(word for url in sandboxes for word in ("--sandbox", url)),
            "--staff", STAFF, "--password", stage.password,
        )  # fmt: skip
        if system == DEMO:
            _open_books(directory, stage.companies)
        for name, command in commands(ports).items():
            program = Program(name, command, environment=_mined(stage, name, seed), log=directory / f"{name}.log")
            stage.programs[name] = program
            stack.callback(program.stop)
            program.start()
        for web, url in zip(stage.webs, stage.urls, strict=True):
            web.wait_until(lambda url=url: answers(f"{url}/healthz"), "answer")  # type: ignore[misc]
        tell("started")
        yield stage


def _mined(stage: Stage, name: str, seed: int) -> Callable[[int], Mapping[str, str]]:
    def told(start: int) -> Mapping[str, str]:
        if not stage.is_mined:
            return stage.environment
        part = name.partition("-")[0]
        mines = f"0:{stage.held_up}" if name == STEADY else f"{stage.crash}:0"
        return {**stage.environment, VARIABLE: f"{seed} {name} {start}:{part}:{mines}:{stage.crashes}"}

    return told


def _open_books(directory: Path, companies: list[dict[str, Any]]) -> None:
    """Books of their own for every company that posts into Demo Books: what lands in the wrong ones is seen."""
    with closing(sqlite3.connect(directory / "sandbox" / "demo.sqlite3")) as books, books:
        rows = [(company["books"], company["name"], "GBP") for company in companies if company["outside"]]
        books.executemany("INSERT OR IGNORE INTO company VALUES (?, ?, ?)", rows)


def state_of(directory: Path, place: int) -> Path:
    """Where a stand-in remembers."""
    return directory / (f"sandbox-{place + 1}" if place else "sandbox")


def _sandbox(stack: ExitStack, directory: Path, env: Mapping[str, str], slug: str, place: int) -> str:
    state = state_of(directory, place)
    command = [sys.executable, "-m", "integrations", "--port", "0", "--only", slug]
    command += ["--latency-ms", "10", "--state", str(state)]
    sandbox = Program(state.name, command, environment=lambda _: env, log=directory / f"{state.name}.log")
    stack.callback(sandbox.stop)
    sandbox.start()
    sandbox.wait_until(lambda: "ready http" in sandbox.said(), "start")
    return f"{sandbox.said().partition('ready ')[2].split()[0]}/{slug}"
