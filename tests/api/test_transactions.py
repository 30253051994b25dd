"""Raising by the API: exact answers for what is taken, and for everything that is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from integrations.content import from_json
from integrations.documents import Stage
from portal.connections.models import Connection
from portal.postings import tasks as bells
from portal.postings.models import Posting
from portal.postings.work import run
from portal.raising.linking import link
from portal.raising.models import Raised
from portal.tenants.models import Company
from tests.api.calling import Program, an_order, error, read
from tests.factories import accepted
from tests.raising.asking import usual_records
from tests.raising.test_way import back

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WRONG = "The request has errors; nothing was raised."


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Whom the bell was rung for."""
    ids: list[int] = []
    monkeypatch.setattr("portal.raising.tasks.ring", lambda posting_id, _where: ids.append(posting_id))
    assert bells.ring is not None
    return ids


def test_an_order_is_taken_and_told_in_full(program: Program, books: Connection, rung: list[int]) -> None:
    usual_records(books)
    Company.objects.update(live_at=NOW)
    with time_machine.travel(NOW, tick=False):
        response = program.post(an_order())
    assert (response.status_code, response.headers["Location"]) == (202, program.url("/order-1"))
    assert response.headers["Content-Type"] == "application/json"
    assert read(response) == {
        "key": "order-1",
        "status": "on_its_way",
        "reason": "",
        "kind": "purchase_order",
        "stage": "draft",
        "number": "P-000001",
        "origin": "api",
        "createdAt": "2026-11-20T12:00:00.000Z",
        "supplierName": "Crown Conference Centre",
        "currency": "GBP",
        "net": "100.00",
        "tax": "20.00",
        "gross": "120.00",
        "posting": {"state": "ready", "reason": "", "field": "", "postedAt": None},
        "source": {
            "integration": "fakesource", "transactionId": None, "number": "", "stage": "", "word": "", "seenAt": None,
        },
        "cameBack": None,
        "warnings": [],
    }  # fmt: skip
    raised = Raised.objects.get()
    assert (raised.who, raised.origin, rung) == (
        f"API token The shop (…{program.token[-4:]})",
        "api",
        [raised.posting_id],
    )


def test_its_status_is_followed_until_it_came_back(program: Program, books: Connection) -> None:
    program.post(an_order())
    run(Raised.objects.get().posting_id)
    told = read(program.get("/order-1"))
    assert (told["status"], told["posting"]["state"]) == ("at_source", "posted")
    assert (told["source"]["transactionId"], told["source"]["number"]) == ("AAAA-0001", "REQ0001")
    accepted(books, back("AAAA-0001"))
    with time_machine.travel(NOW, tick=False):
        told = read(program.get("/order-1"))  # the reading makes the link
    assert (told["status"], told["cameBack"]) == (
        "came_back",
        {"number": "P-000002", "journalNumber": "", "sourceNumber": "PO000001", "at": "2026-11-20T12:00:00.000Z"},
    )
    assert link(Raised.objects.all()) == 0


def test_the_same_again_gets_the_same_answer_and_other_content_a_conflict(program: Program) -> None:
    first = read(program.post(an_order()))
    again = program.post(an_order(lines=[{**an_order()["lines"][0], "net": 100, "gross": "120"}]))
    assert (again.status_code, {**read(again), "warnings": first["warnings"]}) == (202, first)
    before = Raised.objects.values().get()
    conflict = program.post(an_order(title="Other"))
    day = f"{Raised.objects.get().created_at:%Y-%m-%d}"
    message = (
        f"The key order-1 was used on {day} for a transaction with other content. Nothing was changed: use another key."
    )
    assert (conflict.status_code, read(conflict)) == (422, error(422, message, ("key", message)))
    assert program.post(an_order(stage="approved")).status_code == 422
    assert (Raised.objects.values().get(), Posting.objects.count()) == (before, 1)


