"""The load: a process of its own that posts bodies with keep-alive connections and keeps every answer.

`measure` starts it, lets it make its bodies, and calls `begin` right before the first byte goes out.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from integrations.exact import to_json
from integrations.icompleat.samples import transaction_for
from tests.bench.processes import ROOT, BenchFailed

ANSWER_WITHIN_SECONDS = 30
# Many suppliers, as in life: all are known after the warm-up.
SUPPLIERS = 20


@dataclass(frozen=True, slots=True)
class Load:
    """What to post: `count` new invoices of three lines for one company, `in_flight` at a time."""

    url: str
    headers: Mapping[str, str]
    company_id: str
    company_name: str
    count: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: the transaction's id, the number that was told, and after how many milliseconds."""

    id: str
    number: str
    ms: float


@dataclass(frozen=True, slots=True)
class Run:
    """All answers of one load, and the seconds from the first byte sent to the last answer."""

    seconds: float
    answers: list[Answered]


def measure(load: Load, begin: Callable[[], None]) -> Run:
    """Post it all. Raises `BenchFailed` unless every answer is 200 with a number, all numbers different."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.client"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        told = _talk(process, load, begin)
    finally:
        process.kill()
        process.wait()
    run = Run(told["seconds"], [Answered(**answer) for answer in told["answers"]])
    _check(load, run, told["failures"])
    return run


def _talk(process: subprocess.Popen[str], load: Load, begin: Callable[[], None]) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise BenchFailed("The load process has no pipes.")
    process.stdin.write(json.dumps(asdict(load)) + "\n")
    process.stdin.flush()
    if process.stdout.readline() != "ready\n":
        raise BenchFailed("The load process ended before it began.")
    begin()
    process.stdin.write("go\n")
    process.stdin.flush()
    told: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
    if not told:
        raise BenchFailed("The load process ended before it told its answers.")
    return told


def _check(load: Load, run: Run, failures: list[str]) -> None:
    if failures:
        raise BenchFailed(f"{len(failures)} of {load.count} posts to {load.url} failed, the first with: {failures[0]}")
    numbers = {answer.number for answer in run.answers}
    if len(run.answers) != load.count or len(numbers) != load.count:
        raise BenchFailed(f"{load.count} posts to {load.url} got {len(run.answers)} answers, {len(numbers)} different.")


# --- in the load's own process ---------------------------------------------------------------------------------------


def main() -> None:
    """Read a `Load`, say `ready`, wait for a line, post, tell."""
    load = Load(**json.loads(sys.stdin.readline()))
    bodies = [(identity, body) for identity, body in made(load)]
    connections = [_connected(load.url) for _ in range(load.in_flight)]
    print("ready", flush=True)
    sys.stdin.readline()
    json.dump(_posted(load, bodies, connections), sys.stdout)
    print(flush=True)


def made(load: Load) -> Iterator[tuple[str, bytes]]:
    """Bodies as iCompleat sends them, each with an id and a number of its own."""
    samples = [
        transaction_for("invoice", load.company_id, load.company_name, copy=copy + 1) for copy in range(SUPPLIERS)
    ]
    texts = []
    for position, transaction in enumerate(samples):
        transaction["Supplier"] = {"Code": f"BENCH{position:02}", "Name": f"Bench Supplies {position}"}
        texts.append((transaction["Id"], to_json({"Transaction": transaction})))
    for position in range(load.count):
        old, text = texts[position % SUPPLIERS]
        identity = str(uuid.uuid4())
        yield identity, text.replace(old, identity).encode()


def _connected(url: str) -> HTTPConnection:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=ANSWER_WITHIN_SECONDS)
    connection.connect()
    return connection


def _posted(load: Load, bodies: list[tuple[str, bytes]], connections: list[HTTPConnection]) -> dict[str, Any]:
    waiting, answers, failures = iter(bodies), list[dict[str, Any]](), list[str]()
    headers, path, lock = (
        {"Content-Type": "application/json", **load.headers},
        urlsplit(load.url).path,
        threading.Lock(),
    )

    def post_on(connection: HTTPConnection) -> None:
        while not failures:
            with lock:
                identity, body = next(waiting, ("", b""))
            if not identity:
                return
            try:
                answers.append(asdict(_one(connection, path, headers, identity, body)))
            except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
                failures.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=post_on, args=(connection,)) for connection in connections]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"seconds": time.monotonic() - began, "answers": answers, "failures": failures}


def _one(connection: HTTPConnection, path: str, headers: Mapping[str, str], identity: str, body: bytes) -> Answered:
    began = time.perf_counter()
    connection.request("POST", path, body, dict(headers))
    response = connection.getresponse()
    text = response.read()
    ms = (time.perf_counter() - began) * 1000
    if response.status != 200:
        raise ValueError(f"{response.status} {text[:300]!r}")
    number = json.loads(text)["JournalNumber"]
    if not isinstance(number, str) or not number:
        raise ValueError(f"no number in {text[:300]!r}")
    return Answered(identity, number, ms)


if __name__ == "__main__":
    main()
