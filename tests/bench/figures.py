"""From measurements to figures: medians over rounds, percentiles over answers, ratios to the floor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from tests.bench.client import Answered
from tests.bench.rows import Measured, Row
from tests.bench.shapes import LATENCY_MS


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of the table. CPU is of web, worker, database and Redis together; times are milliseconds.

    `beside` is the client and the accounting system, on the same machine and in no other figure.
    """

    per_second: float
    cpu_ms: float
    cpu_ms_lowest: float
    cpu_ms_highest: float
    per_cpu_second: float
    to_floor: float
    p50_one: float
    p50_many: float
    p99_many: float
    parts: Mapping[str, float]
    beside: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Overhead:
    """What the portal adds to the accounting system's own time, in milliseconds, with 1 and with 16 in flight.

    `over_latency` takes off the 40 ms that the stand-in sleeps; `over_call` takes off what its answer really took,
    which is more than it sleeps. `own_numbers` is the share of answers that held the accounting system's own number.
    """

    over_latency_p50_one: float
    over_latency_p99_many: float
    over_call_p50_one: float
    over_call_p99_many: float
    own_numbers: float


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that `percent` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


def figures(measured: Measured) -> dict[str, Figures]:
    """The lines of one shape."""
    floor = _cpu(measured.rows["floor"])
    return {name: _line(row, floor) for name, row in measured.rows.items()}


def overhead(measured: Measured) -> Overhead:
    """Only of the row through the worker."""
    row = measured.rows["worker"]
    one, many = _over_call(measured, row.one), _over_call(measured, row.many)
    return Overhead(
        over_latency_p50_one=percentile(_ms(row.one), 50) - LATENCY_MS,
        over_latency_p99_many=percentile(_ms(row.many), 99) - LATENCY_MS,
        over_call_p50_one=percentile(one, 50),
        over_call_p99_many=percentile(many, 99),
        own_numbers=measured.own_numbers / len(measured.call_ms),
    )


def as_json(measured: Measured) -> dict[str, Any]:
    """All figures of one shape, for scripts."""
    return {
        "about": measured.about,
        "rows": {name: asdict(line) for name, line in figures(measured).items()},
        "overhead": asdict(overhead(measured)),
        "idle_cpu_ms_per_second": dict(measured.idle_cpu_ms),
        "resident_mb": {"before": measured.resident_before_mb, "after": measured.resident_after_mb},
        "answered_and_found": measured.answered,
    }


def _line(row: Row, floor: float) -> Figures:
    cpu, each = _cpu(row), [done.cpu_each_ms for done in row.rounds]
    return Figures(
        per_second=median(done.accepted / done.seconds for done in row.rounds),
        cpu_ms=cpu,
        cpu_ms_lowest=min(each),
        cpu_ms_highest=max(each),
        per_cpu_second=1000 / cpu,
        to_floor=floor / cpu,
        p50_one=percentile(_ms(row.one), 50),
        p50_many=percentile(_ms(row.many), 50),
        p99_many=percentile(_ms(row.many), 99),
        parts={name: median(done.cpu_ms[name] / done.accepted for done in row.rounds) for name in row.rounds[0].cpu_ms},
        beside={
            name: median(done.beside_ms[name] / done.accepted for done in row.rounds)
            for name in row.rounds[0].beside_ms
        },
    )


def _cpu(row: Row) -> float:
    return median(done.cpu_each_ms for done in row.rounds)


def _ms(answers: Iterable[Answered]) -> list[float]:
    return [answer.ms for answer in answers]


def _over_call(measured: Measured, answers: Iterable[Answered]) -> list[float]:
    return [answer.ms - measured.call_ms[answer.id] for answer in answers]
