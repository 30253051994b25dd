"""Measure: `python -m tests.bench [--webhooks 1200] [--quick] [--out FILE] [--shape NAME] [--scenario NAME] [--all]`.

Without `--scenario` the rows are measured; `--all` does both. `--size 0.1` makes every scenario a tenth as large.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench.figures import as_json
from tests.bench.finding import Finding
from tests.bench.processes import BenchFailed
from tests.bench.report import table, told
from tests.bench.rows import MANY, Measured, Plan, take
from tests.bench.scenarios import SCENARIOS
from tests.bench.shapes import Shape, embedded, production

SHAPES: dict[str, Shape] = {"embedded": embedded, "production": production}
ROUNDS = 3
QUICK = Plan(warm_up=32, one=20, many=96, rounds=1)


def main() -> int:
    """Run every shape, print its table, write the JSON file. 1 when a figure could not be trusted."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    plan = QUICK if arguments.quick else _plan(arguments.webhooks)
    machine = _machine()
    print(machine, _said(plan), sep="\n", flush=True)
    measured, findings = list[Measured](), list[Finding]()
    try:
        for name in _shapes(arguments):
            measured.append(_measured(SHAPES[name], plan))
        for name in SCENARIOS if arguments.all else arguments.scenario:
            findings.append(_found(name, arguments.size))
    except BenchFailed as failure:
        print(f"The bench failed. {failure}", file=sys.stderr)
        return 1
    finally:
        if arguments.out:
            text = json.dumps(_told(machine, plan, measured, findings), indent=2)
            arguments.out.write_text(f"{text}\n", encoding="utf-8")
    return 0


def _shapes(arguments: argparse.Namespace) -> Iterable[str]:
    return () if arguments.scenario and not arguments.all else arguments.shape or SHAPES


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--webhooks", type=int, default=1200, help="how many for each row with 16 in flight (default 1200)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="just enough to see that it works; the figures mean little"
    )
    parser.add_argument("--out", type=Path, help="write all figures there as JSON")
    parser.add_argument("--scenario", action="append", default=[], choices=SCENARIOS, help="this one, without the rows")
    parser.add_argument("--all", action="store_true", help="the rows and every scenario")
    parser.add_argument("--size", type=float, default=1.0, help="of the scenarios: 0.1 is a tenth of everything")
    parser.add_argument("--shape", action="append", choices=SHAPES, help="this shape alone")
    return parser.parse_args()


def _plan(webhooks: int) -> Plan:
    return Plan(
        warm_up=max(webhooks // 8, 32), one=max(webhooks // 12, 20), many=max(webhooks // ROUNDS, 32), rounds=ROUNDS
    )


def _measured(shape: Shape, plan: Plan) -> Measured:
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as directory, shape(Path(directory)) as running:
        measured = take(running, plan, _tell)
    print(f"\n{table(measured)}", flush=True)
    return measured


def _found(name: str, size: float) -> Finding:
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as directory:
        finding = SCENARIOS[name](Path(directory), size, _tell)
    print(f"\n{told(finding)}", flush=True)
    return finding


def _tell(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def _machine() -> str:
    names = ("django", "djangorestframework", "celery", "granian", "waitress", "psycopg")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} CPUs ({_processor()}), "
        f"load at the start {os.getloadavg()[0]:.1f},\n"
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _said(plan: Plan) -> str:
    return (
        f"For each row: {plan.warm_up} to warm up, {plan.one} with 1 in flight, "
        f"{plan.rounds} times {plan.many} with {MANY} in flight; rows take turns, CPU is the median of the turns."
    )


def _told(machine: str, plan: Plan, measured: list[Measured], findings: list[Finding]) -> dict[str, Any]:
    return {
        "machine": machine,
        "plan": asdict(plan),
        "shapes": {one.name: as_json(one) for one in measured},
        "scenarios": {finding.name: dict(finding.figures) for finding in findings},
    }


if __name__ == "__main__":
    sys.exit(main())