def test_the_key_may_stand_in_the_header(program: Program) -> None:
    body = {name: value for name, value in an_order().items() if name != "key"}
    assert read(program.post(body, idempotency_key="from/the header?#%"))["key"] == "from/the header?#%"
    assert program.post(an_order(), idempotency_key="order-1").status_code == 202
    both = program.post(an_order(), idempotency_key="order-2")
    sentence = "The header Idempotency-Key and the member key are not the same."
    assert (both.status_code, read(both)) == (400, error(400, WRONG, ("key", sentence)))
    assert read(program.get("/from%2Fthe%20header%3F%23%25"))["number"] == "P-000001"
    neither = program.post(body)
    sentence = "A key has 1 to 100 printable characters and no blank at its ends."
    assert (neither.status_code, read(neither)) == (400, error(400, WRONG, ("key", sentence)))


def test_a_fully_approved_one_is_asked_for_by_its_stage(program: Program) -> None:
    assert read(program.post(an_order(stage="approved")))["stage"] == "approved"
    assert from_json(Posting.objects.get().transaction.content).stage is Stage.APPROVED


def test_every_problem_is_told_by_its_member(program: Program, books: Connection) -> None:
    usual_records(books)
    body = an_order(
        key=" ",
        kind="receipt",
        stage="later",
        date="20/11/2026",
        colour="blue",
        supplierCode="NOBODY",
        supplierName=7,
        dimensions=[{"name": "Department"}],
        lines=[
            {"description": "Room", "net": True, "tax": 1.00001, "accountCode": "9999"},
            "line",
            {"description": "Room", "net": 1, "tax": 0, "gross": 2, "cost": 1},
        ],
    )
    response = program.post(body)
    assert response.status_code == 400
    told = read(response)
    known = "Add it in the accounting system and synchronise, or write another one."
    assert told == error(
        400,
        WRONG,
        ("stage", "It must be draft or approved."),
        ("kind", "“receipt” is no kind: write purchase_order, invoice or credit_note."),
        ("supplierName", "It must be text in quotation marks."),
        ("date", "“20/11/2026” is no date: write it as 2026-11-20."),
        ("colour", "There is no member of this name. See docs/api.md for those that there are."),
        ("dimensions[0]", "It must be an object with the texts name and code, of at most 100 characters each."),
        ("lines[0].net", "It must be a number, or a number as text such as 1234.50."),
        ("lines[0].tax", "“1.00001” has more than 4 decimals."),
        ("lines[1]", "It must be an object."),
        ("lines[2].cost", "There is no member of this name. See docs/api.md for those that there are."),
        ("key", "A key has 1 to 100 printable characters and no blank at its ends."),
        ("lines[2].gross", "Net 1 and tax 0 come to 1, not to 2."),
        ("supplierCode", f"The supplier “NOBODY” is not known. {known}"),
        ("lines[0].accountCode", f"The account code “9999” is not known. {known}"),
    )
    assert Raised.objects.count() == 0


def test_warnings_come_with_the_answer(program: Program, books: Connection) -> None:
    usual_records(books)
    line = {**an_order()["lines"][0], "tax": "19.00"}
    assert read(program.post(an_order(lines=[line])))["warnings"] == [
        {"field": "lines[0].tax", "message": "20 % of 100.0 are 20.00, not 19.00; the tax stays as it is."}
    ]


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        (b" ", "", "The body is not valid JSON: it cannot be read beyond line 1, column 2."),
        (b"[]", "", "The body must be a JSON object, but it is a list."),
        (b'{"key": "a", "key": "b"}', "key", "The member key is there twice."),
        (b'{"net": NaN}', "net", "NaN is not a number that JSON allows."),
        (b"\xff", "", "The body is not UTF-8 text: byte 1 cannot be read."),
    ],
)
def test_a_body_that_is_no_sound_json_is_refused(program: Program, body: bytes, field: str, sentence: str) -> None:
    response = program.post(body)
    assert (response.status_code, read(response)) == (400, error(400, sentence, (field, sentence)))


