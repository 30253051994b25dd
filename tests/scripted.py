"""A server on loopback that plays a script: it gives the listed answers in order and remembers what it was asked.

Leaving its `with` block fails on a request that the script did not foresee, and on an answer that nobody fetched.
"""

from __future__ import annotations

import os
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from integrations.exact import from_json, to_json

# Longer than any client of a test waits; reached only by a client that does not give up.
LONGEST_HANG_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it arrived. `path` has its query; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body with exact numbers."""
        return from_json(self.body.decode())


class Handler(BaseHTTPRequestHandler):
    """One connection; `script` is the server's."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    script: Script

    def handle_one_request(self) -> None:
        """Read one request and play the next answer."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._play
        raise AttributeError(name)

    def _play(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(method=self.command, path=self.path, headers=headers, body=self.rfile.read(length))
        self.script.next_for(asked)(self)

    def log_message(self, *args: Any) -> None:
        """Keep the output of the tests quiet."""


Answer = Callable[[Handler], None]


@dataclass
class Script:
    """The answers to come, and the requests so far."""

    answers: deque[Answer]
    asked: list[Asked] = field(default_factory=list)
    unforeseen: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def next_for(self, asked: Asked) -> Answer:
        """Note the request and give the next answer."""
        if not self.answers:
            self.unforeseen.append(asked)
            return answer(status=500, body="not in the script")
        self.asked.append(asked)
        return self.answers.popleft()


class ScriptedServer:
    """Serves a script from a thread, over TLS where a context is given.

    With `to_its_end` False some of the script may be left over.
    """

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None, to_its_end: bool = True) -> None:
        self._to_its_end = to_its_end
        self._script = Script(deque(answers))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("ThisHandler", (Handler,), {"script": self._script}))
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def asked(self) -> list[Asked]:
        """The requests that the script foresaw, in order."""
        return self._script.asked

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._script.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        # An error of the test itself says more than what it left undone.
        if error is None:
            assert not self._script.unforeseen, f"not in the script: {self._script.unforeseen}"
            left = self._script.answers if self._to_its_end else ()
            assert not left, f"{len(left)} answers of the script were not fetched"


def answer(
    *, status: int = 200, body: str | bytes = b"", headers: Mapping[str, str] | None = None, keep: bool = True
) -> Answer:
    """An answer with its length. `keep=False` closes the connection afterwards without announcing it."""
    content = body.encode() if isinstance(body, str) else body

    def play(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)
        handler.close_connection = not keep

    return play


def json_answer(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """`value` as JSON with exact numbers."""
    return answer(status=status, body=to_json(value), headers={"Content-Type": "application/json", **(headers or {})})


def hang() -> Answer:
    """Read the request, then say nothing until the script is over."""

    def play(handler: Handler) -> None:
        handler.script.over.wait(LONGEST_HANG_SECONDS)
        handler.close_connection = True

    return play


def reset() -> Answer:
    """Read the request, then break the connection off hard."""

    def play(handler: Handler) -> None:
        linger_for_no_time = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_no_time)
        # `close` would wait for the files that were made of the socket, and say a polite goodbye first.
        os.close(handler.connection.detach())
        handler.close_connection = True

    return play


def drip(start: bytes, *, every_seconds: float = 0.05) -> Answer:
    """Send `start`, then one more byte again and again, always in time for a timeout on single reads."""

    def play(handler: Handler) -> None:
        handler.wfile.write(start)
        for _ in range(round(LONGEST_HANG_SECONDS / every_seconds)):
            if handler.script.over.wait(every_seconds):
                break
            handler.wfile.write(b"x")
        handler.close_connection = True

    return play


def cut_short(status: int = 200) -> Answer:
    """Announce more bytes than are sent."""
    announced = {"Content-Type": "application/json", "Content-Length": "100"}
    return answer(status=status, body=b'{"id": "1"', headers=announced, keep=False)
