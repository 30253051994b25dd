"""The arithmetic of the bench, and that it does not believe everything."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from tests.bench import client
from tests.bench.client import Answered, Load, Run
from tests.bench.figures import figures, overhead, percentile
from tests.bench.processes import BenchFailed, Meter
from tests.bench.report import markdown
from tests.bench.rows import Measured, Round, Row

LOAD = Load("http://127.0.0.1/", {}, "8d4bb975-eade-42fd-a064-bf448e493c1e", "Northgate Training Ltd", 2, 1)


def _row(cpu_ms: float, *ms: float) -> Row:
    answers = [Answered(f"{number}", f"P-{number}", each) for number, each in enumerate(ms)]
    used, beside = {"web": cpu_ms * 75, "database": cpu_ms * 25}, {"client": 10.0, "accounting": 20.0}
    rounds = [Round(2.0, 100, used, beside) for _ in range(3)]
    return Row(rounds, one=answers, many=answers)


def _measured() -> Measured:
    rows = {"floor": _row(0.5, 1.0, 2.0), "worker": _row(2.0, 45.0, 47.0, 60.0)}
    measured = Measured("production", "", rows, {"web": 0.0, "database": 0.0}, 100.0, 101.0, answered=5)
    measured.own_numbers, measured.call_ms = 3, {"0": 41, "1": 42, "2": 43}
    return measured


def test_a_row_is_told_beside_the_floor() -> None:
    line = figures(_measured())["worker"]
    assert (line.cpu_ms, line.per_cpu_second, line.to_floor, line.per_second) == (2.0, 500.0, 0.25, 50.0)
    assert line.beside == {"client": 0.1, "accounting": 0.2}
    assert line.parts == {"web": 1.5, "database": 0.5}
    assert (line.p50_one, line.p99_many) == (47.0, 60.0)


def test_overhead_is_told_over_the_sleep_and_over_the_call() -> None:
    added = overhead(_measured())
    assert (added.over_latency_p50_one, added.over_call_p50_one) == (7.0, 5.0)
    assert (added.over_latency_p99_many, added.over_call_p99_many, added.own_numbers) == (20.0, 17.0, 1.0)


@pytest.mark.parametrize(("percent", "expected"), [(50, 5), (90, 9), (99, 10), (100, 10), (1, 1)])
def test_percentiles_are_by_nearest_rank(percent: float, expected: float) -> None:
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == expected


def test_two_answers_with_one_number_are_no_measurement() -> None:
    run = Run(1.0, [Answered("a", "P-000001", 1.0), Answered("b", "P-000001", 1.0)])
    with pytest.raises(BenchFailed, match="got 2 answers, 1 different"):
        client._check(LOAD, run, [])


def test_a_missing_answer_is_no_measurement() -> None:
    with pytest.raises(BenchFailed, match="got 1 answers"):
        client._check(LOAD, Run(1.0, [Answered("a", "P-000001", 1.0)]), [])


def test_a_client_takes_an_answer_when_all_of_it_is_there() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        line = client._Line(ours)
        line.send("id-1", client._request(LOAD, b"{}"))
        assert theirs.recv(1000).startswith(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{")
        assert line.receive() is None
        theirs.sendall(b'"JournalNumber": "P-1"}')
        answer = client._answer(line, *(line.receive() or (b"", b"")))
    assert (answer.id, answer.number) == ("id-1", "P-1")


@pytest.mark.parametrize("answer", [(b"HTTP/1.1 400 Bad", b"{}"), (b"HTTP/1.1 200 OK", b'{"JournalNumber": ""}')])
def test_an_answer_without_a_number_is_no_answer(answer: tuple[bytes, bytes]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ValueError, match=r"HTTP|no number"):
        client._answer(client._Line(ours), *answer)


def test_every_body_is_a_transaction_of_its_own() -> None:
    made = list(client.made(LOAD))
    assert len({identity for identity, _ in made}) == 2
    assert all(body.count(identity.encode()) == 1 for identity, body in made)
    assert all(body.count(b'"Number": ') == 3 for _, body in made)


def test_the_meter_sees_what_this_process_used() -> None:
    meter = Meter({"us": os.getpid()})
    before, began = meter.cpu_ms()["us"], time.process_time()
    while time.process_time() - began < 0.2:
        sum(range(1000))
    assert meter.cpu_ms()["us"] - before >= 180.0
    assert meter.resident_mb(["us"]) > 10


def test_a_process_that_is_gone_counts_nothing(tmp_path: Path) -> None:
    assert Meter({"gone": 2**22 + 1}).cpu_ms() == {"gone": 0.0}


def test_tables_are_aligned() -> None:
    assert markdown([("row", "ms"), ("floor", "1.00")]) == "| row   |   ms |\n| ----- | ---: |\n| floor | 1.00 |"
