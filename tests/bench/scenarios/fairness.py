"""One company's accounting system hangs with 500 postings due; how much slower is another company's posting?"""

from __future__ import annotations

from pathlib import Path
from typing import LiteralString

from tests.bench.client import measure
from tests.bench.figures import percentile
from tests.bench.finding import Finding, Tell
from tests.bench.scenarios.copies import copy
from tests.bench.scenarios.scene import Scene, check, scene, wait_until
from tests.bench.shapes import DATABASE

DUE, EACH, IN_FLIGHT, WARM_UP = 500, 400, 4, 64
SLOW, BRISK = "slow", "brisk"
ABOUT = "Accept to posted, as the database has it, of the company whose accounting system is well."
TOOK: LiteralString = """
SELECT extract(epoch FROM p.posted_at - t.received_at)::double precision * 1000
FROM postings_posting p JOIN postings_transaction t ON t.id = p.transaction_id
WHERE p.connection_id = %s AND p.id > %s AND p.state = 'posted'
"""
NEWEST: LiteralString = "SELECT coalesce(max(id), 0) FROM postings_posting"
UNDER_WAY: LiteralString = "SELECT count(*) FROM postings_posting WHERE connection_id = %s AND state = 'sending'"


def run(directory: Path, size: float, tell: Tell) -> Finding:
    """p95 of the one company without and with the other's trouble."""
    due, each = max(20, round(DUE * size)), max(50, round(EACH * size))
    companies: dict[str, dict[str, object]] = {
        SLOW: {"answer": "immediate", "paused": True},
        BRISK: {"answer": "confirmed"},
    }
    with scene(directory, companies) as on:
        measure(on.load(BRISK, WARM_UP, IN_FLIGHT), lambda: None)
        without = _p95(on, each)
        tell(f"fairness: p95 {without:.0f} ms alone; now the other hangs with {due} due")
        on.running.accounting.control(hang=[SLOW])
        measure(on.load(SLOW, 1, 1), lambda: None)
        with on.postgres.connect(DATABASE) as database:
            copy(database, on.companies[SLOW]["connection"], due - 1)
        on.running.resume(on.companies[SLOW]["connection"])
        wait_until(lambda: on.rows(UNDER_WAY, on.companies[SLOW]["connection"])[0][0] > 0, 30, "it should hang")
        beside = _p95(on, each)
        posted = on.wait_until_posted(BRISK, 60)
    check(posted == WARM_UP + 2 * each, f"fairness: {WARM_UP + 2 * each} were answered, {posted} are posted")
    ratio = beside / without
    return Finding(
        "fairness",
        ABOUT,
        [
            (f"p95 of {each}, {IN_FLIGHT} in flight, alone", f"{without:.0f} ms", ""),
            (f"the same while another company hangs with {due} due", f"{beside:.0f} ms", ""),
            ("ratio", f"{ratio:.2f}", "at most 1.50"),
        ],
        {"due": due, "each": each, "alone_p95_ms": without, "beside_p95_ms": beside, "ratio": ratio},
    )


def _p95(on: Scene, each: int) -> float:
    ((newest,),) = on.rows(NEWEST)
    measure(on.load(BRISK, each, IN_FLIGHT), lambda: None)
    connection = on.companies[BRISK]["connection"]
    wait_until(lambda: len(on.rows(TOOK, connection, newest)) == each, 60, "all should be posted")
    return percentile((ms for (ms,) in on.rows(TOOK, connection, newest)), 95)
