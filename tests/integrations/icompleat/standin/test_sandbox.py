"""The stand-in over real HTTP, with a small receiver in the portal's place."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from integrations.documents import Kind
from integrations.exact import to_json
from integrations.icompleat.connector import ICompleat
from integrations.icompleat.samples import NAMES, sample, transaction_for
from integrations.icompleat.sandbox import build
from integrations.sandbox import Server, Store, mount
from portal.intake.strict_json import load
from tests.integrations.icompleat.bodies import COMPANY, taking
from tests.integrations.icompleat.standin.scene import OTHER, TENANT, TOKEN, Control, Receiver, says
from tests.servers import free_port


def of_kind(control: Control, kind: Kind) -> dict[str, Any]:
    return next(row for row in control.transactions() if row["kind"] == kind)


# --- approving --------------------------------------------------------------------------------------------------------


def test_a_company_starts_with_the_samples_awaiting_approval(control: Control) -> None:
    rows = control.transactions()
    assert [row["kind"] for row in rows] == [
        "purchase_order",
        "receipt",
        "invoice",
        "invoice",
        "credit_note",
        "invoice",
        "invoice",
    ]
    assert {row["tray"] for row in rows} == {"awaiting_approval"}
    assert [(str(row["gross"]), row["currency"]) for row in rows] == [
        ("1187.28", "GBP"),
        ("1149.12", "GBP"),
        ("1378.44", "GBP"),
        ("1337.25", "USD"),
        ("38.16", "GBP"),
        ("36", "GBP"),
        ("120", "GBP"),
    ]


def test_approving_one_posts_it_and_shows_the_number(control: Control, receiver: Receiver) -> None:
    row = of_kind(control, Kind.CREDIT_NOTE)
    done = control.post(f"transactions/{row['id']}/approve")
    assert (done["tray"], done["journal_number"], done["reason"], done["status"]) == ("approved", "P-000001", "", 200)
    (seen,) = receiver.recorder.seen
    assert (seen.method, seen.path) == ("POST", "/webhooks")
    assert seen.headers["X-Api-Compleat-Token"] == TOKEN
    assert seen.headers["Content-Type"] == "application/json"
    document = ICompleat().parse(load(seen.body), taking(Kind.CREDIT_NOTE))
    assert (document.external_id, f"{document.gross:f}") == (row["id"], "38.16")
    assert [other["tray"] for other in control.transactions() if other["id"] != row["id"]] == ["awaiting_approval"] * 6


def test_what_is_sent_is_the_sample_with_the_companys_own_keys(control: Control, receiver: Receiver) -> None:
    control.post(f"transactions/{of_kind(control, Kind.PURCHASE_ORDER)['id']}/approve")
    body = load(receiver.recorder.seen[0].body)
    assert body["MetaData"]["Version"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", body["MetaData"]["DateCreated"])
    own = transaction_for("purchase-order", COMPANY, "Northgate Training Ltd")
    assert body["Transaction"] == own
    assert own["Lines"][0]["Net"] == sample("purchase-order")["Transaction"]["Lines"][0]["Net"]
    assert own["Id"] != sample("purchase-order")["Transaction"]["Id"]


def test_approving_all_goes_in_order(control: Control, receiver: Receiver) -> None:
    done = control.post(f"companies/{COMPANY}/approve")["transactions"]
    assert [row["journal_number"] for row in done] == [f"P-{number:06}" for number in range(1, 8)]
    assert [row["id"] for row in control.transactions()] == list(receiver.numbers)
    assert control.post(f"companies/{COMPANY}/approve") == {"transactions": []}
    assert len(receiver.recorder.seen) == 7


def test_bare_bodies_and_another_header(control: Control, receiver: Receiver, receiver_url: str) -> None:
    control.put("options", {"wrapped": False})
    target = {"url": receiver_url, "token": TOKEN, "token_header": "X-Our-Own"}
    control.put(f"companies/{COMPANY}/endpoints/invoice", target)
    row = of_kind(control, Kind.INVOICE)
    assert control.post(f"transactions/{row['id']}/approve")["journal_number"] == "P-000001"
    (seen,) = receiver.recorder.seen
    assert json.loads(seen.body)["Id"] == row["id"]
    assert seen.headers["X-Our-Own"] == TOKEN
    assert "X-Api-Compleat-Token" not in seen.headers


def test_one_address_per_kind(control: Control, receiver: Receiver, receiver_url: str) -> None:
    for kind in ICompleat.kinds:
        control.put(f"companies/{COMPANY}/endpoints/{kind}", {"url": f"{receiver_url}/{kind}", "token": TOKEN})
    control.post(f"companies/{COMPANY}/approve")
    kinds = [row["kind"] for row in control.transactions()]
    assert [seen.path for seen in receiver.recorder.seen] == [f"/webhooks/{kind}" for kind in kinds]


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer, reason",
    [
        (says('{"ErrorCode": 100, "ErrorMessage": "Line 2: no."}', 400), "400: Line 2: no."),
        (says('{"JournalNumber": "P-000001"}', 503), "The answer was 503."),
        (says('{"JournalNumber": "P-000001"}', 201), "The answer was 201."),
        (says("", 302, Location="/elsewhere"), "The answer was 302."),
        (says("<h1>Server error</h1>", 500), "The answer was 500."),
        (says('{"JournalNumber": ""}'), "The answer holds no JournalNumber."),
        (says('{"JournalNumber": 12}'), "The answer holds no JournalNumber."),
        (says('{"journal": "P-000001"}'), "The answer holds no JournalNumber."),
        (says("[]"), "The answer holds no JournalNumber."),
        (says("P-000001"), "The answer holds no JournalNumber."),
        (says(""), "The answer holds no JournalNumber."),
    ],
)
def test_anything_but_200_with_a_number_is_a_posting_failure(
    control: Control, receiver: Receiver, answer: Callable[[Request], Response], reason: str
) -> None:
    row = of_kind(control, Kind.INVOICE)
    receiver.answer = answer
    failed = control.post(f"transactions/{row['id']}/approve")
    assert (failed["tray"], failed["journal_number"], failed["reason"]) == ("posting_failures", "", reason)
    receiver.answer = receiver.numbered
    retried = control.post(f"transactions/{row['id']}/retry")
    assert (retried["tray"], retried["journal_number"], retried["reason"]) == ("approved", "P-000001", "")
    first, second = (json.loads(seen.body)["Transaction"] for seen in receiver.recorder.seen)
    assert first == second


def test_another_member_can_be_asked_for(control: Control, receiver: Receiver) -> None:
    control.put("options", {"journal_member": "JournalId"})
    receiver.answer = says('{"JournalId": "J-7"}')
    assert control.post(f"transactions/{control.transactions()[0]['id']}/approve")["journal_number"] == "J-7"


def test_nobody_there(control: Control) -> None:
    target = {"url": f"http://127.0.0.1:{free_port()}/", "token": TOKEN}
    control.put(f"companies/{COMPANY}/endpoints/all", target)
    failed = control.post(f"transactions/{control.transactions()[0]['id']}/approve")
    assert failed["tray"] == "posting_failures"
    assert failed["reason"] == "The endpoint could not be reached, or broke off."
    assert failed["status"] is None


@pytest.mark.parametrize("url", ["no address", "http://", "ftp://127.0.0.1/x"])
def test_an_address_that_is_none(control: Control, url: str) -> None:
    control.put(f"companies/{COMPANY}/endpoints/all", {"url": url, "token": TOKEN})
    failed = control.post(f"transactions/{control.transactions()[0]['id']}/approve")
    assert failed["reason"] == "The endpoint could not be reached, or broke off."


def test_no_endpoint_for_a_kind(control: Control, sandbox_url: str) -> None:
    control.put(f"companies/{OTHER}", {"name": "Harbour Street Studios Ltd", "base_currency": "GBP"})
    row = control.transactions(OTHER)[1]
    failed = control.post(f"transactions/{row['id']}/approve")
    assert (failed["tray"], failed["reason"]) == ("posting_failures", "No endpoint is configured for receipts.")


def test_an_answer_that_takes_too_long(control: Control, receiver: Receiver) -> None:
    released = threading.Event()

    def late(request: Request) -> Response:
        released.wait(10)
        return receiver.numbered(request)

    receiver.answer = late
    control.put("options", {"wait_seconds": 1})
    try:
        failed = control.post(f"transactions/{control.transactions()[0]['id']}/approve")
    finally:
        released.set()
    assert (failed["tray"], failed["reason"]) == ("posting_failures", "No answer within 1 seconds.")
    assert 1000 <= failed["milliseconds"] < 20_000


def test_only_one_delivery_of_a_transaction_at_a_time(control: Control, receiver: Receiver) -> None:
    arrived, released = threading.Event(), threading.Event()

    def slow(request: Request) -> Response:
        arrived.set()
        released.wait(10)
        return receiver.numbered(request)

    receiver.answer = slow
    path = f"{control.url}/transactions/{control.transactions()[0]['id']}"
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(requests.post, f"{path}/approve", timeout=15)
        assert arrived.wait(10)
        for action in ("approve", "retry"):
            assert requests.post(f"{path}/{action}", timeout=10).status_code == 409
        # Were it killed now, it could be retried after a restart.
        meanwhile = requests.get(path, timeout=10).json()
        assert (meanwhile["tray"], meanwhile["reason"]) == ("posting_failures", "Sent, and no answer was seen.")
        released.set()
        assert first.result().json()["journal_number"] == "P-000001"
    assert len(receiver.recorder.seen) == 1


@pytest.mark.parametrize("action", ["approve", "retry"])
def test_what_is_approved_stays_approved(control: Control, receiver: Receiver, action: str) -> None:
    row = control.transactions()[0]
    control.post(f"transactions/{row['id']}/approve")
    response = requests.post(f"{control.url}/transactions/{row['id']}/{action}", timeout=10)
    assert (response.status_code, response.json()) == (409, {"error": "The transaction lies in Approved."})
    assert len(receiver.recorder.seen) == 1


def test_retrying_all_retries_the_failures_alone(control: Control, receiver: Receiver) -> None:
    receiver.answer = says("", 503)
    rows = control.transactions()
    for row in rows[:2]:
        control.post(f"transactions/{row['id']}/approve")
    receiver.answer = receiver.numbered
    retried = control.post(f"companies/{COMPANY}/retry")["transactions"]
    assert [row["id"] for row in retried] == [row["id"] for row in rows[:2]]
    assert [row["tray"] for row in control.transactions()] == ["approved"] * 2 + ["awaiting_approval"] * 5


# --- records ----------------------------------------------------------------------------------------------------------


def test_every_delivery_is_recorded_without_the_token(control: Control, receiver: Receiver, receiver_url: str) -> None:
    row = control.transactions()[0]
    receiver.answer = says('{"ErrorMessage": "no"}', 400)
    control.post(f"transactions/{row['id']}/approve")
    receiver.answer = receiver.numbered
    control.post(f"transactions/{row['id']}/retry")
    shown = control.get(f"transactions/{row['id'].upper()}")
    first, second = shown["deliveries"]
    assert (first["url"], first["status"], first["answer"]) == (receiver_url, 400, '{"ErrorMessage": "no"}')
    assert (second["status"], json.loads(second["answer"])) == (200, {"JournalNumber": "P-000001"})
    assert first["header_names"] == ["x-api-compleat-token", "Content-Type", "Accept"]
    assert second["body"].encode() == receiver.recorder.seen[1].body
    assert TOKEN not in to_json(shown)


def test_it_survives_a_restart(tmp_path: Path, receiver_url: str) -> None:
    def run(use: Callable[[Control], Any]) -> Any:
        store = Store("icompleat", tmp_path)
        with Server(mount({"icompleat": build(store)})) as server:
            result = use(Control(f"{server.url}/icompleat"))
        store.close()
        return result

    def first(control: Control) -> Any:
        control.put(f"companies/{COMPANY}", {"name": "Northgate Training Ltd", "base_currency": "GBP"})
        control.put(f"companies/{COMPANY}/endpoints/all", {"url": receiver_url, "token": TOKEN})
        control.put("options", {"wait_seconds": 5})
        control.post(f"transactions/{control.transactions()[2]['id']}/approve")
        return control.transactions(), control.get(f"companies/{COMPANY}/endpoints"), control.get("options")

    def second(control: Control) -> Any:
        control.put(f"companies/{COMPANY}", {"name": "Northgate Training Ltd", "base_currency": "GBP"})
        return control.transactions(), control.get(f"companies/{COMPANY}/endpoints"), control.get("options")

    before = run(first)
    assert run(second) == before
    assert [row["journal_number"] for row in before[0]] == ["", "", "P-000001", "", "", "", ""]


# --- companies and samples --------------------------------------------------------------------------------------------


def test_two_companies_share_no_id_and_no_number(control: Control) -> None:
    control.put(f"companies/{OTHER}", {"name": "Harbour Street Studios Ltd", "base_currency": "GBP"})
    ours, theirs = control.transactions(), control.transactions(OTHER)
    assert not {row["id"] for row in ours} & {row["id"] for row in theirs}
    assert not {row["number"] for row in ours} & {row["number"] for row in theirs}
    assert [row["gross"] for row in ours] == [row["gross"] for row in theirs]
    assert control.get(f"companies/{OTHER}/endpoints") == {"endpoints": []}


def test_adding_a_company_again_changes_its_name_and_nothing_else(control: Control) -> None:
    control.post(f"companies/{COMPANY}/approve")
    before = control.transactions()
    control.put(f"companies/{COMPANY.upper()}", {"name": "Northgate Learning Ltd", "base_currency": "GBP"})
    assert control.transactions() == before
    companies = [{"id": COMPANY, "tenant_id": TENANT, "name": "Northgate Learning Ltd", "base_currency": "GBP"}]
    assert control.get("companies") == {"companies": companies}


def test_another_transaction_after_a_sample(control: Control) -> None:
    added = control.post(f"companies/{COMPANY}/transactions", {"sample": "invoice"})
    more = control.post(f"companies/{COMPANY}/transactions", {"sample": "invoice"})
    assert (added["kind"], added["tray"], str(added["gross"])) == ("invoice", "awaiting_approval", "1378.44")
    rows = control.transactions()
    assert [row["id"] for row in rows[-2:]] == [added["id"], more["id"]]
    assert len({row["id"] for row in rows}) == len(rows) == 9


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_the_same_for_a_company_every_time(name: str) -> None:
    ours = transaction_for(name, COMPANY, "Northgate Training Ltd")
    assert ours == transaction_for(name, COMPANY, "Northgate Training Ltd")
    assert ours["Id"] != transaction_for(name, COMPANY, "Northgate Training Ltd", copy=1)["Id"]
    document = ICompleat().parse(ours, taking(None))
    original = ICompleat().parse(sample(name), taking(None))
    assert (document.gross, document.date, document.kind) == (original.gross, original.date, original.kind)
    assert document.number[:3] == original.number[:3]
    assert document.number[-3:] == original.number[-3:]


def test_the_numbers_of_one_purchase_hang_together() -> None:
    order, receipt, invoice = (
        transaction_for(name, COMPANY, "X")["References"] for name in ("purchase-order", "receipt", "invoice")
    )
    assert order["PurchaseOrder"] == receipt["PurchaseOrder"] == invoice["PurchaseOrder"]
    assert order["Identifier"] == receipt["Identifier"]


# --- bad requests -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method, path, body, status, error",
    [
        ("GET", "companies/nobody/transactions", None, 404, "This company is not known here."),
        ("GET", "companies/nobody/endpoints", None, 404, "This company is not known here."),
        ("GET", "transactions/nothing", None, 404, "This transaction is not known here."),
        ("POST", "transactions/nothing/approve", None, 404, "This transaction is not known here."),
        ("POST", f"companies/{COMPANY}/deny", None, 404, "There is nothing here."),
        ("GET", "somewhere", None, 404, "There is nothing here."),
        ("DELETE", f"companies/{COMPANY}", None, 405, "There is nothing here."),
        ("PUT", f"companies/{COMPANY}", "[]", 400, "The body is not a JSON object."),
        ("PUT", f"companies/{COMPANY}", "{", 400, "The body is not JSON."),
        ("PUT", f"companies/{COMPANY}", '{"name": "X"}', 400, "base_currency is missing."),
        ("PUT", f"companies/{COMPANY}/endpoints/all", '{"url": "http://x"}', 400, "token is missing."),
        (
            "PUT",
            f"companies/{COMPANY}/endpoints/orders",
            '{"url": "http://x", "token": "t"}',
            400,
            "The kind must be all or one of purchase_order, invoice, credit_note, receipt.",
        ),
        (
            "PUT",
            "options",
            '{"wait_seconds": "30"}',
            400,
            "Options are wait_seconds, journal_member, wrapped, each in its own type.",
        ),
        (
            "PUT",
            "options",
            '{"patience": 30}',
            400,
            "Options are wait_seconds, journal_member, wrapped, each in its own type.",
        ),
        (
            "POST",
            f"companies/{COMPANY}/transactions",
            '{"sample": "payslip"}',
            404,
            f"The samples are {', '.join(NAMES)}.",
        ),
    ],
)
def test_bad_requests(control: Control, method: str, path: str, body: str | None, status: int, error: str) -> None:
    response = requests.request(method, f"{control.url}/{path}", data=body, timeout=10)
    assert (response.status_code, response.json()) == (status, {"error": error})
