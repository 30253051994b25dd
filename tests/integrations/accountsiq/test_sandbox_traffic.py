"""Calls to the stand-in that are lost, held, limited or disturbed; what it counts, and what outlives it."""

from __future__ import annotations

import threading
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import requests

from integrations.accountsiq.sandbox import ACCESS_VARIABLE, INTERFACE, build
from integrations.accountsiq.standin.options import OPTIONS
from integrations.accountsiq.standin.traffic import Traffic
from integrations.disturbed import Disturbed
from integrations.faults import parse
from integrations.sandbox import Server, Store, mount
from tests.integrations.accountsiq.batches import INVOICE as BATCH
from tests.integrations.accountsiq.batches import REFERENCE, batch, looked_up
from tests.integrations.accountsiq.papers import INVOICE, invoice
from tests.integrations.accountsiq.seen_books import SECRET, RestCaller, SeenBooks, Served, SoapCaller


def post_rest(sandbox: Served) -> None:
    RestCaller(sandbox).post(INVOICE, {"Invoice": invoice()})


def post_soap(sandbox: Served) -> None:
    answer = SoapCaller(sandbox).call(BATCH, batch())
    assert answer.text("Status") == "Success", answer.status


POSTS = {"rest": post_rest, "soap": post_soap}


@pytest.mark.parametrize("door", sorted(POSTS))
@pytest.mark.parametrize(("option", "count"), [("lose_answers", 1), ("errors_after", 1)])
def test_an_answer_can_be_lost_after_the_document_is_booked(
    sandbox: Served, rest_books: SeenBooks, door: str, option: str, count: int
) -> None:
    sandbox.options(**{option: 1})
    with pytest.raises((requests.ConnectionError, AssertionError)):
        POSTS[door](sandbox)
    assert rest_books.count() == count
    POSTS[door](sandbox)
    assert rest_books.count() == count + 1


@pytest.mark.parametrize("option", ["lose_requests", "errors_before"])
def test_a_call_can_be_lost_before_anything_is_done(sandbox: Served, rest_books: SeenBooks, option: str) -> None:
    rest = RestCaller(sandbox)
    sandbox.options(**{option: 1})
    with pytest.raises((requests.ConnectionError, AssertionError)):
        rest.post(INVOICE, {"Invoice": invoice()})
    assert rest_books.count() == 0
    rest.post(INVOICE, {"Invoice": invoice()})
    assert rest_books.count() == 1


def test_an_answer_can_be_held_until_the_client_gives_up(sandbox: Served, rest_books: SeenBooks) -> None:
    rest = RestCaller(sandbox)
    sandbox.options(hang=1, hang_seconds=60)
    headers = {"Authorization": f"Bearer {rest.token}"}
    url = f"{sandbox.rest_url}{INVOICE}"
    with pytest.raises(requests.ReadTimeout):
        requests.post(url, json={"Invoice": invoice(InvoiceLine_List=PLAIN)}, headers=headers, timeout=1)
    assert rest_books.count() == 1


PLAIN = [{"NominalAccountId": 5010, "TaxCategoryId": "T1", "NetAmount": "150.50", "TaxAmount": "20.00"}]


def test_the_limit_counts_the_calls_of_a_second() -> None:
    class Fixed:
        def number(self, name: str) -> int:
            assert name == "limit_per_second"
            return 3

    now = [0.0]
    traffic = Traffic(Fixed(), lambda: now[0])  # type: ignore[arg-type]
    assert [traffic.passes() for _ in range(4)] == [True, True, True, False]
    now[0] = 0.99
    assert not traffic.passes()
    now[0] = 1.0
    assert [traffic.passes() for _ in range(4)] == [True, True, True, False]


def test_too_many_calls_are_told_when_to_come_again(sandbox: Served, rest_books: SeenBooks) -> None:
    rest = RestCaller(sandbox)
    sandbox.options(limit_per_second=1)
    headers, url = {"Authorization": f"Bearer {rest.token}"}, f"{sandbox.rest_url}/Departments/GetDepartments"
    barrier, answers = threading.Barrier(20), []

    def ask() -> None:
        barrier.wait()
        answers.append(requests.get(url, headers=headers, timeout=30))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
    assert {answer.json()["Errors"][0]["Code"] for answer in refused} == {"RateLimited"}
    assert OPTIONS["limit_per_second"].default == 100


def test_calls_are_counted_by_name_and_outcome(sandbox: Served, soap: SoapCaller, rest: RestCaller) -> None:
    requests.delete(f"{sandbox.url}/control/counters", timeout=30)
    rest.get("/Departments/GetDepartments")
    rest.call("GET", "/InvoiceCentre/GetInvoice/1")
    soap.call("GetCurrencies")
    told = requests.get(f"{sandbox.url}/control/counters", timeout=30).json()["calls"]
    assert told == {
        "REST GET /Departments/GetDepartments: 200": 1,
        "REST GET /InvoiceCentre/GetInvoice: 404": 1,
        "SOAP GetCurrencies: 200": 1,
    }


