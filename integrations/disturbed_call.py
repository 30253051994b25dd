"""A request that is disturbed, and what can be done with it: carry it out, wait, cut the connection, do it later."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from wsgiref.types import WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from integrations.faults import Sort, Terms


class Interface(Protocol):
    """What must be known of an interface to disturb it. `key_header` carries the idempotency key."""

    key_header: str

    def sort(self, request: Request) -> Sort | None:
        """What the request is after; None leaves it alone."""

    def key(self, request: Request) -> str:
        """Our key of the document that a write or a lookup is about, or an empty text."""

    def failure(self) -> Response:
        """A failure in the interface's own words, without its status."""

    def without_id(self, answer: bytes) -> bytes:
        """The answer to a write, robbed of the id."""

    def with_wrong_amount(self, answer: bytes) -> bytes:
        """The answer to a write, with other amounts."""


class Later:
    """What is done after its request is over. `waiting` says how much of that is still to come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.waiting = 0

    def expect(self) -> None:
        """Something will be done later."""
        with self._lock:
            self.waiting += 1

    def run(self, seconds: float, what: Callable[[], object]) -> None:
        """Do what was expected, after `seconds`, in a thread of its own."""
        timer = threading.Timer(seconds, self._run, (what,))
        timer.daemon = True
        timer.start()

    def _run(self, what: Callable[[], object]) -> None:
        try:
            what()
        finally:
            with self._lock:
                self.waiting -= 1


@dataclass(frozen=True, slots=True)
class Call:
    """One request that is disturbed."""

    environ: WSGIEnvironment
    app: WSGIApplication
    interface: Interface
    terms: Terms
    later: Later

    def carried_out(self, order: str = "") -> Response:
        """What the stand-in answers, when it has done what was asked; `order` is put into its environment."""
        environ = {**self.environ, order: True} if order else dict(self.environ)
        environ["wsgi.input"].seek(0)
        return Response.from_app(self.app, environ, buffered=True)

    def is_given_up(self, seconds: float) -> bool:
        """Wait until the client closes the connection; False if it is still there after `seconds`."""
        connection = self._connection()
        if connection is None:
            time.sleep(seconds)
            return False
        connection.settimeout(seconds)
        try:
            return connection.recv(1, socket.MSG_PEEK) == b""
        except TimeoutError:
            return False
        except OSError:
            return True
        finally:
            connection.settimeout(None)

    def cut(self) -> Response:
        """Reset the connection at once. Raises `ConnectionResetError`, with which the server is done."""
        if connection := self._connection():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # The server still holds the connection; what it holds becomes one that has ended.
            dead, other = socket.socketpair()
            with dead:
                other.close()
                os.dup2(dead.fileno(), connection.fileno())
        raise ConnectionResetError("cut by the plan of faults")

    def _connection(self) -> socket.socket | None:
        return self.environ.get("werkzeug.socket")
