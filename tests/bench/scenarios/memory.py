"""Resident memory after many webhooks beside that after few, of each process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.bench.client import measure
from tests.bench.finding import Finding, Tell
from tests.bench.scenarios.scene import Scene, check, scene

FEW, MANY, IN_FLIGHT = 5_000, 100_000, 16
# A posting through a worker costs several times a receipt.
POSTED_SHARE = 0.1
ABOUT = "Receipts alone with a paused connection, then a tenth as many with posting; MB of resident memory."
TRANSACTIONS = "SELECT count(*) FROM postings_transaction WHERE company_id = %s"


def run(directory: Path, size: float, tell: Tell) -> Finding:
    """Memory by part, early and late, for both."""
    lines, figures = list[tuple[str, str, str]](), dict[str, object]()
    companies: dict[str, dict[str, object]] = {
        "receipts": {"answer": "immediate", "paused": True},
        "posted": {"answer": "confirmed"},
    }
    with scene(directory, companies) as on:
        for name, share in (("receipts", size), ("posted", size * POSTED_SHARE)):
            few, many = max(100, round(FEW * share)), max(200, round(MANY * share))
            early, late = _grown(on, name, few, many, tell)
            figures[name] = {"few": few, "many": many, "early_mb": early, "late_mb": late}
            for part in on.running.portals:
                told = f"{early[part]:.0f} -> {late[part]:.0f} MB ({late[part] / early[part]:.3f})"
                lines.append((f"{name}, {part}: after {few} and after {many}", told, "at most 1.05"))
        on.wait_until_posted("posted", 120)
    return Finding("memory", ABOUT, lines, figures)


def _grown(on: Scene, name: str, few: int, many: int, tell: Tell) -> tuple[Mapping[str, float], Mapping[str, float]]:
    done, early = 0, dict[str, float]()
    while done < many:
        portion = min(few, many - done)
        measure(on.load(name, portion, IN_FLIGHT), lambda: None)
        done += portion
        tell(f"memory: {name}, {done} of {many}: " + ", ".join(f"{k} {v:.0f} MB" for k, v in _resident(on).items()))
        if not early:
            on.running.meter.rest()
            early = _resident(on)
    on.running.meter.rest()
    ((kept,),) = on.rows(TRANSACTIONS, on.companies[name]["company"])
    check(kept == done, f"memory: {done} were answered, {kept} are kept")
    return early, _resident(on)


def _resident(on: Scene) -> dict[str, float]:
    return {part: on.running.meter.resident_mb([part]) for part in on.running.portals}
