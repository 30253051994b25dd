"""Connections with manners: to the checked address only, no wait beyond the deadline, no proxies, no retries."""

from __future__ import annotations

import functools
import socket
import ssl
import time
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Url, parse_url

from integrations.addresses import Address, checked

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0


class Wire:
    """What a caller and its connection know together about the request under way.

    `began` turns true when the first byte is handed to the operating system: before that, nothing can have happened
    at the other side. The gate is passed on an open connection, right before that byte.
    """

    def __init__(self, *, allow_private: bool, seconds: float) -> None:
        self.began = False
        self._gate: Callable[[], None] | None = None
        self._allow_private = allow_private
        self._seconds = seconds
        self._end: float | None = None

    def begin(self, gate: Callable[[], None] | None) -> None:
        """Start a request; the first one starts the clock. Raises `TimeoutError` when no time is left."""
        self.began = False
        self._gate = gate
        if self._end is None:
            self._end = time.monotonic() + self._seconds
        self.patience(READ_SECONDS)

    def pass_gate(self) -> None:
        """Ask whether the request may still be sent; the gate says no by raising."""
        if self._gate:
            self._gate()

    def patience(self, most: float) -> float:
        """How many seconds one wait may take, at most `most`. Raises `TimeoutError` when the deadline has passed."""
        left = most if self._end is None else self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for this attempt has run out")
        return min(most, left)

    def open(self, host: str, port: int) -> socket.socket:
        """Connect to `host`. Raises `OSError`, or `Misconfigured` for an address that is not allowed."""
        seconds = self.patience(CONNECT_SECONDS)
        addresses = checked(host, port, allow_private=self._allow_private, seconds=seconds)
        end = time.monotonic() + self.patience(CONNECT_SECONDS)
        failure = OSError(f"{host} has no address")
        for waiting, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            try:
                # What is left is shared by the addresses that are left: a dead one must not eat it all.
                return self._connect(address, (end - time.monotonic()) / waiting)
            except OSError as error:
                failure = error
        raise failure

    def _connect(self, address: Address, seconds: float) -> socket.socket:
        sock = _PlainSocket(address.family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(max(seconds, 0.001))
            sock.connect(address.socket_address)
            sock.settimeout(self.patience(CONNECT_SECONDS))
        except BaseException:
            sock.close()
            raise
        sock.wire = self
        return sock


class _Patient(socket.socket):
    """A socket of which every single wait is cut at the deadline: a server that drips bytes cannot stretch it."""

    wire: Wire | None = None

    def _arm(self) -> None:
        if self.wire:
            self.settimeout(self.wire.patience(READ_SECONDS))

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._arm()
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self._arm()
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self._arm()
        super().sendall(*args, **kwargs)


class _PlainSocket(_Patient):
    pass


class _TlsSocket(_Patient, ssl.SSLSocket):
    pass


class _Connection(HTTPConnection):
    """Connects as the wire says, passes the gate on an open connection, and notes when sending begins."""

    def __init__(self, *args: Any, wire: Wire, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wire = wire

    def _new_conn(self) -> socket.socket:
        return self.wire.open(self._dns_host, self.port)

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        self.wire.pass_gate()
        super().request(*args, **kwargs)

    def send(self, data: Any) -> None:
        self.wire.began = True
        super().send(data)


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS. Name and certificate are checked against the host's name, not against its address."""

    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, _TlsSocket):
            self.sock.wire = self.wire


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _OneHost(HTTPAdapter):
    """Sends everything through one pool, whatever the request, the environment or a proxy setting says."""

    def __init__(self, pool: HTTPConnectionPool) -> None:
        super().__init__(max_retries=0)
        self._pool = pool

    def get_connection_with_tls_context(self, *_args: Any, **_kwargs: Any) -> HTTPConnectionPool:
        return self._pool

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        """The pool's TLS context says whom to trust."""


@functools.cache
def trust() -> ssl.SSLContext:
    """Verified TLS with the certificate authorities of the certifi package; read once, that takes its time."""
    context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    context.sslsocket_class = _TlsSocket
    return context


def session(base_url: str, wire: Wire) -> requests.Session:
    """A session that only ever connects to the host of `base_url`. Keeps no cookies and reads no environment."""
    made = requests.Session()
    made.trust_env = False
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _OneHost(_pool(parse_url(base_url), wire))
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    return made


def _pool(url: Url, wire: Wire) -> HTTPConnectionPool:
    host = url.host or ""
    if url.scheme == "https":
        return _TlsPool(host, url.port, maxsize=1, wire=wire, ssl_context=trust())
    return _Pool(host, url.port, maxsize=1, wire=wire)
