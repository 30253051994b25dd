"""What an answer means, by its status and by its body."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.errors import (
    IntegrationError,
    Misconfigured,
    OutcomeUnknown,
    Retryable,
    Unauthorised,
)
from integrations.http import Http
from tests.outgoing import Calls
from tests.scripted import ScriptedServer, answer, json_answer


@pytest.mark.parametrize("status", [200, 201, 204, 400, 403, 404, 409, 422])
def test_a_success_and_most_refusals_are_the_connectors_to_judge(calls: Calls, status: int) -> None:
    with ScriptedServer(answer(status=status)) as server:
        assert Http(server.url, calls.outbound()).post("", json={}).status == status


@pytest.mark.parametrize(
    "status,for_writes,for_reads",
    [
        (301, OutcomeUnknown, Misconfigured),
        (302, OutcomeUnknown, Misconfigured),
        (307, OutcomeUnknown, Misconfigured),
        (401, Unauthorised, Unauthorised),
        (408, OutcomeUnknown, Retryable),
        (429, Retryable, Retryable),
        (500, OutcomeUnknown, Retryable),
        (502, OutcomeUnknown, Retryable),
        (503, OutcomeUnknown, Retryable),
        (599, OutcomeUnknown, Retryable),
    ],
)
def test_each_other_status_is_an_error_of_its_class(
    calls: Calls, status: int, for_writes: type[IntegrationError], for_reads: type[IntegrationError]
) -> None:
    elsewhere = answer(status=status, headers={"Location": "/elsewhere"})
    with ScriptedServer(elsewhere, elsewhere) as server:
        with pytest.raises(IntegrationError) as write:
            Http(server.url, calls.outbound()).post("", json={})
        with pytest.raises(IntegrationError) as read:
            Http(server.url, calls.outbound()).get("")
    assert type(write.value) is for_writes
    assert type(read.value) is for_reads
    assert [exchange.status for exchange in calls.exchanges] == [status, status]


def test_a_connector_may_judge_a_status_itself(calls: Calls) -> None:
    with ScriptedServer(json_answer({"name": "ValueError"}, status=500)) as server:
        reply = Http(server.url, calls.outbound()).post("", json={}, returns={500})
    assert (reply.status, reply.json()) == (500, {"name": "ValueError"})


@pytest.mark.parametrize(
    "headers,seconds",
    [
        ({}, None),
        ({"Retry-After": "17"}, 17.0),
        ({"Retry-After": "0"}, 1.0),
        ({"Retry-After": "86400"}, 3600.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Fri, 20 Nov 2026 14:00:42 GMT", "Date": "Fri, 20 Nov 2026 14:00:00 GMT"}, 42.0),
        ({"Retry-After": "Fri, 20 Nov 2026 13:00:00 GMT", "Date": "Fri, 20 Nov 2026 14:00:00 GMT"}, 1.0),
    ],
)
def test_a_rate_limit_is_a_delay_and_no_failure(calls: Calls, headers: dict[str, str], seconds: float | None) -> None:
    # The server's own Date header would stand before the one under test.
    def limited(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n")
        handler.wfile.write("".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n")

    with ScriptedServer(limited) as server, pytest.raises(Retryable) as caught:
        Http(server.url, calls.outbound()).post("", json={})
    assert caught.value.retry_after == seconds
    assert caught.value.free is True


def test_a_date_without_the_senders_clock_counts_from_now(calls: Calls) -> None:
    then = (datetime.now(UTC) + timedelta(seconds=100)).strftime("%a, %d %b %Y %H:%M:%S GMT")

    def limited(handler: Any) -> None:
        handler.wfile.write(f"HTTP/1.1 429 X\r\nContent-Length: 0\r\nRetry-After: {then}\r\n\r\n".encode())

    with ScriptedServer(limited) as server, pytest.raises(Retryable) as caught:
        Http(server.url, calls.outbound()).get("")
    assert caught.value.retry_after is not None
    assert 90 < caught.value.retry_after <= 100


def test_a_read_of_a_busy_system_keeps_its_wish(calls: Calls) -> None:
    busy = answer(status=503, headers={"Retry-After": "30"})
    with ScriptedServer(busy) as server, pytest.raises(Retryable) as caught:
        Http(server.url, calls.outbound()).get("")
    assert (caught.value.retry_after, caught.value.free) == (30.0, False)


@pytest.mark.parametrize(
    "body",
    [
        answer(body="<html>Sign in</html>", headers={"Content-Type": "text/html"}),
        answer(body="{}"),
        answer(body='{"id": ', headers={"Content-Type": "application/json"}),
        answer(body='{"id": NaN}', headers={"Content-Type": "application/json"}),
        answer(body='{"id": 1e999999999}', headers={"Content-Type": "application/json"}),
        answer(body='{"id": 1e99999999999999999999}', headers={"Content-Type": "application/json"}),
        answer(body="9" * 5000, headers={"Content-Type": "application/json"}),
        answer(body="[" * 100_000, headers={"Content-Type": "application/json"}),
        answer(body=b"\xff", headers={"Content-Type": "application/json"}),
    ],
)
def test_a_success_that_cannot_be_read_leaves_the_outcome_open(calls: Calls, body: Any) -> None:
    with ScriptedServer(body, body, body) as server:
        with pytest.raises(Retryable):
            Http(server.url, calls.outbound()).get("").json()
        http = Http(server.url, calls.outbound())
        with pytest.raises(OutcomeUnknown):
            http.post("", json={}).json()
        with pytest.raises(OutcomeUnknown):
            http.get("").json()


def test_json_by_a_vendors_own_media_type_is_json(calls: Calls) -> None:
    vendors = answer(body='{"n": 0.10}', headers={"Content-Type": "application/vnd.books+json; charset=utf-8"})
    with ScriptedServer(vendors) as server:
        assert Http(server.url, calls.outbound()).get("").json() == {"n": Decimal("0.10")}
