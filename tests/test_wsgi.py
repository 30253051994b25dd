"""The doorman before Django: called directly, behind waitress, and behind granian."""

from __future__ import annotations

import io
import json
import os
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from portal.operations.web import WebServer
from portal.wsgi import Doorman
from tests.operations.running import PRODUCTION, Process, answers, environment, get
from tests.servers import free_port

MOST = 100
SECRET = "a-secret-of-the-process-environment"


class Inside:
    """An application that remembers the last environ that reached it."""

    environ: WSGIEnvironment

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.environ = environ
        start_response("200 OK", [])
        return [b""]

    def body(self) -> bytes:
        content: bytes = self.environ["wsgi.input"].read(int(self.environ["CONTENT_LENGTH"]))
        return content


def passed(environ: dict[str, Any]) -> Inside:
    inside = Inside()
    Doorman(inside, most_bytes=MOST)(environ, lambda *_: lambda _: None)
    return inside


def request(body: bytes = b"", **more: Any) -> dict[str, Any]:
    return {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "wsgi.input": io.BytesIO(body), **more}


def test_a_body_without_a_length_gets_one() -> None:
    inside = passed(request(b"chunked", **{"wsgi.input_terminated": True}))
    assert inside.environ["CONTENT_LENGTH"] == "7"
    assert inside.body() == b"chunked"


def test_of_too_long_a_body_one_byte_too_many_arrives() -> None:
    inside = passed(request(b"x" * 5000, **{"wsgi.input_terminated": True}))
    assert inside.body() == b"x" * (MOST + 1)


def test_a_body_with_a_length_is_left_alone() -> None:
    inside = passed(request(b"x" * 5000, CONTENT_LENGTH="5000", **{"wsgi.input_terminated": True}))
    assert inside.body() == b"x" * 5000


def test_a_server_that_does_not_end_the_input_is_not_read() -> None:
    assert "CONTENT_LENGTH" not in passed(request(b"would block")).environ


def test_the_process_environment_stays_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", SECRET)
    monkeypatch.setenv("HTTP_PROXY", SECRET)
    monkeypatch.setenv("remote.user", SECRET)
    monkeypatch.setenv("REMOTE_USER", "root")
    inside = passed({**os.environ, **request(HTTP_HOST="post.example.com", CONTENT_TYPE="text/plain")})
    assert set(inside.environ) == {"REQUEST_METHOD", "PATH_INFO", "wsgi.input", "HTTP_HOST", "CONTENT_TYPE"}


def test_a_header_that_is_also_a_variable_passes_with_its_own_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", SECRET)
    assert passed(request(HTTP_PROXY="sent")).environ["HTTP_PROXY"] == "sent"


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Tells how much of the body arrived, and whether the process environment did."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    told = json.dumps({"length": len(body), "secret": SECRET in map(str, environ.values())}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(told)))])
    return [told]


def send(port: int, *parts: bytes) -> dict[str, Any]:
    """A POST whose body has no length, in these chunks."""
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head)
        for part in parts:
            connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        connection.sendall(b"0\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    answer: dict[str, Any] = json.loads(received.partition(b"\r\n\r\n")[2])
    return answer


@contextmanager
def waitress(tmp_path: Path) -> Iterator[int]:
    server = WebServer(Doorman(echo, most_bytes=MOST), host="127.0.0.1", port=0, threads=2)
    server.start()
    yield server.port
    server.refuse_new()
    assert server.finish(5)


@contextmanager
def granian(tmp_path: Path) -> Iterator[int]:
    module = "from portal.wsgi import Doorman\nfrom tests.test_wsgi import MOST, echo\n"
    (tmp_path / "echoing.py").write_text(f"{module}application = Doorman(echo, most_bytes=MOST)\n")
    port = free_port()
    env = environment(tmp_path, PYTHONPATH=f"{tmp_path}:{Path.cwd()}", POSTROOM_SECRET=SECRET, **PRODUCTION)
    with Process(granian_command("echoing:application", port), env=env, log=tmp_path / "granian.log") as server:
        server.wait_for(lambda: answers(f"http://127.0.0.1:{port}/"), "answer")
        yield port
        assert server.end(15) == 0


def granian_command(application: str, port: int) -> list[str]:
    program = str(Path(sys.executable).with_name("granian"))
    return [program, "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port", str(port), application]


@pytest.mark.parametrize("server", [waitress, granian])
def test_chunked_bodies_arrive_over_a_real_socket(server: Any, tmp_path: Path) -> None:
    with server(tmp_path) as port:
        assert send(port, b"first,", b"second") == {"length": 12, "secret": False}
        assert send(port) == {"length": 0, "secret": False}
        assert send(port, b"x" * 50_000)["length"] >= MOST + 1


def test_granian_serves_the_portal_itself_in_the_production_shape(tmp_path: Path) -> None:
    """The database and Redis are away: the process answers all the same, and says so."""
    port = free_port()
    with Process(
        granian_command("portal.wsgi:application", port), env=environment(tmp_path, **PRODUCTION), log=tmp_path / "log"
    ) as server:
        server.wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "answer")
        ready = get(f"http://127.0.0.1:{port}/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
        assert server.end(15) == 0


def test_granian_is_refused_in_the_embedded_shape(tmp_path: Path) -> None:
    """Its processes could not reach a worker through the in-memory broker."""
    port = free_port()
    with Process(
        granian_command("portal.wsgi:application", port), env=environment(tmp_path), log=tmp_path / "log"
    ) as server:
        assert server.popen.wait(60) != 0
        assert "postroom.E005" in server.said()
