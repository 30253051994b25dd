"""Which addresses are connected to, and which never."""

from __future__ import annotations

import socket

import pytest

from integrations.errors import (
    Misconfigured,
    Retryable,
)
from integrations.http import Http
from tests.outgoing import Calls, forbid_connections, resolve_to
from tests.scripted import ScriptedServer, answer


@pytest.mark.parametrize(
    "url",
    [
        "http://books.example",
        "ftp://books.example",
        "file:///etc/passwd",
        "books.example",
        "",
        "https://",
        "https://user@books.example",
        "https://user:pass@books.example",
        "https://[::1",
        "https://books.example/?a=b",
        "https://books.example/#top",
        "https://books.example:99999",
    ],
)
def test_an_address_that_is_no_plain_https_is_refused(calls: Calls, url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Http(url, calls.outbound(allow_private=False)).get("")
    assert caught.value.field == "base_url"


PRIVATE_SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "0",
    "10.1",
    "0xa9fea9fe",
]
PRIVATE_ADDRESSES = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.8",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "fc00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("spelling", PRIVATE_SPELLINGS)
def test_no_spelling_of_a_private_address_is_connected_to(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    # The C library, which reads such spellings, translates; the name service is not asked.
    resolve_to(monkeypatch, socket.inet_ntoa(socket.inet_aton(spelling)))
    tried = forbid_connections(monkeypatch)
    with pytest.raises(Misconfigured):
        Http(f"https://{spelling}", calls.outbound(allow_private=False)).post("", json={})
    assert tried == []


@pytest.mark.parametrize("address", PRIVATE_ADDRESSES)
def test_no_name_leads_to_a_private_address(calls: Calls, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolve_to(monkeypatch, address)
    tried = forbid_connections(monkeypatch)
    with pytest.raises(Misconfigured) as caught:
        Http("https://books.example", calls.outbound(allow_private=False)).post("", json={})
    assert caught.value.field == "base_url"
    assert tried == []


def test_one_private_address_among_public_ones_is_enough(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "93.184.215.14", "127.0.0.1")
    tried = forbid_connections(monkeypatch)
    with pytest.raises(Misconfigured):
        Http("https://books.example", calls.outbound(allow_private=False)).get("")
    assert tried == []


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f::1", "64:ff9b::5db8:d70e"])
def test_the_checked_address_is_the_one_connected_to(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    asked = resolve_to(monkeypatch, address)
    tried = forbid_connections(monkeypatch)
    with pytest.raises(Retryable):
        Http("https://books.example", calls.outbound(allow_private=False)).get("")
    assert asked == ["books.example"]
    assert tried == [(address, 443)]


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "::", "::ffff:169.254.169.254", "224.0.0.1"])
def test_some_addresses_stay_refused_where_private_ones_are_allowed(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    resolve_to(monkeypatch, address)
    tried = forbid_connections(monkeypatch)
    with pytest.raises(Misconfigured):
        Http("http://books.example", calls.outbound()).get("")
    assert tried == []


def test_the_next_address_is_tried_when_one_is_dead(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(answer()) as server:
        resolve_to(monkeypatch, "127.0.0.2", "127.0.0.1")
        assert Http(f"http://books.example:{server.port}", calls.outbound()).get("").status == 200
    assert server.asked[0].headers["host"] == f"books.example:{server.port}"
