"""Time limits, size limits and TLS."""

from __future__ import annotations

import gzip
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations import wire
from integrations.errors import (
    OutcomeUnknown,
    Retryable,
)
from integrations.http import MAX_ANSWER, Http
from tests.outgoing import TOKEN, Calls, resolve_to
from tests.scripted import ScriptedServer, answer, drip, hang, json_answer

# Limits


@pytest.mark.parametrize(
    "slow",
    [
        hang(),
        drip(b""),
        drip(b"HTTP/1.1 200 OK\r\nX-Long: "),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    ],
    ids=["hang", "status", "headers", "body"],
)
def test_the_deadline_ends_every_kind_of_waiting(calls: Calls, slow: Any) -> None:
    with ScriptedServer(slow) as server:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown) as caught:
            Http(server.url, calls.outbound(seconds=0.4)).post("", json={})
        taken = time.monotonic() - started
    assert 0.3 < taken < 15
    assert "in time" in caught.value.message
    assert calls.exchanges[0].status is None


def test_the_deadline_is_shared_by_all_requests_of_an_attempt(calls: Calls) -> None:
    with ScriptedServer(answer(), hang()) as server:
        http = Http(server.url, calls.outbound(seconds=0.4))
        http.get("")
        with pytest.raises(Retryable):
            http.get("")
        with pytest.raises(Retryable) as late:
            http.post("", json={})
    assert "nothing was sent" in late.value.message
    assert calls.checks == 0


def test_a_huge_answer_is_not_read_to_its_end(calls: Calls) -> None:
    with ScriptedServer(answer(body=b"x" * (MAX_ANSWER + 1))) as server, pytest.raises(OutcomeUnknown):
        Http(server.url, calls.outbound()).post("", json={})
    assert "10 MB" in calls.exchanges[0].failure


def test_a_packed_answer_counts_by_what_it_unpacks_to(calls: Calls) -> None:
    bomb = answer(body=gzip.compress(b"\0" * (8 * MAX_ANSWER)), headers={"Content-Encoding": "gzip"})
    small = answer(body=gzip.compress(b"[1]"), headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})
    with ScriptedServer(small, bomb) as server:
        http = Http(server.url, calls.outbound())
        assert http.get("").json() == [1]
        with pytest.raises(Retryable):
            http.get("")


def test_a_redirect_is_not_followed(calls: Calls) -> None:
    with ScriptedServer() as other, ScriptedServer(answer(status=307, headers={"Location": other.url})) as server:
        with pytest.raises(OutcomeUnknown):
            Http(server.url, calls.outbound(), headers={"X-Api-Key": TOKEN}).post("", json={})
        assert other.asked == []


# TLS


def certificate(tmp_path: Path, name: str) -> Path:
    """A self-signed certificate with its key, as a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def names() -> list[str | None]:
    """The names that clients asked the TLS server for."""
    return []


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str | None]) -> ssl.SSLContext:
    """A server for `books.example`, whose certificate we trust in this test."""
    path = certificate(tmp_path, "books.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    context.set_servername_callback(lambda _sock, name, _context: names.append(name))
    trusted = ssl.create_default_context(cafile=str(path))
    trusted.sslsocket_class = wire._TlsSocket
    monkeypatch.setattr(wire, "trust", lambda: trusted)
    return context


def test_tls_keeps_the_name_while_it_connects_to_the_checked_address(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext, names: list[str | None]
) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    with ScriptedServer(json_answer({"id": 7}), tls=tls) as server:
        reply = Http(f"https://books.example:{server.port}", calls.outbound()).post("", json={})
    assert reply.json() == {"id": 7}
    assert names == ["books.example"]
    assert server.asked[0].headers["host"] == f"books.example:{server.port}"


def test_a_certificate_of_another_name_proves_that_nothing_was_sent(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext
) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    with ScriptedServer(tls=tls) as server, pytest.raises(Retryable) as caught:
        Http(f"https://other.example:{server.port}", calls.outbound()).post("", json={})
    assert "certificate" in caught.value.message
    assert calls.checks == 0


def test_an_unknown_authority_is_not_trusted(calls: Calls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, "books.example"))
    resolve_to(monkeypatch, "127.0.0.1")
    with ScriptedServer(tls=context) as server, pytest.raises(Retryable):
        Http(f"https://books.example:{server.port}", calls.outbound()).post("", json={})
    assert "self-signed certificate" in calls.exchanges[0].failure


def test_plain_http_behind_an_https_address_proves_that_nothing_was_sent(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    with ScriptedServer() as server, pytest.raises(Retryable):
        Http(f"https://books.example:{server.port}", calls.outbound()).post("", json={})
    assert calls.checks == 0


def test_the_deadline_holds_inside_tls(calls: Calls, monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    with ScriptedServer(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), tls=tls) as server:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            Http(f"https://books.example:{server.port}", calls.outbound(seconds=0.5)).post("", json={})
        assert time.monotonic() - started < 15
