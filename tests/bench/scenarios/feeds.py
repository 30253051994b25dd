"""accessplanit with a long history and a start date: only what is due is read, whatever lies before it."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, LiteralString

from tests.bench.finding import Finding, Tell
from tests.bench.processes import PROC, Program
from tests.bench.scenarios.scene import check, wait_until
from tests.bench.shapes import DATABASE, Running, production

SHORT, LONG, KNOWN = 1_000, 100_000, 100_000
DUE, NEW, PAGE, PASSES = 200, 5, 50, 3
AT_ONCE: Final = 5_000
START: Final = "2025-06-01"
ABOUT = (
    "accessplanit's stand-in over real HTTP into the built-in ledger, with a start date: CPU of worker and database. "
    "A history of a thousand invoices and a long one lie before the start; what is due has one line each."
)
READ: Final[LiteralString] = """
SELECT count(*) FILTER (WHERE ended_at IS NULL), max(problem) FROM intake_feedreader
WHERE connection_id = %s AND NOT still_open
"""
BOOKED: Final[LiteralString] = """
SELECT count(*) FILTER (WHERE posting.state = 'posted'), count(*), max(posting.reason) FROM postings_posting posting
JOIN connections_connection books ON books.id = posting.connection_id
JOIN connections_connection source ON source.company_id = books.company_id WHERE source.id = %s
"""
RECORDS: Final[LiteralString] = """
INSERT INTO intake_fedrecord (connection_id, feed, external_id, content_hash, read_at, tries)
SELECT %s, 'invoice', 'invoice-known-' || number, repeat('0', 64), now(), 0 FROM generate_series(1, %s) number
"""


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform of the stand-in."""

    url: str
    slug: str

    def control(self, method: str, path: str = "", body: object = None) -> Any:
        """JSON in, JSON out."""
        address = f"{self.url}/accessplanit/control/platforms/{self.slug}{path}"
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(address, data, method=method), timeout=120) as answer:
            return json.load(answer)

    def furnish(self, history: int) -> dict[str, str]:
        """Make it, with a history and what is due; gives the settings of a link to it."""
        key = self.control("PUT", body={})["api_key"]
        for begin in range(0, history, AT_ONCE):
            self._add("Invoice", [_old(number) for number in range(begin, min(history, begin + AT_ONCE))])
        self.sell(DUE, "2025-06-02")
        return {
            "base_url": f"{self.url}/accessplanit/{self.slug}/accessplan", "api_key": key, "start_date": START,
            "page_size": str(PAGE), "requests_per_hour": "100000",
        }  # fmt: skip

    def sell(self, count: int, day: str) -> None:
        """So many invoices more, with one line each."""
        made = self._add("Invoice", [_due(number, day) for number in range(count)])
        self._add("InvoiceItem", [_line(one["ID"]) for one in made])

    def calls(self) -> int:
        """How many requests it has had, of the latest thousand."""
        return len(self.control("GET", "/calls")["calls"])

    def _add(self, module: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = self.control("POST", f"/records/{module}", {"results": rows})["results"]
        return made


def _old(number: int) -> dict[str, Any]:
    moment = f"2024-{1 + number % 12:02}-{1 + number % 28:02}T09:00:00"
    return _invoice(f"OLD-{number}", moment) | {"Status": "Completed"}


def _due(number: int, day: str) -> dict[str, Any]:
    return _invoice(f"INV-{day}-{number}", f"{day}T{9 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}")


def _invoice(reference: str, moment: str) -> dict[str, Any]:
    return {
        "Reference": reference, "DateCreated": moment, "DateUpdated": moment, "Status": "Outstanding", "Amount": 120,
        "TaxRate": 20, "CurrencyCode": "GBP", "TargetIDType": "Company", "TargetID": "BRIGHT7kQ2",
        "TargetLabel": "Brightwater Care Ltd", "DateDue": moment,
    }  # fmt: skip


def _line(invoice: str) -> dict[str, Any]:
    return {
        "InvoiceID": invoice, "DynamicLabel": "First Aid at Work", "Amount": 120, "Tax": 20, "SourceID": "88120",
        "SourceIDType": "UserCourseDate",
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Read:
    """One pass of all feeds: requests, and CPU milliseconds of worker and database."""

    calls: int
    cpu_ms: float


def run(directory: Path, size: float, tell: Tell) -> Finding:
    """The same reads on a short and on a long history, in one run; then with many records known."""
    short, long, known = SHORT, max(SHORT, round(LONG * size)), max(SHORT, round(KNOWN * size))
    with production(directory) as running, _standin(directory, running) as url:
        platforms = {name: Platform(url, name) for name in ("short", "long")}
        tell(f"feeds: making histories of {short} and {long} invoices")
        settings = {name: platforms[name].furnish(count) for name, count in (("short", short), ("long", long))}
        linked = running.command("bench_feeds", given={"link": settings})
        bench = _Bench(running, platforms, linked, tell)
        bench.warm_up()
        first = {name: bench.first(name) for name in platforms}
        peak = bench.peaks
        again = {name: bench.again(name) for name in platforms}
        tell(f"feeds: {known} records more are known")
        bench.know("long", known)
        knowing = bench.again("long")
    return _finding(long, known, first, again, knowing, peak)


class _Bench:
    def __init__(self, running: Running, platforms: dict[str, Platform], linked: dict[str, str], tell: Tell) -> None:
        self.running, self.platforms, self.linked, self.tell = running, platforms, linked, tell
        self.peaks: dict[str, float] = {}

    def warm_up(self) -> None:
        """What is imported and prepared at the first use is no part of the figures."""
        self.platforms["warm"] = Platform(self.platforms["short"].url, "warm")
        settings = {"warm": self.platforms["warm"].furnish(SHORT)}
        self.linked |= self.running.command("bench_feeds", given={"link": settings})
        self.read("warm")
        del self.platforms["warm"]

    def first(self, name: str) -> Read:
        """Everything that is due is new."""
        self.tell(f"feeds: the first read of the {name} history")
        read = self.read(name)
        self.peaks[name] = self._peak_mb()
        ((booked, taken, reason),) = self._rows(BOOKED, self.linked[name])
        check(booked == taken == DUE, f"feeds: {booked} of {taken} are booked, {DUE} were due. {reason}")
        return read

    def again(self, name: str) -> Read:
        """Some are new: the median of several passes."""
        self.tell(f"feeds: the {name} history again")
        passes = []
        for number in range(PASSES):
            self.platforms[name].sell(NEW, f"2025-07-{1 + number + 10 * len(self.peaks):02}")
            passes.append(self.read(name))
        self.peaks[f"{name} again {len(self.peaks)}"] = self._peak_mb()
        return Read(max(one.calls for one in passes), median(one.cpu_ms for one in passes))

    def read(self, name: str) -> Read:
        """One pass of every feed of a platform."""
        self.running.meter.rest()
        calls, before = self.platforms[name].calls(), self._cpu()
        self.running.command("bench_feeds", given={"read": self.linked[name]})
        wait_until(lambda: self._has_ended(name), 600, f"feeds: the {name} history should be read to its end")
        self.running.meter.rest()
        return Read(self.platforms[name].calls() - calls, self._cpu() - before)

    def know(self, name: str, count: int) -> None:
        """So many records more that were read before."""
        assert self.running.postgres is not None
        with self.running.postgres.connect(DATABASE) as database:
            database.execute(RECORDS, (self.linked[name], count))
            database.execute("ANALYZE intake_fedrecord")

    def _has_ended(self, name: str) -> bool:
        ((under_way, problem),) = self._rows(READ, self.linked[name])
        check(not problem, f"feeds: {problem}")
        return bool(under_way == 0)

    def _peak_mb(self) -> float:
        lines = (PROC / str(self.running.meter.parts["worker"]) / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6

    def _cpu(self) -> float:
        used = self.running.meter.cpu_ms()
        return used["worker"] + used["database"]

    def _rows(self, question: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        assert self.running.postgres is not None
        with self.running.postgres.connect(DATABASE) as database:
            return database.execute(question, values).fetchall()


@contextmanager
def _standin(directory: Path, running: Running) -> Iterator[str]:
    command = [sys.executable, "-m", "integrations", "--port", "0", "--state", str(directory / "ends")]
    log = directory / "ends.log"
    with Program(
        "accessplanit", [*command, "--only", "accessplanit"], environment=running.environment, log=log
    ) as program:
        program.wait_until(lambda: "ready http" in program.said(), "start")
        yield program.said().partition("ready ")[2].split()[0]


def _finding(
    long: int, known: int, first: dict[str, Read], again: dict[str, Read], knowing: Read, peak: dict[str, float]
) -> Finding:
    few, many = first["short"], first["long"]
    grown = peak["long"] / peak["short"]
    lines = [
        (f"requests of the first read of {DUE}", f"{few.calls} -> {many.calls}", "equal"),
        ("CPU of it", _ratio(few.cpu_ms, many.cpu_ms), "at most 1.2"),
        ("peak memory of the worker", f"{peak['short']:.0f} -> {peak['long']:.0f} MB ({grown:.2f})", "at most 1.1"),
        (f"requests of a pass with {NEW} new ones", f"{again['short'].calls} -> {again['long'].calls}", "equal"),
        ("CPU of it", _ratio(again["short"].cpu_ms, again["long"].cpu_ms), "near 1"),
        (f"CPU of it with {known} records more known", _ratio(again["long"].cpu_ms, knowing.cpu_ms), "near 1"),
    ]
    figures = {
        "history": long, "known": known, "due": DUE, "peak_mb": peak,
        "first": {name: [one.calls, one.cpu_ms] for name, one in first.items()},
        "again": {name: [one.calls, one.cpu_ms] for name, one in again.items()},
        "knowing": [knowing.calls, knowing.cpu_ms],
    }  # fmt: skip
    return Finding("feeds", ABOUT, lines, figures)


def _ratio(before: float, after: float) -> str:
    return f"{before:.0f} -> {after:.0f} ms ({after / before:.2f})"