# --- faults --------------------------------------------------------------------------------------------------------


@pytest.fixture
def disturbed(state: Store) -> Disturbed:
    return Disturbed(build(state), INTERFACE)


@pytest.mark.parametrize("door", sorted(POSTS))
@pytest.mark.parametrize(
    ("fault", "booked"),
    [("500_before_commit", 0), ("500_after_commit", 1), ("reset_before_commit", 0), ("reset_after_commit", 1),
     ("failure_in_200", 0), ("no_id", 1), ("429", 0), ("html_200", 1)],
)  # fmt: skip
def test_the_faults_of_every_stand_in_befall_this_one(
    state: Store, disturbed: Disturbed, door: str, fault: str, booked: int
) -> None:
    with Server(mount({"accountsiq": disturbed})) as server:
        served = Served(f"{server.url}/accountsiq")
        put = requests.put(f"{served.url}/faults", json={"spec": fault, "seed": 1}, timeout=30)
        assert put.status_code == 200, put.text
        try:
            POSTS[door](served)
        except (requests.RequestException, AssertionError, ValueError, ET.ParseError):
            assert fault != "no_id"
        noted = requests.get(f"{served.url}/faults", timeout=30).json()["disturbed"]
    assert [(one["fault"], one["key"]) for one in noted] == [(fault, REFERENCE.partition(" ")[0])]
    assert SeenBooks(state, "rest").count() == booked


def test_a_lookup_can_be_disturbed_by_key(state: Store, disturbed: Disturbed) -> None:
    disturbed.campaign.plan = parse("lookup_500")
    with Server(mount({"accountsiq": disturbed})) as server:
        soap = SoapCaller(Served(f"{server.url}/accountsiq"))
        with pytest.raises(AssertionError, match="An error occurred"):
            looked_up(soap)
    (noted,) = disturbed.campaign.report()["disturbed"]
    assert (noted["sort"], noted["key"]) == ("lookup", REFERENCE.partition(" ")[0])


def test_a_failure_is_told_in_the_words_of_the_door_that_was_asked(state: Store, disturbed: Disturbed) -> None:
    disturbed.campaign.plan = parse("failure_in_200")
    with Server(mount({"accountsiq": disturbed})) as server:
        served = Served(f"{server.url}/accountsiq")
        by_soap = SoapCaller(served).call(BATCH, batch())
        by_rest = RestCaller(served).post(INVOICE, {"Invoice": invoice()})
    assert by_soap.status["ErrorCode"] == "UNKNOWN"
    assert by_rest == {"Errors": [{"Code": "InternalError", "Field": "", "Message": "An error occurred."}]}


def test_an_answer_can_be_robbed_of_its_ids() -> None:
    robbed = INTERFACE.without_id(
        b"<a><Status>Success</Status><Result>PI1</Result><transactionID>7</transactionID></a>"
    )
    assert robbed == b"<a><Status>Success</Status></a>"
    assert INTERFACE.without_id(b'{"InvoiceId": 1, "DocumentId": 2, "IsPosted": true}') == b'{"IsPosted": true}'


def test_a_document_can_be_booked_in_another_month(state: Store, disturbed: Disturbed) -> None:
    disturbed.campaign.plan = parse("moved_date")
    with Server(mount({"accountsiq": disturbed})) as server:
        for post in POSTS.values():
            post(Served(f"{server.url}/accountsiq"))
    assert [entry["day"] for entry in SeenBooks(state, "rest").entries()] == ["2026-11-01"] * 2


# --- what outlives it ----------------------------------------------------------------------------------------------


def test_books_tokens_and_options_outlive_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ACCESS_VARIABLE, SECRET)
    first = Store("accountsiq", tmp_path)
    with Server(mount({"accountsiq": build(first)})) as server:
        served = Served(f"{server.url}/accountsiq")
        served.options(rest_missing="null")
        post_rest(served)
        token = RestCaller(served).token
    first.close()
    second = Store("accountsiq", tmp_path)
    with Server(mount({"accountsiq": build(second)})) as server:
        rest = RestCaller(Served(f"{server.url}/accountsiq"), token)
        assert rest.get("/InvoiceCentre/GetInvoice", InvoiceId=48211)["TransactionNumber"] == "PI004512"
        assert rest.get("/InvoiceCentre/GetInvoice", InvoiceId=1) is None
    assert SeenBooks(second, "rest").count() == 1
    second.close()


def test_the_secret_is_made_and_kept_where_none_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ACCESS_VARIABLE, raising=False)
    for _ in range(2):
        store = Store("accountsiq", tmp_path)
        build(store)
        store.close()
    assert len((tmp_path / "accountsiq-secret").read_text()) > 30
