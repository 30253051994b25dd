"""The network ban: during a test run nothing may leave this machine.

It is an audit hook, so neither a library that brings its own socket class nor a test that replaces `socket.getaddrinfo`
can step around it, and it raises a `BaseException`, so product code that catches `OSError` or `Exception` cannot
swallow it. What was tried is remembered too: a ban that fell in a thread fails the test that was running.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

INTERNET = (socket.AF_INET, socket.AF_INET6)
OWN_NAMES = frozenset({"localhost", "", socket.gethostname()})


class NetworkForbidden(BaseException):
    """A test tried to reach something that is neither loopback nor a unix socket."""


attempts: list[str] = []


def install() -> None:
    """Forbid the network for the rest of this process; an audit hook cannot be taken out again."""
    sys.addaudithook(_watch)


def forget_attempts() -> list[str]:
    """What was tried since the last call, oldest first."""
    tried = attempts.copy()
    attempts.clear()
    return tried


def _watch(event: str, arguments: Sequence[Any]) -> None:
    check = _CHECKS.get(event)
    if check is not None:
        check(event, arguments)


def _check_address(event: str, arguments: Sequence[Any]) -> None:
    sock, address = arguments
    if address is not None and sock.family in INTERNET and not _is_loopback(address[0]):
        _forbid(event, address)


def _check_name(event: str, arguments: Sequence[Any]) -> None:
    name = arguments[0]
    host = name[0] if isinstance(name, tuple) else name
    if host is not None and not _is_own_name(host) and not _is_literal(host):
        _forbid(event, host)


def _forbid(event: str, target: object) -> None:
    attempts.append(f"{event} {target!r}")
    raise NetworkForbidden(f"{event} {target!r}: tests may only use loopback and unix sockets")


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _is_own_name(host: str | bytes) -> bool:
    return (host.decode(errors="replace") if isinstance(host, bytes) else host) in OWN_NAMES


def _is_literal(host: str | bytes) -> bool:
    """Looking up a literal address asks nobody; connecting to it is checked on its own."""
    try:
        ipaddress.ip_address(host.decode(errors="replace") if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return True


_CHECKS: dict[str, Callable[[str, Sequence[Any]], None]] = {
    "socket.connect": _check_address,
    "socket.sendto": _check_address,
    "socket.sendmsg": _check_address,
    "socket.getaddrinfo": _check_name,
    "socket.gethostbyname": _check_name,
    "socket.gethostbyaddr": _check_name,
    "socket.getnameinfo": _check_name,
}
