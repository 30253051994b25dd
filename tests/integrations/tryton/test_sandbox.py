"""The stand-in does as Tryton was seen to do, past the connector, and behind each sort of fault."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.test import Client, TestResponse

from integrations.base import Link
from integrations.disturbed import Disturbed
from integrations.errors import IntegrationError, OutcomeUnknown, Rejected, Retryable
from integrations.faults import Fault
from integrations.http import Outbound
from integrations.sandbox import Server, Store, mount
from integrations.tryton.books import Books
from integrations.tryton.connector import Tryton
from integrations.tryton.sandbox import INTERFACE, build
from tests.samples import KEY, REFERENCE, sample

TOKEN = "tryton-key-of-the-tests"
MODEL = "/harbour/rest/model"


class Door:
    """Requests as the connector makes them, by hand."""

    def __init__(self, app: Any) -> None:
        self._client = Client(app)

    def send(self, method: str, path: str, body: object = None, key: str = TOKEN, **context: Any) -> TestResponse:
        headers = {"Authorization": f"bearer {key}", "X-Tryton-Context": encoded({"company": 1, **context})}
        return self._client.open(f"{MODEL}/{path}", method=method, json=body, headers=headers)

    def found(self, model: str, domain: object, *fields: str, **context: Any) -> list[dict[str, Any]]:
        query = "&".join([f"d={encoded(domain)}", *(f"f={field}" for field in fields)])
        answer: list[dict[str, Any]] = self.send("GET", f"{model}?{query}", **context).get_json()
        return answer

    def bill(self, reference: str = "SI-1", quantity: int = 1, day: str = "2024-03-14") -> int:
        line = {"type": "line", "quantity": quantity, "unit_price": money("10"), "account": 5, "currency": 1,
                "taxes": [["add", [2]]]}  # fmt: skip
        body = {
            "type": "in", "company": 1, "party": 2, "invoice_address": 1, "account": 1, "journal": 1, "currency": 1,
            "invoice_date": day, "reference": reference, "lines": [["create", [line]]],
        }  # fmt: skip
        made = self.send("POST", "account.invoice?f=total_amount", body)
        assert made.status_code == 200, made.text
        return int(made.get_json()["id"])


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def money(text: str) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": text}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_TRYTON_KEY", TOKEN)
    store = Store("tryton", tmp_path)
    yield store
    store.close()


@pytest.fixture
def door(state: Store) -> Door:
    return Door(build(state))


# --- as it was seen --------------------------------------------------------------------------------------------------


def test_what_is_no_matter_of_the_books_is_answered_with_a_page(door: Door) -> None:
    answers = [
        (door.send("GET", "party.party", key="wrong"), 401),
        (door.send("GET", "no.such"), 500),
        (door.send("GET", f"party.party?d={encoded([['nofield', '=', 1]])}"), 500),
        (door.send("GET", "party.party?f=nofield"), 500),
        (door.send("POST", "account.invoice", {"nofield": 1}), 400),
        (door.send("POST", "account.invoice/999/post", {}), 404),
        (door.send("DELETE", "account.invoice/999"), 404),
    ]
    assert [answer.status_code for answer, _ in answers] == [status for _, status in answers]
    assert all(answer.status_code == 400 or answer.mimetype == "text/html" for answer, _ in answers)


def test_a_second_bill_of_one_number_is_similar_to_a_draft_too(door: Door) -> None:
    first, second = door.bill(), door.bill()
    for number in (first, second):
        refused = door.send("POST", f"account.invoice/{number}/post", {})
        assert refused.status_code == 400
        assert "is similar to invoice" in refused.get_json()["message"]
    assert door.send("DELETE", f"account.invoice/{second}").status_code == 204
    assert door.send("POST", f"account.invoice/{first}/post", {}).status_code == 200


def test_a_warning_can_be_waved_through(door: Door) -> None:
    first, credit = door.bill(), door.bill(quantity=-1)
    assert door.send("POST", f"account.invoice/{credit}/post", {}).status_code == 400
    assert door.send("POST", f"account.invoice/{credit}/post", {}, _skip_warnings=True).status_code == 200
    assert first != credit


def test_a_second_post_is_refused(door: Door) -> None:
    bill = door.bill()
    assert door.send("POST", f"account.invoice/{bill}/post", {}).status_code == 200
    refused = door.send("POST", f"account.invoice/{bill}/post", {})
    assert (refused.status_code, "You can not call" in refused.get_json()["message"]) == (400, True)
    assert door.send("DELETE", f"account.invoice/{bill}").status_code == 400


@pytest.mark.parametrize("day,word", [("2024-01-15", "reopen"), ("2011-05-05", "create a period")])
def test_a_day_without_an_open_period_is_refused(door: Door, day: str, word: str) -> None:
    refused = door.send("POST", f"account.invoice/{door.bill(day=day)}/post", {})
    assert (refused.status_code, word in refused.get_json()["message"]) == (400, True)


def test_inactive_records_are_hidden_unless_asked_for(door: Door, state: Store) -> None:
    with state.transaction() as database:
        Books(database).add("party.party", {"code": "OLD01", "name": "Old", "active": False})
    by_code = [["code", "=", "OLD01"]]
    either = [["OR", *by_code, ["name", "=", "Old"]], ["active", "in", [True, False]]]
    assert door.found("party.party", by_code) == []
    assert door.found("party.party", either) == [], "beside an OR the clause has no effect"
    assert len(door.found("party.party", [*by_code, ["active", "in", [True, False]]])) == 1
    assert len(door.found("party.party", either, active_test=False)) == 1


def test_a_line_in_another_currency_and_a_long_price_are_refused(door: Door) -> None:
    body = {"company": 1, "party": 2, "invoice_address": 1, "currency": 2, "type": "in"}
    line = {"quantity": 1, "unit_price": money("1"), "account": 5, "currency": 1}
    other = door.send("POST", "account.invoice", {**body, "lines": [["create", [line]]]})
    assert "not valid" in other.get_json()["message"]
    line = {**line, "currency": 2, "unit_price": money("0.33333")}
    long = door.send("POST", "account.invoice", {**body, "lines": [["create", [line]]]})
    assert "exceeds the limit" in long.get_json()["message"]


def test_numbers_begin_anew_each_year_and_entries_do_not_repeat(door: Door) -> None:
    fields = "f=number&f=move.number"
    years = [date(2024, 3, 1), date(2025, 3, 1)]
    bills = [door.bill(reference=f"{day}", day=day.isoformat()) for day in years]
    told = [door.send("POST", f"account.invoice/{bill}/post?{fields}", {}).get_json() for bill in bills]
    assert [one["number"] for one in told] == ["1", "1"]
    assert [one["move"]["number"] for one in told] == ["2024/1", "2025/1"]


def test_the_books_are_shown_to_people_and_survive_the_end(state: Store) -> None:
    Door(build(state)).bill(reference="<b>SI-1</b>")
    page = Client(build(state)).get("/").text
    assert "&lt;b&gt;SI-1&lt;/b&gt;" in page
    assert "Crown Conference Centre" in page


# --- behind a bad network --------------------------------------------------------------------------------------------


@pytest.fixture
def url(state: Store) -> Iterator[str]:
    with Server(mount({"tryton": Disturbed(build(state), INTERFACE)})) as server:
        yield f"{server.url}/tryton"


def system(url: str, seconds: float = 10.0) -> Tryton:
    settings = {"base_url": url, "database": "harbour", "company_id": "1"}
    outbound = Outbound(allow_private=True, deadline_seconds=seconds)
    return Tryton(Link(settings=settings, secrets={"api_key": TOKEN}, outbound=outbound))


def begin(url: str, spec: str) -> None:
    assert requests.put(f"{url}/faults", json={"spec": spec, "seed": 1}, timeout=5).status_code == 200


def settled(url: str) -> Callable[[], bool]:
    return lambda: requests.get(f"{url}/faults", timeout=5).json()["waiting"] == 0


@pytest.mark.parametrize(
    "fault,error",
    [
        (Fault.RATE_LIMITED, Retryable),
        (Fault.ERROR_BEFORE, OutcomeUnknown),
        (Fault.ERROR_AFTER, OutcomeUnknown),
        (Fault.HANG, OutcomeUnknown),
        (Fault.LATE, OutcomeUnknown),
        (Fault.RESET_BEFORE, OutcomeUnknown),
        (Fault.RESET_AFTER, OutcomeUnknown),
        (Fault.FAILURE_IN_200, OutcomeUnknown),
        (Fault.NO_ID, OutcomeUnknown),
        (Fault.HTML_200, OutcomeUnknown),
        (Fault.HTML_500, OutcomeUnknown),
        (Fault.REDIRECT, OutcomeUnknown),
        (Fault.LOOKUP_ERROR, Retryable),
        (Fault.LOOKUP_RESET, Retryable),
    ],
)
def test_after_any_fault_the_next_attempt_makes_it_one(
    url: str, state: Store, fault: Fault, error: type[IntegrationError]
) -> None:
    begin(url, fault)
    with pytest.raises(IntegrationError) as caught:
        system(url, 0.6 if fault in {Fault.HANG, Fault.LATE} else 10.0).post(sample(), key=KEY, reference=REFERENCE)
    assert type(caught.value) is error
    begin(url, "none")
    deadline = time.monotonic() + 10
    while not settled(url)():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert system(url).find(sample(), key=KEY) == (), "a draft is in no books"
    told = system(url).post(sample(), key=KEY, reference=REFERENCE)
    assert system(url).find(sample(), key=KEY) == (told,)
    with state.transaction() as database:
        assert [one["state"] for one in Books(database).every("account.invoice")] == ["posted"]


def test_a_wrong_amount_is_told(url: str) -> None:
    begin(url, Fault.WRONG_AMOUNT)
    told = system(url).post(sample(), key=KEY, reference=REFERENCE)
    assert told.gross is not None
    assert told.gross - sample().gross == 1


def test_a_draft_that_somebody_cancelled_stays_cancelled(door: Door, state: Store, url: str) -> None:
    begin(url, Fault.NO_ID)
    with pytest.raises(OutcomeUnknown):
        system(url).post(sample(), key=KEY, reference=REFERENCE)
    begin(url, "none")
    assert door.send("POST", "account.invoice/1/cancel", {}).status_code == 200
    with pytest.raises(Rejected, match="cancelled"):
        system(url).post(sample(), key=KEY, reference=REFERENCE)
    with state.transaction() as database:
        assert len(Books(database).every("account.invoice")) == 1
