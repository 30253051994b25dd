"""The accounting system of the bench tells what Demo Books would, and counts what it must be believed for."""

from __future__ import annotations

import json
import socket
import threading
from decimal import Decimal

import pytest

from integrations.demo import mapping
from integrations.exact import from_json
from tests.bench import standin
from tests.bench.scenarios import limits
from tests.bench.standin import Books, Window

BILLS = "/demo/api/companies/busy/bills"
BILL = b'{"external_key": "key-1", "net": 10.00, "tax": 2.00, "gross": 12.00, "currency": "GBP", "date": "2026-11-20"}'


def test_a_document_is_booked_once_and_answered_as_demo_books_does() -> None:
    books = Books()
    answer = books.answer("POST", BILLS, BILL)
    assert answer is not None
    assert answer[0] == 201
    posted = mapping.posted(from_json(answer[1].decode()))
    assert (posted.number, posted.gross, posted.currency) == ("BILL-000001", Decimal("12.00"), "GBP")
    assert books.answer("POST", BILLS, BILL) == (200, answer[1])
    assert (len(books.documents), books.by_company, books.twice) == (1, {"busy": 1}, 1)


def test_a_lookup_finds_what_is_booked_and_nothing_else() -> None:
    books = Books()
    books.answer("POST", BILLS, BILL)
    find = "/demo/api/companies/busy/documents?external_key={}&page=1"
    found, missing = (books.answer("GET", find.format(key), b"") for key in ("key-1", "key-2"))
    assert found is not None
    assert [one["number"] for one in json.loads(found[1])["documents"]] == ["BILL-000001"]
    assert missing == (200, b'{"documents":[],"next_page":null}')


def test_who_hangs_gets_no_answer_and_books_nothing() -> None:
    books = Books()
    books.answer("PUT", "/control", b'{"hang": ["busy"]}')
    assert books.answer("POST", BILLS, BILL) is None
    books.answer("PUT", "/control", b'{"hang": []}')
    assert books.documents == {}
    assert books.answer("POST", BILLS, BILL) is not None


def test_above_the_limit_it_answers_429_and_counts() -> None:
    books = Books()
    books.answer("PUT", "/control", b'{"limits": {"busy": [2, 60]}}')
    statuses = [(books.answer("POST", BILLS, BILL.replace(b"key-1", b"key-%d" % n)) or (0,))[0] for n in range(3)]
    assert (statuses, books.refused) == ([201, 201, 429], {"busy": 1})


def test_a_window_lets_in_again_when_time_has_passed() -> None:
    window = Window(2, 1.0)
    assert [window.lets_in(at) for at in (0.0, 0.5, 0.9, 1.0, 1.4, 1.5)] == [True, True, False, True, False, True]


@pytest.mark.parametrize("path", ["/demo/api/companies/busy/suppliers", "/"])
def test_there_is_nothing_else_there(path: str) -> None:
    assert (Books().answer("GET", path, b"") or (0,))[0] == 404


def test_it_serves_a_request_that_comes_in_portions() -> None:
    server = standin.Server(Books(), 0.0)
    threading.Thread(target=server.run, daemon=True).start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
        for portion in (b"POST " + BILLS.encode(), b" HTTP/1.1\r\nContent-", b"Length: %d\r\n\r\n" % len(BILL), BILL):
            caller.sendall(portion)
        answer = caller.recv(65536)
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert b'"number": "BILL-000001"' in answer


def test_the_fullest_second_is_found() -> None:
    assert limits._most_in_a_second([0.0, 0.4, 0.9, 1.1, 1.3, 3.0]) == 4
