"""What the tests of outgoing requests share: a caller that counts, and names that lead where a test wants."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from integrations import wire
from integrations.http import Exchange, Outbound

TOKEN = "s3cr3t/token+value"


class Calls:
    """Counts the write checks and keeps the exchanges of the requests under test."""

    def __init__(self) -> None:
        self.checks = 0
        self.exchanges: list[Exchange] = []

    def outbound(self, *, seconds: float = 10.0, allow_private: bool = True) -> Outbound:
        """The terms of a call that is counted here."""
        return Outbound(
            allow_private=allow_private,
            still_ours=self.check,
            record=self.exchanges.append,
            deadline_seconds=seconds,
        )

    def check(self) -> None:
        """One question whether the posting is still ours."""
        self.checks += 1


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name lead to `addresses`, and give the list of the names that were asked for."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
        return [
            (family, socket.SOCK_STREAM, 6, "", (address, port))
            for family, address in zip(families, addresses, strict=True)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def forbid_connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let no socket of ours connect, and give the list of the addresses that it was told to connect to."""
    tried: list[Any] = []

    def connect(_: Any, address: Any) -> None:
        tried.append(address)
        raise ConnectionRefusedError("not in this test")

    monkeypatch.setattr(wire._PlainSocket, "connect", connect, raising=False)
    return tried
