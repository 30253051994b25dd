"""What every request to the stand-in for Codat passes: key, quota, how many at once, idempotency keys."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
import requests

from tests.integrations.codat.bodies import bill
from tests.integrations.codat.rig import Codat, Linked


def push(codat: Codat, linked: Linked, key: str, **changes: object) -> requests.Response:
    path = f"companies/{linked.company}/connections/{linked.connection}/push/bills"
    return codat.ask("POST", path, bill(**changes), Idempotency_Key=key)


def booked(codat: Codat, linked: Linked) -> int:
    codat.ask("GET", "companies")
    return len(codat.rows(linked, "bills"))


@pytest.mark.parametrize(
    "given", ["", "Basic d3Jvbmc=", "Bearer codat-key-of-the-tests", "Basic codat-key-of-the-tests"]
)
def test_a_wrong_key_is_refused_in_codats_words(codat: Codat, given: str) -> None:
    answer = requests.get(f"{codat.url}/companies", headers={"Authorization": given}, timeout=5)
    told = answer.json()
    assert len(told.pop("correlationId")) == 32
    assert (answer.status_code, told) == (
        401,
        {
            "statusCode": 401,
            "service": "PublicApi",
            "error": "Unauthorized",
            "canBeRetried": "Unknown",
            "detailedErrorCode": 0,
        },
    )
    codat.checked.forgive()


def test_a_key_that_was_rotated_is_no_longer_one(codat: Codat) -> None:
    codat.set(api_key="another")
    assert codat.ask("GET", "companies").status_code == 401
    codat.set(api_key="codat-key-of-the-tests")
    assert codat.ask("GET", "companies").status_code == 200


@pytest.mark.parametrize(
    "method,path,status,words",
    [
        ("GET", "companies/846ed55c-974b-4392-a1f1-87b6fdbf3c5e", 404, "No company was found with ID 846ed55c"),
        ("GET", "nothing", 404, "Nothing is at this address."),
        ("POST", "integrations", 405, "Method not allowed."),
    ],
)
def test_what_there_is_not_is_told(codat: Codat, method: str, path: str, status: int, words: str) -> None:
    answer = codat.ask(method, path)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    codat.checked.forgive()


def test_every_answer_tells_the_quota(codat: Codat, linked: Linked) -> None:
    first, second = (codat.ask("GET", "companies").headers for _ in range(2))
    assert first["X-Rate-Limit-Limit"] == "200000", "for the client, and for the one company that is linked"
    assert int(first["X-Rate-Limit-Remaining"]) - int(second["X-Rate-Limit-Remaining"]) == 1
    assert first["X-Rate-Limit-Reset"].endswith("T00:00:00.0000000Z")


def test_a_spent_quota_refuses_until_the_next_day(codat: Codat, linked: Linked) -> None:
    codat.set(requests_a_day=1)
    assert [codat.ask("GET", "companies").status_code for _ in range(3)] == [200, 200, 429]
    refused = codat.ask("GET", "companies")
    assert refused.headers["X-Rate-Limit-Remaining"] == "0"
    wait = int(refused.headers["Retry-After"])
    assert 0 < wait <= 86_400
    codat.later(wait)
    assert codat.ask("GET", "companies").status_code == 200


def test_no_more_than_so_many_requests_about_one_company_are_answered_at_once(codat: Codat, linked: Linked) -> None:
    codat.set(requests_at_once=2, hold_seconds=1)
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(codat.ask("GET", f"companies/{linked.company}").status_code)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 200, 429]
    codat.set(requests_at_once=10, hold_seconds=0)
    assert codat.ask("GET", f"companies/{linked.company}").status_code == 200


def test_one_key_makes_one_bill_and_repeats_its_answer(codat: Codat, linked: Linked) -> None:
    key = str(uuid4())
    assert push(codat, linked, key).text == push(codat, linked, key).text
    assert booked(codat, linked) == 1


def test_without_a_key_every_try_makes_a_bill(codat: Codat, linked: Linked) -> None:
    path = f"companies/{linked.company}/connections/{linked.connection}/push/bills"
    for _ in range(2):
        assert codat.ask("POST", path, bill()).status_code == 200
    assert booked(codat, linked) == 2


def test_a_key_with_another_body_is_refused(codat: Codat, linked: Linked) -> None:
    key = str(uuid4())
    push(codat, linked, key)
    assert push(codat, linked, key, reference="other").status_code == 422
    assert booked(codat, linked) == 1


def test_a_key_is_forgotten_after_ninety_minutes(codat: Codat, linked: Linked) -> None:
    key = str(uuid4())
    first = push(codat, linked, key).text
    codat.later(89 * 60)
    assert push(codat, linked, key).text == first
    codat.later(2 * 60)
    assert push(codat, linked, key).text != first
    assert booked(codat, linked) == 2


def test_a_key_in_use_is_refused(codat: Codat, linked: Linked) -> None:
    codat.set(hold_seconds=1)
    key, statuses = str(uuid4()), []
    threads = [threading.Thread(target=lambda: statuses.append(push(codat, linked, key).status_code)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409]
    assert push(codat, linked, key).status_code == 200, "409 was no answer to keep"
    assert booked(codat, linked) == 1


@pytest.mark.parametrize("after,count", [(False, 0), (True, 1)])
def test_a_failure_is_repeated_to_its_key(codat: Codat, linked: Linked, after: bool, count: int) -> None:
    codat.control("POST", "calls", {"method": "POST", "path": "/push/bills", "status": 500, "after": after})
    key = str(uuid4())
    first, second = push(codat, linked, key), push(codat, linked, key)
    assert (first.status_code, second.status_code) == (500, 500)
    assert first.text == second.text
    assert booked(codat, linked) == count
    assert push(codat, linked, str(uuid4())).status_code == 200
    assert booked(codat, linked) == count + 1


def test_a_refusal_of_a_body_is_repeated_to_its_key(codat: Codat, linked: Linked) -> None:
    key = str(uuid4())
    first, second = (push(codat, linked, key, issueDate="") for _ in range(2))
    assert (first.status_code, first.text) == (400, second.text)


def test_too_many_requests_leave_the_key_alone(codat: Codat, linked: Linked) -> None:
    plan = {"method": "POST", "path": "/push/bills", "status": 429, "retry_after": 7}
    codat.control("POST", "calls", plan)
    key = str(uuid4())
    refused = push(codat, linked, key)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
    assert push(codat, linked, key).status_code == 200
    assert booked(codat, linked) == 1
