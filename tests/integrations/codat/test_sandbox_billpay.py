"""Synchronous Bill Pay of the stand-in: the record comes back at once, or every reason why not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import requests

from integrations.codat.standin.platforms import PLATFORMS
from integrations.exact import from_json
from tests.integrations.codat.bodies import at
from tests.integrations.codat.rig import HEADERS, Codat, Linked

NAMES = ("reference", "supplierRef", "issueDate", "dueDate", "currency", "currencyRate", "status", "lineItems")
LINE = ("description", "unitAmount", "quantity", "taxAmount", "accountRef", "totalAmount", "taxRateRef")


@pytest.fixture
def platform() -> str:
    return "gbol"


def body(codat: Codat, linked: Linked, **changes: Any) -> dict[str, Any]:
    """The lean bill of Bill Pay."""
    whole = at(codat, linked)
    lines = [{name: one[name] for name in LINE if name in one} for one in whole["lineItems"]]
    return {**{name: whole[name] for name in NAMES}, "lineItems": lines, **changes}


def pay(codat: Codat, linked: Linked, method: str, path: str, sent: object = None, **headers: str) -> requests.Response:
    base = f"companies/{linked.company}/connections/{linked.connection}/payables"
    return codat.ask(method, f"{base}/{path}", sent, **headers)


@pytest.mark.parametrize("platform", ["gbol", "qhyg", "fbrh", "akxx", "knfz", "rwuv"])
def test_a_bill_comes_back_with_its_id(codat: Codat, linked: Linked, platform: str) -> None:
    answer = pay(codat, linked, "POST", "bills", body(codat, linked), Idempotency_Key=str(uuid4()))
    assert answer.status_code == 201, answer.text
    told = from_json(answer.text)
    (row,) = codat.rows(linked, "bills")
    assert (told["id"], told["reference"], told["status"]) == (row["id"], "SI-48213", "Open")
    assert (told["totalAmount"], told["amountDue"], row["taxAmount"]) == (
        Decimal("120.00"),
        Decimal("120.00"),
        Decimal(20),
    )
    assert told["lineItems"][0]["accountRef"] == body(codat, linked)["lineItems"][0]["accountRef"]
    listed = from_json(pay(codat, linked, "GET", "bills").text)
    assert listed == {"results": [told], "pagination": {}}, "read over there, not from a cache"


@pytest.mark.parametrize("platform", ["hbql", "mqjo"])
def test_other_systems_are_not_covered(codat: Codat, linked: Linked, platform: str) -> None:
    answer = pay(codat, linked, "GET", "bills")
    name = PLATFORMS[platform].name
    assert (answer.status_code, answer.json()["error"]) == (404, f"Datatype bills not supported by platform(s) {name}")


@pytest.mark.parametrize(
    "platform,changes,item,message",
    [
        ("gbol", {"currency": ""}, "currency", "`Currency` must not be empty"),
        ("gbol", {"lineItems": []}, "lineItems", "`LineItems` must not be empty"),
        ("gbol", {"status": "Paid"}, "status", "`Status` must be Open"),
        ("qhyg", {"status": "Draft"}, "status", "`Status` must be Open"),
        ("qhyg", {"reference": "x" * 22}, "reference", "`Reference` must be 21 characters or fewer"),
        ("akxx", {"reference": "x" * 46}, "reference", "`Reference` must be 45 characters or fewer"),
        ("gbol", {"supplierRef": {"id": "nobody"}}, "SupplierRef.Id", "`nobody` was not found in Xero"),
    ],
)
def test_what_is_wrong_is_told_at_once(
    codat: Codat, linked: Linked, changes: dict[str, Any], item: str, message: str
) -> None:
    answer = pay(codat, linked, "POST", "bills", body(codat, linked, **changes))
    assert answer.status_code == 400
    assert answer.json()["validation"]["errors"] == [{"itemId": item, "message": message, "validatorName": "Bill"}]
    assert codat.rows(linked, "bills") == []


def test_a_discount_may_not_be_more_than_the_bill(codat: Codat, linked: Linked) -> None:
    sent = body(codat, linked)
    sent["lineItems"][0]["unitAmount"] = -50
    told = pay(codat, linked, "POST", "bills", sent).json()["validation"]["errors"]
    assert [one["message"] for one in told] == ["Sum of `LineItems` must be greater than or equal to `0`"]


@pytest.mark.parametrize("platform", ["fbrh"])
def test_freeagent_takes_no_tax_rates(codat: Codat, linked: Linked, platform: str) -> None:
    sent = body(codat, linked)
    sent["lineItems"][0]["taxRateRef"] = {"id": "1"}
    told = pay(codat, linked, "POST", "bills", sent).json()["validation"]["errors"]
    assert [one["message"] for one in told] == ["`TaxRateRef` must be empty"]


@pytest.mark.parametrize("platform", ["rwuv"])
def test_zoho_has_a_reference_once(codat: Codat, linked: Linked, platform: str) -> None:
    assert pay(codat, linked, "POST", "bills", body(codat, linked)).status_code == 201
    told = pay(codat, linked, "POST", "bills", body(codat, linked)).json()["validation"]["errors"]
    assert [one["message"] for one in told] == ["Reference has already been used for this supplier"]


def test_a_plain_second_try_makes_a_second_bill_and_one_with_the_key_does_not(codat: Codat, linked: Linked) -> None:
    key = str(uuid4())
    first, again = (pay(codat, linked, "POST", "bills", body(codat, linked), Idempotency_Key=key) for _ in range(2))
    assert (first.text, first.status_code) == (again.text, 201)
    pay(codat, linked, "POST", "bills", body(codat, linked))
    assert len(codat.rows(linked, "bills")) == 2


def test_paid_bills_are_told_when_they_are_asked_for(codat: Codat, linked: Linked) -> None:
    made = pay(codat, linked, "POST", "bills", body(codat, linked)).json()
    codat.write(linked, "bills", {"id": made["id"], "status": "Paid", "amountDue": 0})
    assert pay(codat, linked, "GET", "bills").json()["results"] == []
    query = urlencode({"query": "status=Paid"})
    assert [one["id"] for one in pay(codat, linked, "GET", f"bills?{query}").json()["results"]] == [made["id"]]


def test_lists_go_on_by_a_token(codat: Codat, linked: Linked) -> None:
    for number in range(101):
        codat.write(linked, "suppliers", {"id": f"S{number}", "supplierName": f"Supplier {number}", "status": "Active"})
    first = pay(codat, linked, "GET", "suppliers").json()
    token = first["pagination"]["continuationToken"]
    second = pay(codat, linked, "GET", f"suppliers?{urlencode({'continuationToken': token})}").json()
    assert (len(first["results"]), len(second["results"]), second["pagination"]) == (100, 4, {})
    assert pay(codat, linked, "GET", "suppliers?continuationToken=x").status_code == 400


def test_a_changed_bill_has_other_lines(codat: Codat, linked: Linked) -> None:
    made = pay(codat, linked, "POST", "bills", body(codat, linked)).json()
    sent = body(codat, linked)
    sent["lineItems"][0]["quantity"] = 1
    told = pay(codat, linked, "PUT", f"bills/{made['id']}", sent).json()
    assert (told["id"], told["totalAmount"]) == (made["id"], 60.0)
    assert pay(codat, linked, "PUT", "bills/none", sent).status_code == 404


def test_a_company_tells_its_name_and_what_a_bill_can_be_coded_to(codat: Codat, linked: Linked) -> None:
    assert pay(codat, linked, "GET", "info").json() == {
        "companyName": "Harbour Street Studios Ltd", "baseCurrency": "GBP",
    }  # fmt: skip
    (rate,) = (one for one in codat.rows(linked, "taxRates") if one["code"] == "T5")
    codat.write(linked, "taxRates", {"id": rate["id"], "status": "Archived"})
    told = pay(codat, linked, "GET", "mappingOptions/bills").json()
    assert [one["code"] for one in told["taxRates"]] == ["T0", "T1", "T2", "T9"]
    assert "7502" in [one["nominalCode"] for one in told["accounts"]]
    query = urlencode({"statusQuery": "status=Archived||status=Active"})
    assert len(pay(codat, linked, "GET", f"mappingOptions/bills?{query}").json()["taxRates"]) == 5


def test_a_supplier_is_written_once_by_name(codat: Codat, linked: Linked) -> None:
    sent = {"supplierName": "New Ltd", "status": "Active"}
    first, second = (pay(codat, linked, "POST", "suppliers", sent) for _ in range(2))
    assert (first.status_code, first.json()["supplierName"], second.status_code) == (201, "New Ltd", 400)


def test_nothing_is_booked_in_a_closed_period_or_without_a_link(codat: Codat, linked: Linked) -> None:
    codat.control("POST", f"connections/{linked.connection}", {"ledgerLockDate": "2024-12-31"})
    assert (
        pay(codat, linked, "POST", "bills", body(codat, linked)).json()["validation"]["errors"][0]["itemId"]
        == "IssueDate"
    )
    codat.control("POST", f"connections/{linked.connection}", {"status": "Unlinked"})
    assert pay(codat, linked, "POST", "bills", body(codat, linked)).status_code == 400
    assert codat.rows(linked, "bills") == []


def test_a_file_comes_back_with_its_id(codat: Codat, linked: Linked) -> None:
    made = pay(codat, linked, "POST", "bills", body(codat, linked)).json()["id"]
    base = f"companies/{linked.company}/connections/{linked.connection}/payables/bills/{made}/attachments"
    sent = {"file": ("SI.pdf", b"%PDF-1.7", "application/pdf")}
    answer = requests.post(f"{codat.url}/{base}", files=sent, headers=HEADERS, timeout=5)
    assert (answer.status_code, answer.json()["name"]) == (201, "SI.pdf")
    assert codat.ask("GET", base).json() == [answer.json()]
    assert codat.ask("GET", f"{base}/{answer.json()['id']}/download").content == b"%PDF-1.7"
    too_large = {"file": ("SI.pdf", b"x" * (4 * 1024 * 1024 + 1), "application/pdf")}
    assert requests.post(f"{codat.url}/{base}", files=too_large, headers=HEADERS, timeout=5).status_code == 400
