"""The load: a process of its own that posts bodies with keep-alive connections and keeps every answer.

`measure` starts it, lets it make its bodies, and calls `begin` right before the first byte goes out.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from integrations.exact import to_json
from integrations.icompleat.samples import transaction_for
from tests.bench.processes import ROOT, BenchFailed

ANSWER_WITHIN_SECONDS = 30
LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
PORTION = 1 << 16
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
    """All answers of one load, the seconds from the first byte sent to the last answer, the client's own CPU time."""

    seconds: float
    answers: list[Answered]
    client_cpu_ms: float = 0.0


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
    run = Run(told["seconds"], [Answered(**answer) for answer in told["answers"]], told["cpu_ms"])
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
    requests = [(identity, _request(load, body)) for identity, body in made(load)]
    connections = [_connected(load.url) for _ in range(load.in_flight)]
    print("ready", flush=True)
    sys.stdin.readline()
    json.dump(_posted(load, requests, connections), sys.stdout)
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


def _connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=ANSWER_WITHIN_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _request(load: Load, body: bytes) -> bytes:
    parts = urlsplit(load.url)
    headers = {"Host": parts.netloc, "Content-Type": "application/json", **load.headers, "Content-Length": len(body)}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {parts.path} HTTP/1.1\r\n{head}\r\n".encode() + body


class _Line:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.identity, self.began, self.read = "", 0.0, bytearray()

    def send(self, identity: str, request: bytes) -> None:
        self.identity, self.began = identity, time.perf_counter()
        self.read.clear()
        self.connection.sendall(request)

    def receive(self) -> tuple[bytes, bytes] | None:
        """Head and body, when all of the answer is there. Raises `OSError`."""
        portion = self.connection.recv(PORTION)
        if not portion:
            raise ConnectionError("the server closed the connection")
        self.read += portion
        head, ends, body = bytes(self.read).partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not ends or length is None or len(body) < int(length.group(1)):
            return None
        return head, body


def _posted(load: Load, requests: list[tuple[str, bytes]], connections: list[socket.socket]) -> dict[str, Any]:
    """One thread for all connections: what measures must not take the processor from what is measured."""
    waiting, answers, failures = iter(requests), list[dict[str, Any]](), list[str]()
    began, used = time.monotonic(), time.process_time()
    with selectors.DefaultSelector() as selector:
        for connection, (identity, request) in zip(connections, waiting, strict=False):
            line = _Line(connection)
            selector.register(connection, selectors.EVENT_READ, line)
            line.send(identity, request)
        while selector.get_map() and not failures:
            ready = selector.select(ANSWER_WITHIN_SECONDS)
            if not ready:
                failures.append("no answer in time")
            for key, _ in ready:
                try:
                    _go_on(key.data, waiting, answers, selector)
                except (OSError, ValueError, KeyError, TypeError) as error:
                    failures.append(f"{type(error).__name__}: {error}")
    cpu_ms = (time.process_time() - used) * 1000
    return {"seconds": time.monotonic() - began, "answers": answers, "failures": failures, "cpu_ms": cpu_ms}


def _go_on(
    line: _Line, waiting: Iterator[tuple[str, bytes]], answers: list[dict[str, Any]], selector: selectors.BaseSelector
) -> None:
    """Take an answer, send the next request."""
    got = line.receive()
    if got is None:
        return
    answers.append(asdict(_answer(line, *got)))
    identity, request = next(waiting, ("", b""))
    if identity:
        line.send(identity, request)
    else:
        selector.unregister(line.connection)


def _answer(line: _Line, head: bytes, body: bytes) -> Answered:
    ms = (time.perf_counter() - line.began) * 1000
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(f"{head[:20]!r} {body[:300]!r}")
    number = json.loads(body)["JournalNumber"]
    if not isinstance(number, str) or not number:
        raise ValueError(f"no number in {body[:300]!r}")
    return Answered(line.identity, number, ms)


if __name__ == "__main__":
    main()
