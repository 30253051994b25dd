"""The stand-in by itself: what its interface takes and refuses, and what people can do."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from integrations.accessplanit.sandbox import INTERFACE
from integrations.disturbed_call import Interface
from integrations.exact import from_json
from tests.integrations.accessplanit.scene import Receiver, StandIn


def rows(standin: StandIn, query: str) -> list[dict[str, Any]]:
    answer = standin.api("GET", f"/api/v2/{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = from_json(answer.text)["results"]
    return found


def numbers(standin: StandIn, query: str) -> list[str]:
    return [one["Reference"] for one in rows(standin, query)]


def test_a_new_one_is_a_training_company_with_sales(standin: StandIn) -> None:
    told = [
        (one["Reference"], one["TargetLabel"], str(one["Amount"]), one["Status"]) for one in rows(standin, "Invoice")
    ]
    assert told == [
        ("INV-10001", "Brightwater Care Ltd", "582.00", "Outstanding"),
        ("INV-10002", "Harbour View School", "138.00", "Completed"),
        ("INV-10003", "Kestrel Logistics plc", "253.00", "Part-Completed"),
        ("INV-10004", "Oakfield Dental Group", "96.00", "Temporary"),
        ("INV-10005", "Oakfield Dental Group", "360.00", "Part-Completed"),
        ("INV-10006", "Harbour View School", "96.00", "Cancelled"),
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Invoice?$filter=status eq 'Outstanding'", ["INV-10001"]),
        ("invoice?$filter=Amount ge '253' and Amount lt '582'", ["INV-10003", "INV-10005"]),
        ("Invoice?$filter=contains(TargetLabel, 'dental') and startswith(Status, 'Temp')", ["INV-10004"]),
        ("Invoice?$filter=endswith(Reference, '6')", ["INV-10006"]),
        ("Invoice?$filter=DateCreated ge '2099-01-01T00:00:00'", []),
        ("Invoice?$orderby=Amount desc&$top=2", ["INV-10001", "INV-10005"]),
        ("Invoice?$orderby=TargetLabel asc,ID desc&$skip=1&$top=2", ["INV-10006", "INV-10002"]),
        ("Invoice?$top=-1&$skip=5", ["INV-10006"]),
        ("CreditNote", ["CN-1"]),
    ],
)
def test_a_query(standin: StandIn, query: str, found: list[str]) -> None:
    assert numbers(standin, query) == found


@pytest.mark.parametrize(
    "query",
    [
        "Invoice?$filter=Status ne 'x'",
        "Invoice?$filter=Status eq 'x' or Status eq 'y'",
        "Invoice?$filter=Nonsense eq 'x'",
        "Invoice?$filter=Status eq",
        "Invoice?$filter=Amount ge 'much'",
        "Invoice?$filter=DateCreated ge 'soon'",
        "Invoice?$orderby=Nonsense asc",
        "Invoice?$orderby=ID up",
        "Invoice?$top=-2",
        "Invoice?$skip=x",
        "Invoice?$select=Nonsense",
        "Invoice?$expand=Items",
    ],
)
def test_what_was_never_seen_is_refused(standin: StandIn, query: str) -> None:
    answer = standin.api("GET", f"/api/v2/{query}")
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_count_and_select(standin: StandIn) -> None:
    answer = standin.api("GET", "/api/v2/Invoice?$select=reference&$top=1&$count=true")
    assert answer.json() == {"count": 6, "results": [{"Reference": "INV-10001"}]}


def test_a_token_lives_for_a_while(standin: StandIn) -> None:
    form = {
        "grant_type": "password",
        "UserName": standin.platform["username"],
        "Password": standin.platform["password"],
    }
    told = requests.post(f"{standin.base}/api/v2/Token", data=form, timeout=20).json()
    assert (told["token_type"], told["expires_in"]) == ("bearer", 3599)
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    assert standin.api("GET", "/api/v2/Invoice", headers=headers).status_code == 200
    standin.clock.now += 3600
    assert standin.api("GET", "/api/v2/Invoice", headers=headers).status_code == 401
    again = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    assert requests.post(f"{standin.base}/api/v2/Token", data=again, timeout=20).status_code == 200
    wrong = requests.post(f"{standin.base}/api/v2/Token", data={**form, "Password": "x"}, timeout=20)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic x"])
def test_nobody_enters_without_a_key(standin: StandIn, header: str) -> None:
    assert standin.api("GET", "/api/v2/Invoice", headers={"Authorization": header}).status_code == 401


def test_a_role_hides_modules(standin: StandIn) -> None:
    standin.put(hidden=["Transaction"])
    assert standin.api("GET", "/api/v2/transaction").status_code == 403
    assert standin.api("GET", "/api/v2/Invoice").status_code == 200
    assert standin.api("GET", "/api/v2/Nonsense").status_code == 404


def test_a_module_may_be_called_so_often_within_an_hour(standin: StandIn) -> None:
    standin.faults(limit_per_hour=2)
    statuses = [standin.api("GET", f"/api/v2/{one}").status_code for one in ("Invoice",) * 3 + ("Transaction",)]
    assert statuses == [200, 200, 429, 200]
    wish = int(standin.api("GET", "/api/v2/Invoice").headers["Retry-After"])
    assert 3500 < wish <= 3600
    standin.clock.now += wish
    assert standin.api("GET", "/api/v2/Invoice").status_code == 200


def test_what_is_empty_has_many_forms(standin: StandIn) -> None:
    told = rows(standin, "Invoice?$filter=Reference eq 'INV-10002'")[0]
    assert [told[name] for name in ("PONumber", "CF_Journal_number", "Address")] == ["", None, []]
    standin.faults(odd_empties=False)
    assert rows(standin, "Invoice?$filter=Reference eq 'INV-10002'")[0]["PONumber"] == ""


def test_other_ways_to_write(standin: StandIn) -> None:
    standin.faults(lower_case_names=True, numbers_as_text=True, has_updated=False)
    told = rows(standin, "Invoice?$top=1")[0]
    assert told["amount"] == "582.00"
    assert "dateupdated" not in told
    assert standin.api("GET", "/api/v2/Invoice?$orderby=DateUpdated asc").status_code == 400


def test_a_payment_settles_its_invoice(standin: StandIn) -> None:
    invoice = standin.raise_invoice()
    body = {"InvoiceID": invoice["ID"], "Amount": 100, "TransactionMethod": "BACS", "Reference": "x"}
    answer = standin.api("POST", "/api/v2/Transaction", json=body)
    assert answer.status_code == 201
    assert answer.json()["results"][0]["ID"]
    told = standin.records("Invoice")[-1]
    assert (told["Status"], str(told["AmountPaid"]), str(told["Outstanding"])) == ("Part-Completed", "100.00", "20.00")
    standin.act(invoice, "pay", amount="20")
    assert standin.records("Invoice")[-1]["Status"] == "Completed"
    standin.act(invoice, "refund", amount="120")
    assert standin.records("Invoice")[-1]["Status"] == "Outstanding"
    last = standin.records("Transaction")[-1]
    assert standin.api("DELETE", f"/api/v2/Transaction/{last['ID']}").status_code == 204
    assert standin.records("Invoice")[-1]["Status"] == "Completed"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "Invoice", {"Amount": 1}, 400),
        ("POST", "Transaction", {"Amount": 1, "InvoiceID": "0"}, 404),
        ("POST", "Transaction", {"Amount": 1, "Nonsense": "0"}, 400),
        ("POST", "Transaction", [], 400),
        ("PUT", "Invoice/{}", {"Amount": 1}, 400),
        ("PUT", "Invoice/{}", {"PONumber": "x" * 51}, 400),
        ("PUT", "Invoice/{}", {"DateDue": "soon"}, 400),
        ("PUT", "Invoice/0", {"PONumber": "x"}, 404),
        ("PUT", "Transaction/1", {"Reference": "x"}, 400),
        ("DELETE", "Invoice/{}", None, 400),
        ("PATCH", "Invoice/{}", {"PONumber": "x"}, 405),
    ],
)
def test_a_write_that_is_refused(standin: StandIn, method: str, path: str, body: Any, status: int) -> None:
    before = [standin.records(name) for name in ("Invoice", "Transaction")]
    id_ = before[0][0]["ID"]
    assert standin.api(method, f"/api/v2/{path.format(id_)}", json=body).status_code == status
    assert [standin.records(name) for name in ("Invoice", "Transaction")] == before


def test_an_invoice_is_changed(standin: StandIn) -> None:
    id_ = standin.records("Invoice")[0]["ID"]
    body = {"ponumber": "PO-1", "DateDue": "2025-07-01T00:00:00", "CF_Journal_number": "SI-9"}
    assert standin.api("PUT", f"/api/v2/Invoice/{id_}", json=body).status_code == 200
    told = standin.records("Invoice")[0]
    assert (told["PONumber"], told["CF_Journal_number"]) == ("PO-1", "SI-9")
    assert told["DateUpdated"] > told["DateCreated"]


def test_each_event_has_its_method(standin: StandIn, receiver: Receiver) -> None:
    invoice = standin.raise_invoice()
    paid = standin.act(invoice, "pay", amount="120")
    standin.api("DELETE", f"/api/v2/Transaction/{paid['ID']}")
    id_ = invoice["ID"].encode()
    assert [(one.method, one.body) for one in receiver.calls()] == [
        ("POST", b'{"ID": "%s", "Module": "Invoice"}' % id_),
        ("POST", b'{"ID": "%s", "Module": "Transaction"}' % paid["ID"].encode()),
        ("PUT", b'{"ID": "%s", "Module": "Invoice"}' % id_),
        ("DELETE", b'{"ID": "%s", "Module": "Transaction"}' % paid["ID"].encode()),
        ("PUT", b'{"ID": "%s", "Module": "Invoice"}' % id_),
    ]
    assert {one.headers["x-webhook-token"] for one in receiver.calls()} == {"t0ken"}
    told = standin.control("GET", "platforms/northgate/hooks")["hooks"]
    assert {(one["state"], one["answer"]) for one in told} == {("sent", "202 noted")}


def test_webhooks_are_lost_doubled_and_turned_round(standin: StandIn, receiver: Receiver) -> None:
    standin.faults(hook_lost=1)
    standin.raise_invoice()
    assert receiver.calls() == []
    standin.faults(hook_twice=True)
    standin.raise_invoice()
    assert len(receiver.calls()) == 2
    standin.faults(hook_twice=False, hook_held=2)
    made = [standin.raise_invoice()["ID"] for _ in range(3)]
    told = [from_json(one.body.decode())["ID"] for one in receiver.calls()][2:]
    assert told == [made[2], made[1], made[0]]


def test_nobody_there_is_no_failure(standin: StandIn) -> None:
    standin.put(hook_url="http://127.0.0.1:1/x")
    standin.raise_invoice()
    (told,) = standin.control("GET", "platforms/northgate/hooks")["hooks"]
    assert told["answer"] == "not answered: ConnectionError"


def test_knobs(standin: StandIn) -> None:
    standin.faults(api_errors=1)
    assert [standin.api("GET", "/api/v2/Invoice").status_code for _ in range(2)] == [500, 200]
    for wrong in ({"nonsense": 1}, {"api_errors": -1}, {"api_errors": "x"}, {"hook_shape": "x"}):
        assert requests.put(f"{standin.root}/control/faults", json=wrong, timeout=20).status_code == 400
    standin.faults(most_rows=2)
    assert len(rows(standin, "Invoice?$top=5")) == 2
    told = standin.control("DELETE", "faults")["faults"]
    assert all(one["value"] == one["default"] for one in told.values())


def test_people_do_it_by_hand(standin: StandIn) -> None:
    with requests.Session() as session:

        def visit(path: str, **form: str) -> str:
            answer = session.request("POST" if form else "GET", f"{standin.root}{path}", data=form or None, timeout=20)
            assert answer.ok, answer.text
            return answer.text

        assert standin.platform["api_key"] in visit("/")
        one = "/platforms/northgate"
        assert "INV-10001" in visit(one)
        raised = visit(f"{one}/invoices", customer="OAKFD8sT4", course="Fire Marshal", delegate="E. Roy", discount="6")
        assert "Fire Marshal - E. Roy" in raised
        id_ = standin.records("Invoice")[-1]["ID"]
        here = f"{one}/invoices/{id_}"
        assert str(standin.records("Invoice")[-1]["Amount"]) == "90.00"
        assert "Part-Completed" in visit(f"{here}/pay", amount="40", method="Cash", reference="till 2")
        assert "\N{MINUS SIGN}40.00" in visit(f"{here}/refund", amount="40", method="Cash", reference="")
        assert "PO-9" in visit(f"{here}/change", PONumber="PO-9", DateDue="2025-07-01T00:00:00")
        assert "Cancelled" in visit(f"{here}/cancel", sure="yes")
        assert "hook_shape" in visit("/behaviour")
        assert "Nothing was sent" in visit(f"{one}/webhooks")
        assert "Harbour Ltd" in visit("/platforms", name="Harbour Ltd")
        wrong = session.post(f"{standin.root}{here}/pay", data={"amount": "5"}, timeout=20)
        assert (wrong.status_code, "<h1>That did not work</h1>" in wrong.text) == (409, True)
        assert session.get(f"{standin.root}/nowhere", timeout=20).status_code == 404


def test_the_network_can_be_disturbed(standin: StandIn) -> None:
    interface: Interface = INTERFACE
    assert interface.key_header
    put = requests.put(f"{standin.root}/faults", json={"spec": "no_id"}, timeout=20)
    assert put.ok
    invoice = standin.raise_invoice()
    answer = standin.api("POST", "/api/v2/Transaction", json={"InvoiceID": invoice["ID"], "Amount": 1})
    assert "ID" not in answer.json()["results"][0]
    requests.put(f"{standin.root}/faults", json={"spec": "wrong_amount"}, timeout=20)
    answer = standin.api("POST", "/api/v2/Transaction", json={"InvoiceID": invoice["ID"], "Amount": 1})
    assert answer.json()["results"][0]["Amount"] == 2
    requests.put(f"{standin.root}/faults", json={"spec": "lookup_500"}, timeout=20)
    assert standin.api("GET", "/api/v2/Transaction?$filter=contains(Reference, 'PR')").status_code == 500
    assert standin.api("GET", "/api/v2/Transaction").status_code == 200


def test_scripts_do_it_by_json(standin: StandIn) -> None:
    waiting = standin.records("Invoice")[3]
    assert standin.act(waiting, "commit")["Status"] == "Outstanding"
    assert standin.act(waiting, "credit", amount="96")["Reference"] == "CN-2"
    assert standin.records("Invoice")[3]["Status"] == "Completed"
    assert len(standin.control("POST", "platforms/northgate/seed")["invoices"]) == 12
    assert [one["slug"] for one in standin.control("GET", "platforms")["platforms"]] == ["northgate"]
    standin.api("GET", "/api/v2/Invoice")
    (call,) = standin.control("GET", "platforms/northgate/calls")["calls"]
    assert (call["method"], call["module"], call["status"]) == ("GET", "invoice", 200)
    made = standin.control("PUT", "platforms/harbour", {"name": "Harbour", "api_key": "k"})
    assert (made["name"], made["api_key"]) == ("Harbour", "k")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("platforms/nowhere/invoices", {}, 404),
        ("platforms/northgate/invoices", {"customer": "nobody", "lines": [{"amount": 1}]}, 404),
        ("platforms/northgate/invoices", {"customer": "BRIGHT7kQ2", "lines": []}, 400),
        ("platforms/northgate/invoices", {"customer": "BRIGHT7kQ2", "lines": [{"amount": "x"}]}, 400),
        ("platforms/northgate/invoices", {"customer": "BRIGHT7kQ2", "lines": [{"amount": 1}], "date": "soon"}, 400),
        ("platforms/northgate/invoices", [], 400),
        ("platforms/northgate/records/Invoice", {"results": 1}, 400),
        ("platforms/northgate/invoices/{0}/commit", {}, 409),
        ("platforms/northgate/invoices/{0}/pay", {"amount": 0}, 400),
        ("platforms/northgate/invoices/{0}/pay", {"amount": 1, "method": "Shells"}, 400),
        ("platforms/northgate/invoices/{1}/cancel", {}, 409),
        ("platforms/northgate/invoices/{5}/pay", {"amount": 1}, 409),
        ("platforms/northgate/invoices/{0}/change", {"PONumber": 1}, 400),
    ],
)
def test_what_cannot_be_done(standin: StandIn, path: str, body: Any, status: int) -> None:
    before = standin.records("Invoice")
    address = path.format(*[one["ID"] for one in before])
    answer = requests.post(f"{standin.root}/control/{address}", json=body, timeout=20)
    assert (answer.status_code, bool(answer.json()["message"])) == (status, True)
    assert standin.records("Invoice") == before


def test_people_turn_knobs_and_aim_webhooks(standin: StandIn, receiver: Receiver) -> None:
    knobs = {name: str(one["value"]) for name, one in standin.control("GET", "faults")["faults"].items()}
    given = {name: value for name, value in knobs.items() if value not in ("True", "False")}
    form = {**given, "most_rows": "3", "hook_twice": "on"}
    assert requests.post(f"{standin.root}/behaviour", data=form, timeout=20).ok
    told = standin.control("GET", "faults")["faults"]
    assert (told["most_rows"]["value"], told["hook_twice"]["value"], told["has_help"]["value"]) == (3, True, False)
    wrong = requests.post(f"{standin.root}/behaviour", data={**form, "most_rows": "many"}, timeout=20)
    assert wrong.status_code == 400
    aimed = {"url": "http://127.0.0.1:1/elsewhere", "token": ""}
    assert requests.post(f"{standin.root}/platforms/northgate/hook", data=aimed, timeout=20).ok
    standin.raise_invoice()
    assert receiver.calls() == []


def test_a_call_that_was_carried_out_may_be_answered_with_an_error(standin: StandIn) -> None:
    standin.faults(api_errors_after=1)
    invoice = standin.records("Invoice")[0]
    body = {"InvoiceID": invoice["ID"], "Amount": 1}
    assert standin.api("POST", "/api/v2/Transaction", json=body).status_code == 500
    assert len(standin.records("Transaction")) == 4


def test_a_token_may_be_forgotten(standin: StandIn) -> None:
    standin.faults(forget_tokens=1)
    assert [standin.api("GET", "/api/v2/Invoice").status_code for _ in range(2)] == [401, 200]
