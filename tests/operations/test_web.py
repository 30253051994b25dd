"""The embedded shape's web server: its port, and how it stops."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import requests

from portal.operations.web import PortTaken, WebServer
from tests.operations.running import get


class Slow:
    """An application that answers when it is let."""

    def __init__(self) -> None:
        self.begun, self.may_answer = threading.Event(), threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.begun.set()
        assert self.may_answer.wait(30)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]


def server_of(app: Slow) -> WebServer:
    server = WebServer(app, host="127.0.0.1", port=0, threads=2)
    server.start()
    return server


def test_what_is_under_way_is_answered_and_nothing_new_is_taken() -> None:
    slow, answers = Slow(), []
    server = server_of(slow)
    caller = threading.Thread(target=lambda: answers.append(get(server.url).text))
    caller.start()
    assert slow.begun.wait(30)
    server.refuse_new()
    with pytest.raises(requests.ConnectionError):
        while True:  # the loop closes the door in its own thread
            requests.get(server.url, timeout=0.2)
    finishing = threading.Timer(0.1, slow.may_answer.set)
    finishing.start()
    assert server.finish(30)
    caller.join(30)
    assert answers == ["done"]


def test_waiting_for_answers_ends() -> None:
    slow = Slow()
    server = server_of(slow)
    caller = threading.Thread(target=lambda: get(server.url))
    caller.start()
    assert slow.begun.wait(30)
    server.refuse_new()
    assert not server.finish(0.2)
    slow.may_answer.set()
    caller.join(30)


def test_a_taken_port_is_said_plainly() -> None:
    first = server_of(Slow())
    with pytest.raises(PortTaken, match=f"http://127.0.0.1:{first.port} cannot be listened on: Address already in use"):
        WebServer(Slow(), host="127.0.0.1", port=first.port, threads=2)
    first.refuse_new()
    assert first.finish(5)
