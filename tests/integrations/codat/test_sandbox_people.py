"""The stand-in's pages and switches, what checkers may ask, and what the faults know of its interface."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
import requests
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Request

from integrations.codat.sandbox import INTERFACE, build
from integrations.disturbed import Disturbed
from integrations.exact import from_json, to_json
from integrations.faults import Sort
from integrations.sandbox import Server, Store, mount
from tests.integrations.codat.bodies import bill
from tests.integrations.codat.rig import HEADERS, KEY, Codat, Linked

COMPANY = "companies/2738be35-4120-4faf-a470-c90c4533ba70"
CONNECTION = f"{COMPANY}/connections/33d55648-0e7c-428c-a953-82bf17c8f206"


def test_people_see_companies_books_and_webhooks(codat: Codat, linked: Linked) -> None:
    codat.ask("POST", f"companies/{linked.company}/connections/{linked.connection}/push/bills", bill())
    first = requests.get(f"{codat.url}/", timeout=5).text
    assert "Harbour Street Studios Ltd" in first
    assert "Signing secret: <code>whsec_" in first
    books = requests.get(f"{codat.url}/books/{linked.connection}", timeout=5).text
    for word in ("SI-48213", "Crown Conference Centre", "120.00 GBP", "7502 Telephone", "T1 Standard rate 20%"):
        assert word in books
    assert requests.get(f"{codat.url}/books/none", timeout=5).status_code == 404
    assert requests.get(f"{codat.url}/books/", timeout=5).status_code == 404


def test_buttons_of_the_page_turn_switches(codat: Codat, linked: Linked) -> None:
    address = f"{codat.url}/control/connections/{linked.connection}"
    page = requests.post(address, {"status": "Deauthorized"}, timeout=5)
    assert page.url == f"{codat.url}/"
    assert "Sandbox: Deauthorized" in page.text
    requests.post(address, {"is_online": "no"}, timeout=5)
    assert "Bring online" in requests.get(f"{codat.url}/", timeout=5).text


@pytest.mark.parametrize(
    "method,path,body,words",
    [
        ("PUT", "settings", {"nothing": 1}, "nothing is no setting here."),
        ("PUT", "settings", [], "A JSON object is wanted."),
        ("POST", "push", {"outcome": "Maybe"}, "outcome is one of Failed, Late, Pending, Success, TimedOut."),
        ("POST", "link", {"platform": "zzzz"}, "zzzz is no platform here."),
        ("POST", "calls", {"method": "GET"}, "method, path and status are wanted."),
        ("POST", "clock", {}, "advance_seconds"),
        ("POST", "clock", {"advance_seconds": "soon"}, "soon"),
    ],
)
def test_a_switch_that_there_is_not_is_refused(codat: Codat, method: str, path: str, body: object, words: str) -> None:
    answer = requests.request(method, f"{codat.url}/control/{path}", json=body, timeout=5)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_checkers_see_what_is_booked(codat: Codat, linked: Linked) -> None:
    codat.ask("POST", f"companies/{linked.company}/connections/{linked.connection}/push/bills", bill())
    told = from_json(requests.get(f"{codat.url}/truth", params={"company": linked.company}, timeout=5).text)
    (document,) = told["documents"]
    assert {name: document[name] for name in ("kind", "id", "number", "note", "descriptions", "supplier")} == {
        "kind": "bill", "id": "2001", "number": "SI-48213", "note": "kept as it came",
        "descriptions": ["Training room"], "supplier": "CROWN01",
    }  # fmt: skip
    assert (document["net"], document["tax"], document["gross"], document["currency"]) == (100, 20, 120, "GBP")
    assert requests.get(f"{codat.url}/truth?company=none", timeout=5).json() == {"documents": []}


def test_everything_is_remembered_past_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_CODAT_KEY", KEY)
    names = []
    for _ in range(2):
        store = Store("codat", tmp_path)
        client = Client(build(store))
        client.post("/companies", data=to_json({"name": "Kept Ltd"}), headers={**HEADERS, "Idempotency-Key": "one"})
        names.append([one["name"] for one in from_json(client.get("/companies", headers=HEADERS).text)["results"]])
        store.close()
    assert names == [["Kept Ltd"], ["Kept Ltd"]]


def test_its_own_secrets_are_made_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTROOM_CODAT_KEY", raising=False)
    monkeypatch.delenv("POSTROOM_CODAT_WEBHOOK_SECRET", raising=False)
    pages = []
    for _ in range(2):
        store = Store("codat", tmp_path)
        pages.append(Client(build(store)).get("/").text.partition("Signing secret: ")[2])
        store.close()
    assert pages[0] == pages[1]
    assert (tmp_path / "codat-api-key").stat().st_mode & 0o777 == 0o600


def test_a_latency_is_bounded() -> None:
    with pytest.raises(ValueError, match="0 to 2000 ms"):
        build(Store("codat", latency_ms=2001))


@pytest.mark.parametrize(
    "method,path,sort",
    [
        ("POST", f"{CONNECTION}/push/bills", Sort.WRITE),
        ("POST", f"{CONNECTION}/push/billCreditNotes", Sort.WRITE),
        ("POST", f"{CONNECTION}/push/purchaseOrders", Sort.WRITE),
        ("POST", f"{CONNECTION}/payables/bills", Sort.WRITE),
        ("GET", f"{COMPANY}/data/bills", Sort.LOOKUP),
        ("GET", f"{CONNECTION}/payables/bills", Sort.LOOKUP),
        ("GET", f"{COMPANY}/data/suppliers", None),
        ("GET", f"{COMPANY}/push/2738be35-4120-4faf-a470-c90c4533ba70", None),
        ("GET", f"{CONNECTION}/options/bills", None),
        ("POST", f"{COMPANY}/data/queue/bills", None),
        ("POST", "companies", None),
        ("GET", "integrations", None),
        ("GET", "", None),
    ],
)
def test_only_writes_and_lookups_of_documents_are_disturbed(method: str, path: str, sort: Sort | None) -> None:
    assert INTERFACE.sort(Request(EnvironBuilder(path=f"/{path}", method=method).get_environ())) is sort


def test_spoiled_answers_are_spoiled_in_the_right_place() -> None:
    pushed = to_json({"pushOperationKey": "a", "status": "Pending"}).encode()
    made = to_json({"id": "7", "totalAmount": 120, "amountDue": 120, "lineItems": [{"unitAmount": 50}]}).encode()
    assert from_json(INTERFACE.without_id(pushed).decode()) == {"status": "Pending"}
    assert "id" not in from_json(INTERFACE.without_id(made).decode())
    assert INTERFACE.with_wrong_amount(pushed) == pushed
    assert from_json(INTERFACE.with_wrong_amount(made).decode()) == {
        "id": "7", "totalAmount": 121, "amountDue": 121, "lineItems": [{"unitAmount": 51}],
    }  # fmt: skip
    failure = from_json(INTERFACE.failure().get_data(as_text=True))
    assert failure["status"] == "Pending", "beside what looks like a taken write"


def test_a_lost_answer_books_and_a_late_one_books_later(codat: Codat, linked: Linked) -> None:
    """The same stand-in behind the network's own faults."""
    path = f"companies/{linked.company}/connections/{linked.connection}/push/bills"
    with Server(mount({"codat": Disturbed(build(codat.state), INTERFACE)})) as server:
        url = f"{server.url}/codat"
        for spec, count in (
            ("500_before_commit", 0),
            ("500_after_commit", 1),
            ("moved_date", 2),
            ("forgotten_keys", 3),
        ):
            requests.put(f"{url}/faults", json={"spec": spec}, timeout=5)
            requests.post(f"{url}/{path}", json=bill(), headers={**HEADERS, "Idempotency-Key": str(uuid4())}, timeout=5)
            codat.ask("GET", "companies")
            assert len(codat.rows(linked, "bills")) == count, spec
    assert [one["issueDate"][:10] for one in codat.rows(linked, "bills")] == ["2024-03-14", "2024-04-01", "2024-03-14"]
    with codat.state.transaction() as database:
        assert database.execute("SELECT count(*) FROM answer").fetchone()[0] == 0, "all keys were forgotten"
