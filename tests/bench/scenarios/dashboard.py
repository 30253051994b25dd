"""What a customer's pages cost with 1,000,000 transactions behind them, beside 1,000; and counting them for once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import LiteralString

from tests.bench.client import measure
from tests.bench.finding import Finding, Tell
from tests.bench.scenarios.copies import copy
from tests.bench.scenarios.scene import Scene, check, scene
from tests.bench.shapes import DATABASE
from tests.chaos.staff import Staff

FEW, MANY, DELIVERED, IN_FLIGHT, PAGES = 1_000, 1_000_000, 64, 8, 21
NAME, BESIDE = "busy", 11
ABOUT = (
    "Medians of what a page's reader waits for: with 1,000 transactions of one company among twelve of a tenant, "
    "then with all of them; the detail is of the newest one."
)
# What is younger than two minutes is not counted yet.
AGE: LiteralString = """
UPDATE postings_transition SET at = at - interval '1 hour'
"""
COUNTED: LiteralString = "SELECT coalesce(sum(received), 0), coalesce(sum(posted), 0) FROM postings_dayfigures"
COUNTED_WITHIN_SECONDS = 900.0
UP_TO: LiteralString = "SELECT coalesce(max(up_to), 0) FROM postings_counting"
HELD: LiteralString = "SELECT count(*), count(*) FILTER (WHERE state = 'posted') FROM postings_posting"
NEWEST: LiteralString = "SELECT public_id FROM postings_transaction WHERE company_id = %s ORDER BY id DESC LIMIT 1"
EMPTY: LiteralString = "SELECT id FROM tenants_company WHERE name LIKE '%% Beside 0 Ltd'"


def run(directory: Path, size: float, tell: Tell) -> Finding:
    """Each page with few and with many behind it, and their ratio, which should be near one."""
    many = max(2 * FEW, round(MANY * size))
    with scene(directory, {NAME: {"answer": "confirmed", "beside": BESIDE}}) as on:
        measure(on.load(NAME, DELIVERED, IN_FLIGHT), lambda: None)
        on.wait_until_posted(NAME, 60)
        with on.postgres.connect(DATABASE) as database:
            with database.transaction():
                database.execute("SET LOCAL session_replication_role = replica")
                database.execute(AGE)
            copy(database, on.companies[NAME]["connection"], FEW - DELIVERED)
        few_ms, _ = _costs(on, FEW, tell)
        tell(f"dashboard: copying {many - FEW}")
        with on.postgres.connect(DATABASE) as database:
            copy(database, on.companies[NAME]["connection"], many - FEW)
        many_ms, (changes, seconds) = _costs(on, many, tell)
    lines = [(name, _ratio(ms, many_ms[name]), "near 1") for name, ms in few_ms.items()]
    lines.append((f"counting {changes:,} changes for the first time", f"{seconds:.0f} s", ""))
    figures = {"few": FEW, "many": many, "few_ms": few_ms, "many_ms": many_ms, "counting_seconds": seconds}
    return Finding("dashboard", ABOUT, lines, {**figures, "counted": changes})


def _ratio(before: float, after: float) -> str:
    return f"{before:.1f} -> {after:.1f} ms ({after / before:.2f})"


def _costs(on: Scene, expected: int, tell: Tell) -> tuple[Mapping[str, float], tuple[int, float]]:
    """Milliseconds of each page, and how many changes were counted in how many seconds before."""
    counted = _count(on, expected, tell)
    company, ((newest,),), ((empty,),) = on.companies[NAME]["company"], _newest(on), on.rows(EMPTY)
    pages = {
        "home": "/",
        "dashboard": f"/companies/{company}/",
        "the part of it that is asked for every 30 s": f"/companies/{company}/now/",
        "the dashboard of an empty company beside it": f"/companies/{empty}/",
        "transactions": f"/transactions/?company={company}",
        "transactions that need a person": f"/transactions/?company={company}&state=attention",
        "one transaction": f"/transactions/{newest}/",
    }
    _settle(on)
    tell(f"dashboard: pages with {expected} transactions")
    return _in_turn(on.person(NAME), pages), counted


def _settle(on: Scene) -> None:
    """What was copied in is still on its way to the disk: the pages do not wait behind it."""
    with on.postgres.connect(DATABASE) as database:
        database.autocommit = True
        database.execute("CHECKPOINT")
    on.running.meter.rest()


def _newest(on: Scene) -> list[tuple[object, ...]]:
    return on.rows(NEWEST, on.companies[NAME]["company"])


def _count(on: Scene, expected: int, tell: Tell) -> tuple[int, float]:
    """Until nothing is left: how many changes in how many seconds. A worker counts beside it; each row counts once."""
    ((postings, posted),) = on.rows(HELD)
    check((postings, posted) == (expected, expected), f"dashboard: {postings} postings, {posted} of them posted")
    began, ((before,),) = time.perf_counter(), on.rows(UP_TO)
    while on.running.count_figures() or on.rows(COUNTED)[0] != (expected, expected):
        check(time.perf_counter() - began < COUNTED_WITHIN_SECONDS, f"dashboard: the figures say {on.rows(COUNTED)}")
    took, ((after,),) = time.perf_counter() - began, on.rows(UP_TO)
    tell(f"dashboard: {after - before} changes were counted in {took:.0f} s")
    return after - before, took


def _in_turn(person: Staff, pages: Mapping[str, str]) -> dict[str, float]:
    """Milliseconds of each, the median. The pages take turns, so that what else the machine does falls on all of them;
    the first turns, which log in and fill caches, do not count."""
    took = {name: list[float]() for name in pages}
    for _ in range(3 + PAGES):
        for name, path in pages.items():
            began = time.perf_counter()
            person.page(path)
            took[name].append((time.perf_counter() - began) * 1000)
    return {name: median(each[3:]) for name, each in took.items()}
