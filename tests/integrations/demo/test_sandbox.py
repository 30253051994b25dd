"""The stand-in itself: what it refuses, what it remembers, what people see."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from integrations.demo.books import Books
from integrations.demo.sandbox import build
from integrations.exact import from_json, to_json
from integrations.sandbox import Store, mount

TOKEN = "demo-token-of-the-tests"
API = "/api/companies/harbour-street"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    store = Store("demo", tmp_path)
    yield store
    store.close()


@pytest.fixture
def client(state: Store) -> Client:
    return Client(build(state))


def line(**changes: Any) -> dict[str, Any]:
    amounts = {"net": Decimal("10.00"), "tax": Decimal("2.00"), "gross": Decimal("12.00")}
    return {"number": 1, "description": "Pens", "account_code": "7504", "tax_code": "T1", **amounts, **changes}


def bill(**changes: Any) -> dict[str, Any]:
    return {
        "external_key": "key-1",
        "reference": "P-000001",
        "supplier": {"code": "CROWN01", "name": "Crown Conference Centre"},
        "date": "2024-03-14",
        "currency": "GBP",
        "net": Decimal("10.00"),
        "tax": Decimal("2.00"),
        "gross": Decimal("12.00"),
        "lines": [line()],
        **changes,
    }


def post(client: Client, body: object, *, to: str = "bills", key: str = "", token: str = TOKEN) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
    return client.post(f"{API}/{to}", data=body if isinstance(body, bytes) else to_json(body), headers=headers)


def get(client: Client, path: str = "") -> Any:
    return from_json(client.get(API + path, headers={"Authorization": f"Bearer {TOKEN}"}).text)


def test_a_new_document_is_told_as_it_was_booked(client: Client) -> None:
    response = post(client, bill(net=Decimal("10.000"), gross=Decimal("12.000")), key="k")
    booked = from_json(response.text)
    assert (response.status_code, response.mimetype) == (201, "application/json")
    assert (booked["number"], booked["kind"], booked["supplier"]["code"]) == ("BILL-000001", "bill", "CROWN01")
    assert (str(booked["net"]), booked["currency"], booked["date"]) == ("10.000", "GBP", "2024-03-14")
    assert (booked["reference"], booked["external_key"]) == ("P-000001", "key-1")
    assert booked["id"].startswith("doc_")


def test_a_key_gives_the_same_document_for_ever(client: Client, state: Store) -> None:
    first = post(client, bill(), key="k")
    again = post(Client(build(state)), bill(), key="k")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.text == again.text


def test_a_key_with_another_body_or_kind_is_a_conflict(client: Client) -> None:
    post(client, bill(), key="k")
    for response in (post(client, bill(reference="P-2"), key="k"), post(client, bill(), to="credit-notes", key="k")):
        assert response.status_code == 409
        assert from_json(response.text)["error"]["code"] == "idempotency_conflict"
    assert len(get(client, "/documents")["documents"]) == 1


def test_without_a_key_every_post_is_a_document(client: Client) -> None:
    assert [from_json(post(client, bill()).text)["number"] for _ in range(2)] == ["BILL-000001", "BILL-000002"]
    assert len(get(client, "/documents?external_key=key-1")["documents"]) == 2


def test_a_refused_document_uses_up_no_number(client: Client) -> None:
    assert post(client, bill(lines=[line(account_code="9999")]), key="k").status_code == 422
    assert from_json(post(client, bill(), key="k").text)["number"] == "BILL-000001"


@pytest.mark.parametrize(
    "changes,code,field,words",
    [
        ({"supplier": None}, "missing", "supplier.name", "supplier"),
        ({"supplier": {"code": "X", "name": " "}}, "missing", "supplier.name", "supplier"),
        ({"supplier": {"code": 7, "name": "X"}}, "invalid", "supplier.code", "supplier"),
        ({"date": None}, "missing", "date", "date"),
        ({"date": "14/03/2024"}, "missing", "date", "date"),
        ({"date": 20240314}, "missing", "date", "date"),
        ({"currency": "XXZ"}, "unknown_currency", "currency", "XXZ"),
        ({"currency": ["GBP"]}, "unknown_currency", "currency", "currency"),
        ({"currency": "USD"}, "base_amounts_missing", "base", "GBP"),
        ({"base": {"currency": "EUR"}}, "wrong_base_currency", "base.currency", "GBP"),
        ({"base": {"currency": "GBP", "net": 1}}, "invalid", "base.tax", "tax"),
        ({"net": "10.00"}, "invalid", "net", "net"),
        ({"net": True}, "invalid", "net", "net"),
        ({"gross": Decimal("12.01")}, "amounts_disagree", "gross", "gross"),
        ({"lines": []}, "missing", "lines", "lines"),
        ({"lines": ["x"]}, "missing", "lines", "lines"),
        (
            {"lines": [line(), line(number=9, account_code="9999")]},
            "unknown_account",
            "lines[1].account_code",
            "line 9",
        ),
        ({"lines": [line(account_code=None)]}, "unknown_account", "lines[0].account_code", "line 1"),
        ({"lines": [line(account_code=["7504"])]}, "unknown_account", "lines[0].account_code", "line 1"),
        ({"lines": [line(tax_code="T77")]}, "unknown_tax_code", "lines[0].tax_code", "T77 on line 1"),
        ({"lines": [line(tax=None)]}, "invalid", "lines[0].tax", "Line 1"),
        ({"lines": [line(tax=Decimal(3))]}, "amounts_disagree", "lines[0].gross", "Line 1"),
        ({"lines": [line(), line()]}, "amounts_disagree", "net", "net"),
    ],
)
def test_what_cannot_be_booked_is_refused_by_code_and_field(
    client: Client, changes: dict[str, Any], code: str, field: str, words: str
) -> None:
    response = post(client, bill(**changes))
    error = from_json(response.text)["error"]
    assert (response.status_code, error["code"], error["field"]) == (422, code, field)
    assert words in error["message"]
    assert get(client, "/documents")["documents"] == []


def test_a_credit_note_is_given_positive(client: Client) -> None:
    minus = {"net": Decimal("-10.00"), "tax": Decimal("-2.00"), "gross": Decimal("-12.00")}
    response = post(client, bill(lines=[line(**minus)], **minus), to="credit-notes")
    assert from_json(response.text)["error"]["code"] == "negative_total"
    assert from_json(post(client, bill(), to="credit-notes").text)["number"] == "CN-000001"


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(client: Client, body: bytes) -> None:
    response = post(client, body)
    assert (response.status_code, from_json(response.text)["error"]["code"]) == (400, "bad_request")


def test_only_the_token_opens_the_interface(client: Client) -> None:
    for token in ("", "wrong", TOKEN + "x", "caf\xe9"):
        response = post(client, bill(), token=token)
        assert (response.status_code, from_json(response.text)["error"]["code"]) == (401, "unauthorised")
    assert client.get(API).status_code == 401
    assert get(client) == {"id": "harbour-street", "name": "Harbour Street Studios Ltd", "currency": "GBP"}


def test_it_takes_no_receipts(client: Client) -> None:
    response = post(client, bill(), to="receipts")
    assert (response.status_code, from_json(response.text)["error"]["code"]) == (404, "not_found")


def test_companies_are_kept_apart(client: Client, state: Store) -> None:
    with state.transaction() as database:
        database.execute("INSERT INTO company VALUES ('mill-lane', 'Mill Lane Print Ltd', 'EUR')")
    post(client, bill(), key="k")
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "k"}
    other = client.post("/api/companies/mill-lane/bills", data=to_json(bill(currency="EUR")), headers=headers)
    assert (other.status_code, from_json(other.text)["number"]) == (201, "BILL-000001")
    assert len(get(client, "/documents")["documents"]) == 1


def test_suppliers_are_made_on_first_sight_and_owed_what_was_booked(client: Client, state: Store) -> None:
    post(client, bill())
    post(client, bill(supplier={"code": None, "name": "Metro Telecom"}))
    post(client, bill(supplier={"code": None, "name": "METRO telecom "}), to="credit-notes")
    post(client, bill(supplier={"name": "Metro Telecom Two"}), to="purchase-orders")
    assert [(one["id"], one["code"], one["name"]) for one in get(client, "/suppliers")["suppliers"]] == [
        ("1", "CROWN01", "Crown Conference Centre"),
        ("2", "METRO01", "Metro Telecom"),
        ("3", "METRO02", "Metro Telecom Two"),
    ]
    assert Books(state).owed("harbour-street") == {
        "CROWN01": Decimal("12.00"),
        "METRO01": Decimal("0.00"),
        "METRO02": Decimal(0),
    }


def test_the_codes_can_be_read(client: Client) -> None:
    assert {"5000", "5010", "7502", "7504", "7506", "7601", "7602"} <= {
        one["code"] for one in get(client, "/accounts")["accounts"]
    }
    assert [one["code"] for one in get(client, "/tax-codes")["tax_codes"]] == ["T0", "T1", "T2", "T5", "T9"]


def test_people_see_the_books(client: Client) -> None:
    assert "Nothing has been posted yet." in client.get("/").text
    hostile = {"code": "EVIL01", "name": "<script>alert(1)</script>"}
    booked = from_json(post(client, bill(supplier=hostile), to="credit-notes").text)
    page = client.get("/")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "CN-000001" in page.text
    assert "\N{MINUS SIGN}12.00" in page.text
    assert "P-000001" in page.text
    assert "<script" not in page.text
    detail = client.get(f"/documents/{booked['id']}")
    assert "7504 Office Stationery" in detail.text
    assert "\N{MINUS SIGN}12.00" in detail.text
    assert "<script" not in detail.text
    assert (client.get("/documents/nothing").status_code, client.get("/nothing").status_code) == (404, 404)


def test_pages_link_within_their_mount(state: Store) -> None:
    client = Client(mount({"demo": build(state)}))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    booked = from_json(client.post(f"/demo{API}/bills", data=to_json(bill()), headers=headers).text)
    assert f'href="/demo/documents/{booked["id"]}"' in client.get("/demo/").text
    assert client.get("/demo").headers["Location"].endswith("/demo/")


def test_latency_is_waited_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    app = build(Store("demo", latency_ms=300))
    started = time.monotonic()
    threads = [threading.Thread(target=get, args=(Client(app),)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.3 <= time.monotonic() - started < 15


def test_a_latency_beyond_the_quiet_period_is_refused() -> None:
    with pytest.raises(ValueError, match="2000 ms"):
        build(Store("demo", latency_ms=2001))
