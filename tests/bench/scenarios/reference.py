"""The suppliers of Demo Books into iCompleat over real HTTP: the first sync, then one in a thousand of them changed."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final, LiteralString

from tests.bench.finding import Finding, Tell
from tests.bench.processes import PROC, Program
from tests.bench.scenarios.scene import check, wait_until
from tests.bench.shapes import DATABASE, Running, production
from tests.servers import Postgres

FEW, MANY, LIMITED = 1_000, 100_000, 6_500
ONE_CHANGED_OF = 1_000
BOOKS, COMPANY, CHUNK = "harbour-street", "5a1b1f0e-6c0c-4b64-9e0e-0d9d3f3b8a01", 100
FASTEST, USUAL = 600, 50
ABOUT = (
    "CPU of worker and database. iCompleat's limit is lifted but for the last row, which keeps to 50 calls a minute."
)
RUN: Final[LiteralString] = """
SELECT state, message, read, added, changed, sent, deleted, refused, calls FROM reference_syncrun WHERE id = %s
"""
COLUMNS: Final = ("state", "message", "read", "added", "changed", "sent", "deleted", "refused", "calls")
OVER: Final = {"Complete", "FetchError", "ProcessingError", "AuthError", "InternalError", "RateLimitError", "Cancelled"}


@dataclass(frozen=True, slots=True)
class Ends:
    """The two stand-ins of one company."""

    url: str

    def call(self, method: str, path: str, body: object = None) -> Any:
        """JSON in, JSON out."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def generate(self, count: int) -> None:
        """So many suppliers more."""
        self.call("POST", f"/demo/control/companies/{BOOKS}/suppliers/generate", {"count": count})

    def change(self, count: int) -> None:
        """So many of them are called otherwise."""
        self.call("POST", f"/demo/control/companies/{BOOKS}/suppliers/change", {"count": count})

    def calls(self) -> dict[str, Any]:
        """How often iCompleat was called since it was asked last."""
        told: dict[str, Any] = self.call("GET", "/icompleat/control/calls?limit=0")
        self.call("DELETE", "/icompleat/control/calls")
        return told

    def names(self) -> dict[str, str]:
        """The whole list at iCompleat, by code."""
        rows = self.call("GET", f"/icompleat/control/companies/{COMPANY}/lists/suppliers")["rows"]
        return {row["Code"]: row["Name"] for row in rows}

    def linked_at(self, per_minute: int) -> dict[str, Any]:
        """A company at both ends, as `bench_reference` wants it told."""
        self.call("PUT", "/icompleat/control/faults", {"limit_per_minute": 0 if per_minute == FASTEST else per_minute})
        given = {"name": "Bench Ltd", "base_currency": "GBP"}
        self.call("PUT", f"/icompleat/control/companies/{COMPANY}", given)
        (tenant,) = self.call("GET", "/icompleat/control/tenants")["tenants"]
        return {
            "accounting": f"{self.url}/demo",
            "books": BOOKS,
            "key": tenant["security_key"],
            "source": {
                "base_url": f"{self.url}/icompleat", "tenant_id": tenant["id"], "company_id": COMPANY,
                "requests_per_minute": str(per_minute),
            },
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Synced:
    """One run: its counts, what it cost in milliseconds, iCompleat's own count of calls."""

    counts: dict[str, Any]
    cpu_ms: float
    calls: dict[str, Any]


def run(directory: Path, size: float, tell: Tell) -> Finding:
    """Rows sent, calls, CPU of both syncs, memory, and the limit."""
    few, many = FEW, max(5_000, round(MANY * size))
    with production(directory) as running, ExitStack() as stack:
        ends = {name: stack.enter_context(_ends(directory, running, name)) for name in ("few", "many", "limited")}
        wanted = {name: one.linked_at(USUAL if name == "limited" else FASTEST) for name, one in ends.items()}
        linked = running.command("bench_reference", given={"link": wanted})
        bench = _Bench(running, running.postgres, ends, linked, tell)
        bench.both("few", few)
        early = bench.peak_mb()
        first, second = bench.both("many", many)
        late = bench.peak_mb()
        limited = bench.first("limited", LIMITED)
    return _finding(many, first, second, limited, early, late)


@dataclass(frozen=True, slots=True)
class _Bench:
    running: Running
    postgres: Postgres | None
    ends: dict[str, Ends]
    linked: dict[str, str]
    tell: Tell

    def first(self, name: str, count: int) -> Synced:
        """Everything is new."""
        self.ends[name].generate(count)
        return self._sync(name, f"{count} suppliers for the first time")

    def both(self, name: str, count: int) -> tuple[Synced, Synced]:
        """And then some of them changed."""
        first, changed = self.first(name, count), count // ONE_CHANGED_OF
        before = self.ends[name].names()
        self.ends[name].change(changed)
        second = self._sync(name, f"{changed} of them changed")
        after = self.ends[name].names()
        moved = sum(after[code] != said for code, said in before.items())
        check(len(before) == len(after) == first.counts["sent"], f"reference: {len(after)} rows are there")
        check(moved == changed, f"reference: {moved} rows are different at iCompleat, {changed} were changed")
        return first, second

    def peak_mb(self) -> float:
        """The most resident memory that the worker had so far, in MB (10^6)."""
        lines = (PROC / str(self.running.meter.parts["worker"]) / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6

    def _sync(self, name: str, about: str) -> Synced:
        self.tell(f"reference: {about}")
        self.running.meter.rest()
        before = self._cpu()
        run_id = self.running.command("bench_reference", given={"sync": self.linked[name]})
        wait_until(lambda: self._row(run_id)["state"] in OVER, 1800, f"reference: {about}: it should come to its end")
        self.running.meter.rest()
        counts = self._row(run_id)
        check(counts["state"] == "Complete", f"reference: {about}: {counts['state']}: {counts['message']}")
        return Synced(counts, self._cpu() - before, self.ends[name].calls())

    def _cpu(self) -> float:
        used = self.running.meter.cpu_ms()
        return used["worker"] + used["database"]

    def _row(self, run_id: int) -> dict[str, Any]:
        check(self.postgres is not None, "reference: this shape has no PostgreSQL")
        assert self.postgres is not None
        with self.postgres.connect(DATABASE) as database:
            row = database.execute(RUN, (run_id,)).fetchone()
        return dict(zip(COLUMNS, row or ("",) * len(COLUMNS), strict=True))


@contextmanager
def _ends(directory: Path, running: Running, name: str) -> Iterator[Ends]:
    command = [sys.executable, "-m", "integrations", "--port", "0", "--state", str(directory / f"ends-{name}")]
    command += ["--only", "demo", "--only", "icompleat"]
    log = directory / f"ends-{name}.log"
    with Program(f"the stand-ins ({name})", command, environment=running.environment, log=log) as program:
        program.wait_until(lambda: "ready http" in program.said(), "start")
        yield Ends(program.said().partition("ready ")[2].split()[0])


def _finding(many: int, first: Synced, second: Synced, limited: Synced, early: float, late: float) -> Finding:
    rows, changed = first.counts["sent"], many // ONE_CHANGED_OF
    cheaper = min(changed, ceil(rows / CHUNK))
    beyond = max(0, limited.calls["most_in_a_minute"] - USUAL) + limited.calls["refused"]
    check(second.counts["calls"] == second.calls["count"], "reference: iCompleat counted other calls than the run")
    share = second.cpu_ms / first.cpu_ms
    lines = [
        (f"first sync of {rows} suppliers", f"{first.cpu_ms / 1000:.1f} s of CPU, {first.calls['count']} calls", ""),
        (f"{changed} of them changed: rows sent", str(second.counts["sent"]), str(changed)),
        ("calls for them", str(second.calls["count"]), f"at most {cheaper}"),
        ("CPU of the second sync beside the first", f"{second.cpu_ms / 1000:.1f} s ({share:.3f})", "at most 0.2"),
        (f"peak memory beside that of {FEW}", f"{late:.0f} MB beside {early:.0f} ({late / early:.3f})", "at most 1.2"),
        (f"calls beyond {USUAL} a minute, of {limited.calls['count']}", str(beyond), "0"),
    ]
    figures = {
        "suppliers": many, "rows": rows, "first_cpu_ms": first.cpu_ms, "second_cpu_ms": second.cpu_ms,
        "cpu_ratio": share, "sent": second.counts["sent"], "calls": second.calls["count"], "calls_promised": cheaper,
        "first_calls": first.calls["count"], "peak_mb": late, "peak_of_few_mb": early, "peak_ratio": late / early,
        "most_in_a_minute": limited.calls["most_in_a_minute"], "calls_beyond": beyond,
    }  # fmt: skip
    return Finding("reference", ABOUT, lines, figures)
