"""The one way out, against real sockets on loopback: what is sent, what is proven, what is recorded."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.errors import (
    LeaseLost,
    OutcomeUnknown,
    Retryable,
)
from integrations.http import Exchange, Http, Outbound
from tests.outgoing import TOKEN, Calls, closed_port
from tests.scripted import ScriptedServer, answer, cut_short, json_answer, reset

# What is sent


def test_a_json_body_keeps_every_digit_of_a_decimal(calls: Calls) -> None:
    with ScriptedServer(json_answer({"total": Decimal("1337.250")})) as server:
        http = Http(server.url + "/api/", calls.outbound())
        body = {"net": Decimal("1200.00"), "big": Decimal("12345678901234567.89"), "é": "1.50"}
        reply = http.post("/bills", json=body)
    assert server.asked[0].body == '{"net": 1200.00, "big": 12345678901234567.89, "é": "1.50"}'.encode()
    assert server.asked[0].path == "/api/bills"
    assert server.asked[0].headers["content-type"] == "application/json"
    assert str(reply.json()["total"]) == "1337.250"
    assert reply.headers["CONTENT-TYPE"] == "application/json"


def test_a_float_is_never_sent(calls: Calls) -> None:
    with ScriptedServer() as server, pytest.raises(TypeError, match="float"):
        Http(server.url, calls.outbound()).post("bills", json={"net": 0.1})


def test_parameters_and_headers_go_out(calls: Calls) -> None:
    with ScriptedServer(json_answer([])) as server:
        http = Http(server.url, calls.outbound(), headers={"Authorization": f"Bearer {TOKEN}"})
        http.get("documents", params={"key": "a b&c", "page": 2}, headers={"X-Extra": "1"})
    assert server.asked[0].path == "/documents?key=a+b%26c&page=2"
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert server.asked[0].headers["x-extra"] == "1"


def test_cookies_are_not_kept(calls: Calls) -> None:
    with ScriptedServer(answer(headers={"Set-Cookie": "session=abc"}), answer()) as server:
        http = Http(server.url, calls.outbound())
        http.get("")
        http.get("")
    assert "cookie" not in server.asked[1].headers


def test_the_environment_changes_nothing(calls: Calls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    with ScriptedServer(answer()) as server:
        Http(server.url, calls.outbound(), headers={"Authorization": "Bearer mine"}).get("")
    assert server.asked[0].headers["authorization"] == "Bearer mine"


# The write check


@pytest.mark.parametrize(
    "method,reads,checks", [("GET", False, 0), ("POST", False, 1), ("DELETE", False, 1), ("POST", True, 0)]
)
def test_only_writes_ask_whether_the_posting_is_still_ours(calls: Calls, method: str, reads: bool, checks: int) -> None:
    with ScriptedServer(answer()) as server:
        Http(server.url, calls.outbound()).request(method, "", reads=reads)
    assert calls.checks == checks


def test_a_lost_lease_stops_the_request_before_its_first_byte() -> None:
    connected: list[int] = []

    def lost() -> None:
        connected.append(len(server.asked))
        raise LeaseLost("somebody else holds it")

    exchanges: list[Exchange] = []
    with ScriptedServer() as server, pytest.raises(LeaseLost):
        Http(server.url, Outbound(allow_private=True, still_ours=lost, record=exchanges.append)).post("", json={})
    assert connected == [0]
    assert exchanges == []


def test_the_write_check_comes_after_the_connection_is_open(calls: Calls) -> None:
    with pytest.raises(Retryable):
        Http(f"http://127.0.0.1:{closed_port()}", calls.outbound()).post("", json={})
    assert calls.checks == 0


# Nothing was sent, or perhaps something was


def test_a_refused_connection_proves_that_nothing_happened(calls: Calls) -> None:
    with pytest.raises(Retryable) as caught:
        Http(f"http://127.0.0.1:{closed_port()}", calls.outbound()).post("", json={})
    assert "nothing was sent" in caught.value.message
    assert calls.exchanges[0].status is None
    assert "Connection refused" in calls.exchanges[0].failure


def test_an_unknown_name_proves_that_nothing_happened(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Retryable):
        Http("https://books.example", calls.outbound()).post("", json={})
    assert "Name or service not known" in calls.exchanges[0].failure


def test_a_resolver_that_hangs_is_left_behind(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20) and [])
    started = time.monotonic()
    with pytest.raises(Retryable):
        Http("https://books.example", calls.outbound(seconds=0.3)).post("", json={})
    over.set()
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("broken", [reset(), cut_short(), cut_short(401), answer(status=500)])
def test_a_break_after_sending_began_leaves_a_write_open(calls: Calls, broken: Any) -> None:
    with ScriptedServer(broken) as server, pytest.raises(OutcomeUnknown):
        Http(server.url, calls.outbound()).post("", json={})
    assert len(server.asked) == 1


@pytest.mark.parametrize("broken", [reset(), cut_short()])
def test_a_break_of_a_read_may_be_repeated_later(calls: Calls, broken: Any) -> None:
    with ScriptedServer(broken) as server, pytest.raises(Retryable):
        Http(server.url, calls.outbound()).get("")
    assert len(server.asked) == 1


def test_a_stale_connection_is_not_answered_by_a_blind_second_request(calls: Calls) -> None:
    with ScriptedServer(answer(), reset()) as server:
        http = Http(server.url, calls.outbound())
        http.get("")
        with pytest.raises(OutcomeUnknown):
            http.post("", json={})
    assert [asked.method for asked in server.asked] == ["GET", "POST"]


def test_a_connection_that_is_known_to_be_closed_is_opened_anew(calls: Calls) -> None:
    with ScriptedServer(answer(headers={"Connection": "close"}), answer()) as server:
        http = Http(server.url, calls.outbound())
        http.get("")
        assert http.post("", json={}).status == 200


# What is recorded


@pytest.mark.parametrize("second", [*(answer(status=status) for status in (401, 429, 500, 302)), reset()])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_after_a_write_nothing_proves_any_more_that_nothing_happened(calls: Calls, second: Any, method: str) -> None:
    with ScriptedServer(json_answer({}), second) as server:
        http = Http(server.url, calls.outbound())
        http.post("drafts", json={})
        with pytest.raises(OutcomeUnknown, match="An earlier step went out"):
            http.request(method, "drafts/1/post")


@pytest.mark.parametrize("refused", ["permit", "still_ours"])
def test_after_a_write_a_limit_or_a_lost_lease_proves_nothing_either(refused: str) -> None:
    stopped: list[Exception] = []

    def check() -> None:
        if stopped:
            raise stopped[0]

    outbound = Outbound(allow_private=True)
    outbound = replace(outbound, permit=check) if refused == "permit" else replace(outbound, still_ours=check)
    with ScriptedServer(json_answer({})) as server:
        http = Http(server.url, outbound)
        http.post("drafts", json={})
        stopped.append(Retryable("Full.", free=True) if refused == "permit" else LeaseLost("Too late."))
        with pytest.raises(OutcomeUnknown, match="An earlier step went out"):
            http.post("drafts/1/post", json={})


def test_an_exchange_shows_what_was_said(calls: Calls) -> None:
    with ScriptedServer(json_answer({"number": "BILL-1"}, status=201)) as server:
        Http(server.url, calls.outbound()).post("bills", json={"net": Decimal("1.10")}, params={"draft": "no"})
    exchange = calls.exchanges[0]
    assert (exchange.method, exchange.url) == ("POST", f"{server.url}/bills?draft=no")
    assert (exchange.request_body, exchange.status) == ('{"net": 1.10}', 201)
    assert exchange.response_body == '{"number": "BILL-1"}'
    assert exchange.response_headers["Content-Type"] == "application/json"
    assert exchange.failure == ""
    assert 0 <= exchange.duration_ms < 10_000


def test_no_secret_stays_in_an_exchange(calls: Calls) -> None:
    echo = f'{{"you sent": "Bearer {TOKEN}", "key": "pw\\"d"}}'
    headers = {"Set-Cookie": "session=abc", "X-Echo": f"was {TOKEN}"}
    with ScriptedServer(answer(status=403, body=echo, headers=headers), reset()) as server:
        own = {"Authorization": f"Bearer {TOKEN}", "X-Own": 'pw"d'}
        http = Http(server.url, calls.outbound(), headers=own, secrets=['pw"d'])
        http.post(f"a/{'s3cr3t%2Ftoken%2Bvalue'}", params={"token": TOKEN}, json={"password": 'pw"d'})
        with pytest.raises(OutcomeUnknown):
            http.post("", params={"token": TOKEN}, json={})
    for exchange in calls.exchanges:
        for secret in (TOKEN, "s3cr3t", 'pw"d', 'pw\\"d', "session=abc"):
            assert secret not in repr(exchange)
    assert calls.exchanges[0].request_headers["Authorization"] == "***"
    assert calls.exchanges[0].request_headers["X-Own"] == "***"
    assert calls.exchanges[0].response_headers["X-Echo"] == "was ***"
    assert calls.exchanges[0].url == f"{server.url}/a/***?token=***"


def test_bodies_are_cut_after_their_secrets_were_hidden(calls: Calls) -> None:
    body = "x" * 3990 + TOKEN + "y" * 5000
    with ScriptedServer(answer(body=body)) as server:
        Http(server.url, calls.outbound(), secrets=[TOKEN]).post("", body=body.encode())
    for recorded in (calls.exchanges[0].request_body, calls.exchanges[0].response_body):
        assert recorded == "x" * 3990 + "***" + "y" * 7


def test_what_cannot_be_stored_is_replaced(calls: Calls) -> None:
    with ScriptedServer(answer(body=b"a\0b\xffc")) as server:
        Http(server.url, calls.outbound()).get("")
    assert calls.exchanges[0].response_body == "a�b�c"
