"""Which addresses we connect to. A customer types the address of a system, and must not reach our own network by it."""

from __future__ import annotations

import queue
import socket
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from integrations.errors import Misconfigured

# Python's own tables call these global (3.11.7): special purposes, relays and documentation.
_SPECIAL_V4 = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4")))
_SPECIAL_V6 = tuple(map(IPv6Network, ("2001::/23", "2002::/16", "3fff::/20")))
# All public IPv6 addresses lie here; embedded, local and multicast ones lie outside.
_PUBLIC_V6 = IPv6Network("2000::/3")
# The well-known prefix by which IPv6-only networks reach IPv4 hosts; the last 32 bits are the real address.
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Address:
    """One address to connect to, as the socket module names it."""

    family: int
    socket_address: Any

    @property
    def text(self) -> str:
        """The address alone, as a number."""
        return str(self.socket_address[0])


def host_of(url: str, *, allow_private: bool) -> str:
    """The host of a base address. Raises `Misconfigured` unless it is https (or http where private is allowed)."""
    parts = _split(url)
    if parts is None or not parts.hostname:
        raise Misconfigured("The address of the system is not a web address.", field="base_url")
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise Misconfigured("The address of the system has to start with https://.", field="base_url")
    if parts.username is not None or parts.password is not None:
        raise Misconfigured("The address of the system must not contain a user name or password.", field="base_url")
    if parts.query or parts.fragment:
        raise Misconfigured("The address of the system must not contain ? or #.", field="base_url")
    return parts.hostname


def _split(url: str) -> SplitResult | None:
    """The parts of an address, or None where it is none. A port is only read, and refused, when it is asked for."""
    try:
        parts = urlsplit(url)
        unusable = parts.port == 0
    except ValueError:
        return None
    return None if unusable else parts


def checked(host: str, port: int, *, allow_private: bool, seconds: float) -> tuple[Address, ...]:
    """Look `host` up once and give its addresses, all of which may be connected to.

    One address that is not public is enough to refuse the host: raises `Misconfigured`. With `allow_private` only
    link-local, multicast and unspecified addresses are refused. Raises `OSError` where the look-up fails or takes
    longer than `seconds`.
    """
    addresses = _look_up(host, port, seconds)
    allowed = _is_reachable if allow_private else _is_public
    if not all(allowed(address.text) for address in addresses):
        raise Misconfigured(
            f"{host} leads to an address that this installation does not connect to. "
            "Use the public address of the system, or ask your administrator to allow private ones.",
            field="base_url",
        )
    return addresses


def _look_up(host: str, port: int, seconds: float) -> tuple[Address, ...]:
    """The resolver knows no time limit, so it is asked in a thread that is left alone when it takes too long.

    An address in figures needs no resolver, and no thread.
    """
    if host[:1].isdigit() or ":" in host:
        answer = _resolve(host, port, socket.AI_NUMERICHOST)
        if not isinstance(answer, OSError):
            return answer
    answers: queue.SimpleQueue[tuple[Address, ...] | OSError] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(_resolve(host, port)), name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"looking up {host} timed out") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _resolve(host: str, port: int, flags: int = 0) -> tuple[Address, ...] | OSError:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except OSError as error:
        return error
    except UnicodeError:
        return OSError(f"{host} is not a name that can be looked up")
    return tuple(dict.fromkeys(Address(family, where) for family, _, _, _, where in found))


def _is_public(text: str) -> bool:
    address = _real(ip_address(text))
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _SPECIAL_V4)
    return address.is_global and address in _PUBLIC_V6 and not any(address in network for network in _SPECIAL_V6)


def _is_reachable(text: str) -> bool:
    """Never link-local: that is where clouds keep the credentials of the machine."""
    address = _real(ip_address(text))
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)


def _real(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address