def test_other_types_other_methods_and_too_much_are_refused(program: Program) -> None:
    form = program.post(b"key=1", content_type="application/x-www-form-urlencoded")
    sentence = "The body must be JSON: send Content-Type: application/json."
    assert (form.status_code, read(form)) == (415, error(415, sentence))
    large = program.post(b" " * 1_000_001)
    assert (large.status_code, read(large)) == (413, error(413, "The body is larger than 1 MB. Nothing was done."))
    from django.test import Client

    for method in ("put", "patch", "delete", "options"):
        response = getattr(Client(), method)(program.url(), headers=program.headers({}))
        assert (response.status_code, read(response)) == (
            405, error(405, f"The method {method.upper()} is not taken here."),
        )  # fmt: skip
        assert response.headers["Allow"] == "GET, HEAD, POST"


def test_answers_are_json_whatever_the_caller_says_that_it_accepts(program: Program) -> None:
    response = program.get(accept="text/html")
    assert (response.status_code, read(response)) == (200, {"results": [], "next": None})


def test_the_list_is_paged_newest_first_and_filtered_by_status(program: Program, company: Company) -> None:
    for number in range(5):
        program.post(an_order(key=f"k{number}"))
    for raised in Raised.objects.filter(caller_key__in=["k0", "k3"]):
        run(raised.posting_id)

    def keys(query: str) -> tuple[list[str], Any]:
        told = read(program.get(query))
        return [one["key"] for one in told["results"]], told["next"]

    first, following = keys("?limit=2")
    assert first == ["k4", "k3"]
    second, following = keys(f"?limit=2&after={following}")
    assert second == ["k2", "k1"]
    assert keys(f"?limit=2&after={following}") == (["k0"], None)
    assert keys("") == (["k4", "k3", "k2", "k1", "k0"], None)
    assert keys("?limit=5") == (["k4", "k3", "k2", "k1", "k0"], None)
    assert keys("?status=at_source") == (["k3", "k0"], None)
    assert keys("?status=on_its_way&limit=1")[0] == ["k4"]
    assert keys("?status=came_back") == ([], None)


def test_a_query_that_means_nothing_is_refused(program: Program) -> None:
    response = program.get("?limit=0&after=x&status=lost&page=2")
    words = "on_its_way, refused, held, at_source, denied, deleted, came_back, closed"
    assert (response.status_code, read(response)) == (
        400,
        error(
            400,
            "The query has errors.",
            ("page", "There is no such parameter. Known are limit, after, status."),
            ("limit", "It must be a whole number from 1 to 100."),
            ("after", "It must be what an answer gave as next, asked for with the same filters and order."),
            ("status", f"It must be one of {words}."),
        ),
    )


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(program: Program) -> None:
    from django.db import connection as database
    from django.test.utils import CaptureQueriesContext

    def queries() -> int:
        program.get()  # the minute of the token's last use
        with CaptureQueriesContext(database) as captured:
            program.get()
        return len(captured)

    program.post(an_order(key="a"))
    one = queries()
    for key in "bcdef":
        program.post(an_order(key=key))
    assert queries() == one


@pytest.mark.parametrize("key", ["%00", "a%00b", "x" * 101, "%20a"])
def test_what_can_be_no_key_is_not_found(program: Program, key: str) -> None:
    response = program.get(f"/{key}")
    assert (response.status_code, read(response)) == (404, error(404, "There is nothing here, or it is not yours."))


def test_of_very_many_problems_a_hundred_are_told(program: Program) -> None:
    response = program.post({**an_order(), **{f"x{number}": 1 for number in range(150)}})
    details = read(response)["details"]
    assert (response.status_code, len(details)) == (400, 101)
    assert details[99]["field"] == "x99"
    assert details[100] == {"field": "", "message": "And 50 more."}
