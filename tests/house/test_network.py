"""The network ban is on, cannot be swallowed, and lets loopback and unix sockets through."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests import network
from tests.network import NetworkForbidden

OUTSIDE = "203.0.113.9"  # TEST-NET-3: routed nowhere, were the ban to fail


def _look_up(name: str) -> object:
    return socket.getaddrinfo(name, 443)


def test_a_connection_to_another_machine_is_refused() -> None:
    with socket.socket() as sock, pytest.raises(NetworkForbidden, match=r"203\.0\.113\.9"):
        sock.connect((OUTSIDE, 443))
    assert network.forget_attempts() == ["socket.connect ('203.0.113.9', 443)"]


def test_a_datagram_to_another_machine_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(NetworkForbidden):
        sock.sendto(b"hello", (OUTSIDE, 53))
    assert network.forget_attempts() == ["socket.sendto ('203.0.113.9', 53)"]


@pytest.mark.parametrize("lookup", [_look_up, socket.gethostbyname, socket.gethostbyaddr])
def test_a_name_of_another_machine_is_not_looked_up(lookup: Callable[[str], object]) -> None:
    with pytest.raises(NetworkForbidden):
        lookup("accounting.example")
    assert len(network.forget_attempts()) == 1


def test_code_that_catches_every_exception_of_requests_cannot_swallow_the_ban() -> None:
    def careless() -> str:
        try:
            return requests.get(f"http://{OUTSIDE}/", timeout=1).text
        except Exception:  # noqa: BLE001 - this is what product code must not get away with
            return "swallowed"

    with pytest.raises(NetworkForbidden):
        careless()
    assert len(network.forget_attempts()) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_attempt_in_a_thread_is_remembered() -> None:
    thread = threading.Thread(target=lambda: socket.create_connection((OUTSIDE, 443), timeout=1))
    thread.start()
    thread.join(5)
    assert network.forget_attempts() == ["socket.connect ('203.0.113.9', 443)"]


def test_loopback_is_open() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(("localhost", server.getsockname()[1]))
    with server, client:
        accepted, address = server.accept()
        accepted.close()
        assert address == client.getsockname()


def test_unix_sockets_are_open(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
        assert client.getpeername() == path
