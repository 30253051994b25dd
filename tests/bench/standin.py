"""The accounting system of the bench: what Demo Books says, at a twentieth of the CPU time of its sandbox.

One thread, one epoll, answers made by splicing: it shares the machine with what is measured. It sleeps before each
answer, and can hang or keep a rate limit for the books of one company. `GET /control` tells what is in the books,
`PUT /control` with `{"hang": ["their-id"], "limits": {"their-id": [100, 1.0]}}` says how it behaves from then on.
"""

from __future__ import annotations

import argparse
import heapq
import json
import re
import selectors
import signal
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HEAD_ENDS = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
EXTERNAL_KEY = re.compile(rb'"external_key":\s*"([^"]+)"')
WRITE = re.compile(r"^/demo/api/companies/([^/]+)/(bills|credit-notes|purchase-orders)$")
FIND = re.compile(r"^/demo/api/companies/([^/]+)/documents\?.*external_key=([^&]+)")
KINDS = {"bills": ("bill", "BILL"), "credit-notes": ("credit_note", "CN"), "purchase-orders": ("purchase_order", "PO")}
CONTROL = "/control"
PORTION = 1 << 16


@dataclass(slots=True)
class Window:
    """A vendor's rate limit: at most `most` requests in any `seconds`."""

    most: int
    seconds: float
    seen: deque[float] = field(default_factory=deque)

    def lets_in(self, now: float) -> bool:
        """Whether one more is within the limit; if so it counts."""
        while self.seen and self.seen[0] <= now - self.seconds:
            self.seen.popleft()
        if len(self.seen) >= self.most:
            return False
        self.seen.append(now)
        return True


@dataclass(slots=True)
class Books:
    """What is booked, by key; how often each company wrote, and when (monotonic seconds)."""

    documents: dict[bytes, bytes] = field(default_factory=dict)
    by_company: Counter[str] = field(default_factory=Counter)
    twice: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    writes: dict[str, list[float]] = field(default_factory=dict)
    hang: set[str] = field(default_factory=set)
    limits: dict[str, Window] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes] | None:
        """Status and body; None: no answer at all."""
        if path == CONTROL:
            return 200, json.dumps(self._control(json.loads(body) if method == "PUT" else {})).encode()
        if (found := FIND.match(path)) and method == "GET":
            known = self.documents.get(found.group(2).encode())
            return 200, b'{"documents":[%s],"next_page":null}' % (known or b"")
        if not (wanted := WRITE.match(path)) or method != "POST":
            return 404, b'{"error":{"code":"not_found","message":"Nothing here.","field":""}}'
        return self._write(wanted.group(1), wanted.group(2), body)

    def _write(self, company: str, collection: str, body: bytes) -> tuple[int, bytes] | None:
        now = time.monotonic()
        limit = self.limits.get(company)
        if limit is not None and not limit.lets_in(now):
            self.refused[company] += 1
            return 429, b'{"error":{"code":"rate_limited","message":"Too many.","field":""}}'
        self.writes.setdefault(company, []).append(now)
        if company in self.hang:
            return None
        return self._booked(company, collection, body)

    def _booked(self, company: str, collection: str, body: bytes) -> tuple[int, bytes]:
        found = EXTERNAL_KEY.search(body)
        key = found.group(1) if found else b""
        if key in self.documents:
            self.twice += 1
            return 200, self.documents[key]
        self.by_company[company] += 1
        kind, prefix = KINDS[collection]
        number = f"{prefix}-{self.by_company[company]:06}"
        told = json.dumps({"id": f"doc_{company}_{number}", "number": number, "kind": kind}).encode()
        # Of two members with one name readers take the later one: these come last.
        document = body.rstrip()[:-1] + b"," + told[1:]
        self.documents[key] = document
        return 201, document

    def _control(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if "hang" in asked:
            self.hang = set(asked["hang"])
        if "limits" in asked:
            self.limits = {company: Window(*limit) for company, limit in asked["limits"].items()}
        return {
            "documents": len(self.documents),
            "by_company": self.by_company,
            "twice": self.twice,
            "refused": self.refused,
            "writes": self.writes if asked.get("writes") else {},
        }


class Server:
    """Serves `books` on a free port of this machine; `latency` seconds before each answer but those of control."""

    def __init__(self, books: Books, latency: float) -> None:
        self._books, self._latency = books, latency
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._read: dict[socket.socket, bytearray] = {}
        self._due: list[tuple[float, int, socket.socket, bytes]] = []
        self._count = 0
        self.port = self._listener.getsockname()[1]

    def run(self) -> None:
        """Until the process ends."""
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            for key, _ in self._selector.select(wait):
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._receive(key.fileobj)  # type: ignore[arg-type]
            self._send_due()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read[connection] = bytearray()
        self._selector.register(connection, selectors.EVENT_READ)

    def _receive(self, connection: socket.socket) -> None:
        try:
            portion = connection.recv(PORTION)
        except OSError:
            portion = b""
        if not portion:
            self._close(connection)
            return
        read = self._read[connection]
        read += portion
        head, ends, rest = read.partition(HEAD_ENDS)
        length = LENGTH.search(head)
        size = int(length.group(1)) if length else 0
        if ends and len(rest) >= size:
            del read[: len(head) + len(ends) + size]
            self._handle(connection, bytes(head), bytes(rest[:size]))

    def _handle(self, connection: socket.socket, head: bytes, body: bytes) -> None:
        method, path, _ = head.partition(b"\r\n")[0].decode().split(" ", 2)
        answered = self._books.answer(method, path, body)
        if answered is None:
            return
        status, text = answered
        response = (
            b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(text))
            + text
        )
        self._count += 1
        wait = 0.0 if path == CONTROL else self._latency
        heapq.heappush(self._due, (time.monotonic() + wait, self._count, connection, response))

    def _send_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            _, _, connection, response = heapq.heappop(self._due)
            if connection in self._read:
                try:
                    connection.setblocking(True)
                    connection.sendall(response)
                except OSError:
                    self._close(connection)

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._read[connection]
        connection.close()


def main() -> None:
    """`python -m tests.bench.standin --latency-ms 40`: says `ready http://127.0.0.1:PORT/demo` and serves."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency-ms", type=int, default=0)
    server = Server(Books(), parser.parse_args().latency_ms / 1000)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stdout.write(f"ready http://127.0.0.1:{server.port}/demo\n")
    sys.stdout.flush()
    server.run()


if __name__ == "__main__":
    main()
