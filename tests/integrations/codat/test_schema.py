"""The judge of requests and answers: it lets sound ones pass, and sees everything that a careless client gets wrong."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4
from wsgiref.types import WSGIApplication

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from tests.integrations.codat.bodies import bill, line
from tests.integrations.codat.documents import CONTRACTS, calls, event_faults
from tests.integrations.codat.rig import HEADERS, Codat, Linked
from tests.integrations.codat.schema import Checked, checked

COMPANY = "2738be35-4120-4faf-a470-c90c4533ba70"
PUSH = f"/companies/{COMPANY}/connections/{COMPANY}/push/bills"
QUOTA = {"X-Rate-Limit-Limit": "1", "X-Rate-Limit-Remaining": "1", "X-Rate-Limit-Reset": "2026-11-22T00:00:00Z"}
TAKEN = {
    "companyId": COMPANY, "pushOperationKey": COMPANY, "dataConnectionKey": COMPANY, "dataType": "bills",
    "requestedOnUtc": "2026-11-21T21:11:02Z", "status": "Pending", "statusCode": 202,
}  # fmt: skip


def answering(told: object, status: int = 200, headers: dict[str, str] | None = None) -> WSGIApplication:
    @Request.application
    def app(request: Request) -> Response:
        given = QUOTA if headers is None else headers
        return Response(json.dumps(told), status=status, mimetype="application/json", headers=given)

    return app


def judged(body: object = None, *, path: str = PUSH, method: str = "POST", **headers: str) -> list[str]:
    """What the judge says of a request that is answered well."""
    judge = checked(answering(TAKEN if method == "POST" else {}))
    given = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    data = None if body is None else json.dumps(body)
    Client(judge).open(path, method=method, data=data, content_type="application/json" if data else None, headers=given)
    return [one.partition(": ")[2] for one in judge.violations if "the answer" not in one]


def test_a_sound_request_is_passed() -> None:
    assert judged(bill(), Idempotency_Key=str(uuid4())) == []


@pytest.mark.parametrize(
    "body,words",
    [
        (bill(refrence="x"), "/refrence is not in the schema"),
        (bill(lineItems=[line(taxrateRef={"id": "T1"})]), "/lineItems/0/taxrateRef is not in the schema"),
        (bill(lineItems=[line(quantity="2")]), "lineItems/0/quantity: '2' is not of type 'number'"),
        (bill(status="Booked"), "status: 'Booked' is not one of"),
        (bill(supplierRef={}), "supplierRef: 'id' is a required property"),
        (None, "a body is wanted"),
        ([], "the whole: [] is not of type 'object'"),
    ],
)
def test_a_wrong_body_is_seen(body: object, words: str) -> None:
    assert any(words in one for one in judged(body)), judged(body)


@pytest.mark.parametrize(
    "path,method,headers,words",
    [
        (PUSH, "POST", {"Authorization": "Bearer x"}, "the header Authorization is not Basic with a key"),
        (PUSH, "POST", {"Idempotency_Key": "P-000001"}, "the idempotency key is no GUID"),
        (f"{PUSH}?timeout=1", "POST", {}, "the query timeout is not known"),
        (f"{PUSH}?timeoutInMinutes=x", "POST", {}, "the whole: 'x' is not of type 'integer'"),
        ("/companies/none", "GET", {}, "the whole: 'none' is not a 'uuid'"),
        ("/companies/none/bills", "GET", {}, "there is no such call"),
        ("/companies?page=0", "GET", {}, "the whole: 0 is less than the minimum of 1"),
    ],
)
def test_a_wrong_call_is_seen(path: str, method: str, headers: dict[str, str], words: str) -> None:
    found = judged(bill() if method == "POST" else None, path=path, method=method, **headers)
    assert words in found or any(one.startswith(words) for one in found), found


@pytest.mark.parametrize(
    "app,words",
    [
        (answering({**TAKEN, "status": "Done"}), "the answer: status: 'Done' is not one of"),
        (answering({**TAKEN, "companyId": "x"}), "the answer: companyId: 'x' is not a 'uuid'"),
        (answering(TAKEN, headers={}), "the answer has no X-Rate-Limit-Limit"),
        (answering(TAKEN, status=201), "the answer 201 is not known"),
        (answering({"statusCode": 400}, status=404), "the refusal tells another status than it has"),
        (answering({"statusCode": "404"}, status=404), "the refusal: statusCode: '404' is not of type 'integer'"),
        (answering({}, status=418), "the answer 418 is not known"),
    ],
)
def test_a_wrong_answer_is_seen(app: WSGIApplication, words: str) -> None:
    judge = Checked(app)
    Client(judge).post(PUSH, data=json.dumps(bill()), content_type="application/json", headers=HEADERS)
    assert any(words in one for one in judge.violations), judge.violations
    judge.forgive()
    assert judge.violations == []


def test_orders_invoices_and_payments_are_judged_by_schemas_of_our_own(codat: Codat, linked: Linked) -> None:
    base = f"companies/{linked.company}/connections/{linked.connection}/push"
    order = {name: one for name, one in bill().items() if name not in {"reference", "dueDate"}}
    customer = {"customerRef": {"id": "HARB01", "companyName": "Harbour Logistics Ltd"}}
    link = {"type": "PaymentOnAccount", "id": "HARB01", "amount": -1}
    payment = {
        **customer, "accountRef": {"id": "1200"}, "date": "2024-03-14", "reference": "BACS", "totalAmount": 1,
        "lines": [{"amount": 1, "allocatedOnDate": "2024-03-14", "links": [link]}],
    }  # fmt: skip
    invoice = {
        **customer, "invoiceNumber": "I1", "issueDate": "2024-03-14", "dueDate": "2024-04-13", "status": "Submitted",
        "lineItems": [line()],
    }  # fmt: skip
    for data_type, body in (("purchaseOrders", order), ("payments", payment), ("invoices", invoice)):
        assert codat.ask("POST", f"{base}/{data_type}", body).status_code == 200
    assert codat.checked.violations == []
    codat.refresh(linked)
    for data_type in ("purchaseOrders", "payments", "invoices"):
        assert codat.ask("GET", f"companies/{linked.company}/data/{data_type}").json()["totalResults"] == 1
    codat.ask("POST", f"{base}/purchaseOrders", {**order, "reference": "x"})
    assert codat.checked.violations == [f"POST /{base}/purchaseOrders: /reference is not in the schema"]
    codat.checked.forgive()


def test_an_event_is_judged_too() -> None:
    sound: dict[str, Any] = {
        "id": COMPANY,
        "eventType": "bills.write.successful",
        "payload": {"id": COMPANY, "status": "Success"},
    }
    assert event_faults(sound) == []
    assert event_faults({**sound, "payload": {"status": "Booked"}}) != []
    assert event_faults({**sound, "payload": {"reason": "x"}}) == ["/payload/reason is not in the schema"]


def test_the_schemas_hold_no_texts_of_the_vendor_and_say_where_they_are_from() -> None:
    names = {one.stem for one in CONTRACTS.glob("*.json")}
    assert names == {"platform", "payables-asynchronous", "payables-synchronous", "by-hand"}
    assert {call.document for call in calls()} == names
    for path in CONTRACTS.glob("*.json"):
        for word in ('"description": "', '"example', '"x-', '"summary"'):
            assert word not in path.read_text(), path
    assert "Apache License" in (CONTRACTS / "LICENSE").read_text()
    assert "1558f9a" in (CONTRACTS / "NOTICE.md").read_text()
