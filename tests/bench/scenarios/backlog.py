"""What a webhook costs with nothing behind it, and with a long history and many postings due elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import LiteralString

from tests.bench.client import measure
from tests.bench.finding import Finding, Tell
from tests.bench.rows import MANY
from tests.bench.rows import run as run_row
from tests.bench.scenarios.copies import copy
from tests.bench.scenarios.scene import Scene, check, scene
from tests.bench.shapes import DATABASE
from tests.chaos.staff import Staff

HISTORY, DUE_ELSEWHERE = 200_000, 100_000
EACH, ROUNDS, PAGES, WARM_UP = 300, 3, 15, 64
POSTED, KEPT, PAUSED, BROKEN = "posted", "kept", "paused", "broken"
PAGE_OF = {"the staff's list of postings": "/admin/postings/posting/", "the customer's transactions": "/transactions/"}
ABOUT = (
    "CPU of web, worker, database and Redis for each webhook with 16 in flight; pages as their reader waits for them."
)
BREAK: LiteralString = (
    "UPDATE connections_connection SET open_until = now() + interval '1 day', paused = false WHERE id = %s RETURNING id"
)
ROWS: LiteralString = "SELECT count(*), count(*) FILTER (WHERE state = 'ready') FROM postings_posting"


def run(directory: Path, size: float, tell: Tell) -> Finding:
    """Every cost before and after, and their ratio, which should be near one."""
    history, due = max(1_000, round(HISTORY * size)), max(500, round(DUE_ELSEWHERE * size))
    still = {"answer": "immediate", "paused": True}
    with scene(directory, {POSTED: {"answer": "confirmed"}, KEPT: still, PAUSED: still, BROKEN: still}) as on:
        for name in on.companies:
            measure(on.load(name, WARM_UP, MANY), lambda: None)
        before = _costs(on, tell)
        tell(f"backlog: copying {history} of history and {due} that are due elsewhere")
        _pile_up(on, history, due)
        after = _costs(on, tell)
        ((rows, ready),) = on.rows(ROWS)
    check(rows >= history + due and ready >= due, f"backlog: {rows} postings, {ready} due: not what was piled up")
    lines = [(name, _ratio(had, after[name]), "near 1") for name, had in before.items()]
    return Finding("backlog", ABOUT, lines, {"history": history, "due": due, "before_ms": before, "after_ms": after})


def _ratio(before: float, after: float) -> str:
    return f"{before:.2f} -> {after:.2f} ms ({after / before:.2f})"


def _pile_up(on: Scene, history: int, due: int) -> None:
    of = {name: company["connection"] for name, company in on.companies.items()}
    with on.postgres.connect(DATABASE) as database:
        copy(database, of[POSTED], history // 2)
        copy(database, of[KEPT], history - history // 2)
        copy(database, of[PAUSED], due // 2)
        copy(database, of[BROKEN], due - due // 2)
        check(database.execute(BREAK, (of[BROKEN],)).fetchone() is not None, "backlog: no such connection")


def _costs(on: Scene, tell: Tell) -> Mapping[str, float]:
    costs = {}
    for name, about in ((KEPT, "receipt alone"), (POSTED, "receipt and posting")):
        tell(f"backlog: {about}")
        rounds = [run_row(on.running, on.load(name, EACH, MANY))[1].cpu_each_ms for _ in range(ROUNDS)]
        costs[f"{about}, CPU for each"] = median(rounds)
    for about, path in PAGE_OF.items():
        costs[f"{about}, its reader waits"] = _page(
            on.person() if path.startswith("/admin") else on.person(POSTED), path
        )
    return costs


def _page(person: Staff, path: str) -> float:
    """Milliseconds, the median; without the first time, which logs in."""
    person.page(path)
    took = []
    for _ in range(PAGES):
        began = time.perf_counter()
        person.page(path)
        took.append((time.perf_counter() - began) * 1000)
    return median(took)
