"""The rows of the bench, and the rounds in which they take turns on one running shape."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from tests.bench.client import Answered, Load, Run, measure
from tests.bench.processes import BenchFailed, Meter
from tests.bench.shapes import Running

MANY = 16
IDLE_SECONDS = 3.0
ROWS: Mapping[str, str] = {
    "floor": "a bare DRF view that inserts one row",
    "receipt": "durable receipt alone",
    "ledger": "receipt and posting, built-in ledger",
    "worker": "receipt and posting, through a worker",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything, for each row: `many` webhooks in each of `rounds` with 16 in flight, `one` with 1."""

    warm_up: int
    one: int
    many: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Round:
    """One row's turn with 16 in flight: what it took and what each part of the shape used, in CPU milliseconds.

    `beside_ms` is what the client and the accounting system used on the same machine.
    """

    seconds: float
    accepted: int
    cpu_ms: Mapping[str, float]
    beside_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def cpu_each_ms(self) -> float:
        """CPU milliseconds of all parts together for one webhook."""
        return sum(self.cpu_ms.values()) / self.accepted


@dataclass(slots=True)
class Row:
    """What was measured for one row of one shape."""

    rounds: list[Round] = field(default_factory=list)
    one: list[Answered] = field(default_factory=list)
    many: list[Answered] = field(default_factory=list)


@dataclass(slots=True)
class Measured:
    """All rows of one shape. `call_ms` is the accounting system's own time by transaction, as the worker saw it."""

    name: str
    about: str
    rows: dict[str, Row]
    idle_cpu_ms: Mapping[str, float]
    resident_before_mb: float
    resident_after_mb: float
    answered: int
    own_numbers: int = 0
    call_ms: Mapping[str, float] = field(default_factory=dict)


def take(running: Running, plan: Plan, tell: Callable[[str], None]) -> Measured:
    """Warm up, measure all rows in turn, then ask the databases. Raises `BenchFailed` when anything is not as told."""
    loads = _loads(running)
    answered: dict[str, list[Answered]] = {name: [] for name in ROWS}
    for name in ROWS:
        tell(f"{running.name}: warming up, {name}")
        answered[name] += run(running, loads[name](plan.warm_up, MANY))[0].answers
    running.meter.rest()
    before, idle = running.meter.resident_mb(running.portals), _idle(running)
    rows = _measured_rows(running, plan, loads, tell)
    for name, row in rows.items():
        answered[name] += row.one + row.many
    measured = Measured(
        running.name, running.about, rows, idle, before, running.meter.resident_mb(running.portals),
        sum(len(answers) for answers in answered.values()),
    )  # fmt: skip
    tell(f"{running.name}: asking the databases")
    _ask_the_databases(running, answered, measured)
    return measured


def _measured_rows(
    running: Running, plan: Plan, loads: Mapping[str, Callable[[int, int], Load]], tell: Callable[[str], None]
) -> dict[str, Row]:
    """Rows take turns, so that what disturbs the machine for a while disturbs all of them."""
    rows = {name: Row() for name in ROWS}
    for name, row in rows.items():
        tell(f"{running.name}: one in flight, {name}")
        row.one += run(running, loads[name](plan.one, 1))[0].answers
    for number in range(plan.rounds):
        for name, row in rows.items():
            tell(f"{running.name}: {MANY} in flight, round {number + 1} of {plan.rounds}, {name}")
            done, measured = run(running, loads[name](plan.many, MANY))
            row.many += done.answers
            row.rounds.append(measured)
    return rows


def _loads(running: Running) -> dict[str, Callable[[int, int], Load]]:
    endpoints = running.command("bench_seed", "--accounting", running.accounting.url)
    floor = {"path": "/bench/floor/", "company_id": str(uuid4()), "company_name": "Nobody"}
    return {name: load_of(running.url, endpoints.get(name, floor)) for name in ROWS}


def load_of(url: str, endpoint: Mapping[str, str]) -> Callable[[int, int], Load]:
    headers = {endpoint["token_header"]: endpoint["token"]} if "token" in endpoint else {}

    def load(count: int, in_flight: int) -> Load:
        company = endpoint["company_id"], endpoint["company_name"]
        return Load(url + endpoint["path"], headers, *company, count=count, in_flight=in_flight)

    return load


def run(running: Running, load: Load) -> tuple[Run, Round]:
    """The clock stops with the last answer; what the workers still do for it afterwards counts as its CPU time."""
    before: dict[str, float] = {}
    accounting, accounting_before = Meter({"accounting": running.accounting.pid}), 0.0

    def begin() -> None:
        nonlocal accounting_before
        accounting_before = accounting.cpu_ms()["accounting"]
        before.update(running.meter.cpu_ms())

    done = measure(load, begin)
    beside = {"client": done.client_cpu_ms, "accounting": accounting.cpu_ms()["accounting"] - accounting_before}
    running.meter.rest()
    used = {name: ms - before[name] for name, ms in running.meter.cpu_ms().items()}
    return done, Round(done.seconds, len(done.answers), used, beside)


def _idle(running: Running) -> dict[str, float]:
    """CPU milliseconds that each part uses in a second of doing nothing."""
    before = running.meter.cpu_ms()
    time.sleep(IDLE_SECONDS)
    return {name: (ms - before[name]) / IDLE_SECONDS for name, ms in running.meter.cpu_ms().items()}


def _ask_the_databases(running: Running, answered: Mapping[str, list[Answered]], measured: Measured) -> None:
    told = {name: {answer.id: answer.number for answer in answers} for name, answers in answered.items()}
    found = running.command("bench_check", given=told)
    problems = found["problems"] + _problems_in_the_books(running, len(told["worker"]))
    if problems:
        raise BenchFailed(f"{running.name}: {len(problems)} answers were not kept, the first: {problems[0]}")
    measured.own_numbers, measured.call_ms = found["own_numbers"], found["call_ms"]


def _problems_in_the_books(running: Running, expected: int) -> list[str]:
    """The other side's own books: one document for each posting, no more, no less."""
    books = running.accounting.control()
    if (books["documents"], books["twice"]) == (expected, 0):
        return []
    return [f"worker: {expected} were answered, the books have {books['documents']}, and {books['twice']} came twice"]
