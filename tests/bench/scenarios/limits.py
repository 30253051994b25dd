"""6,000 waiting postings against a vendor who allows 100 requests a second, from two worker processes."""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench.client import measure
from tests.bench.finding import Finding, Tell
from tests.bench.scenarios.copies import copy
from tests.bench.scenarios.scene import check, scene, wait_until
from tests.bench.shapes import DATABASE

WAITING, PER_SECOND, WORKERS = 6_000, 100, 2
NAME = "busy"
ABOUT = "Everything waits when the connection is let go; the accounting system answers 429 above its limit and counts."


def run(directory: Path, size: float, tell: Tell) -> Finding:
    """How much of the limit is used, and whether it was ever passed."""
    count = max(100, round(WAITING * size))
    companies = {NAME: {"answer": "immediate", "paused": True}}
    with scene(directory, companies, workers=WORKERS, BENCH_LIMIT_PER_SECOND=str(PER_SECOND)) as on:
        accounting = on.running.accounting
        accounting.control(limits={NAME: [PER_SECOND, 1.0]})
        measure(on.load(NAME, 1, 1), lambda: None)
        connection = on.companies[NAME]["connection"]
        with on.postgres.connect(DATABASE) as database:
            copy(database, connection, count - 1)
        tell(f"limits: {count} wait, {PER_SECOND} a second are allowed")
        on.running.resume(connection)
        began = time.monotonic()
        ideal = count / PER_SECOND
        wait_until(
            lambda: accounting.control()["by_company"].get(NAME, 0) == count, 60 + 10 * ideal, "all should be booked"
        )
        tell(f"limits: booked after {time.monotonic() - began:.1f} s")
        on.wait_until_posted(NAME, 60)
        told = accounting.control(writes=True)
    return _finding(count, told["writes"][NAME], told["refused"].get(NAME, 0), told["twice"])


def _finding(count: int, writes: list[float], refused: int, twice: int) -> Finding:
    check(twice == 0, f"limits: {twice} came twice")
    check(refused == 0, f"limits: the accounting system answered 429 {refused} times")
    seconds = writes[-1] - writes[0]
    used = (len(writes) - 1) / seconds / PER_SECOND
    most = _most_in_a_second(writes)
    return Finding(
        "limits",
        ABOUT,
        [
            (f"{count} postings, {WORKERS} worker processes, {PER_SECOND} a second allowed", f"{seconds:.1f} s", ""),
            ("answered with 429", str(refused), "0"),
            ("of the limit used", f"{used:.1%}", "at least 95 %"),
            ("most in any second", str(most), f"at most {PER_SECOND}"),
        ],
        {"postings": count, "seconds": seconds, "refused": refused, "used": used, "most_in_a_second": most},
    )


def _most_in_a_second(at: list[float]) -> int:
    """Times in order; how many lie within any second."""
    first, most = 0, 0
    for last, moment in enumerate(at):
        while at[first] <= moment - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most
