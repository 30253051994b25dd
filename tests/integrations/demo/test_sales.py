"""What is sold, in the stand-in: what settles what, what it refuses, what people see and record by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from integrations.demo import selling
from integrations.demo.books import Books
from integrations.demo.connector import DemoBooks
from integrations.demo.sandbox import build
from integrations.documents import Allocation, Customer, IdempotencyKey, Kind
from integrations.errors import Rejected, Retryable
from integrations.exact import from_json, to_json
from integrations.sandbox import Server, Store, mount
from tests.contract.sales import for_invoice
from tests.integrations.demo.test_connector import link
from tests.integrations.demo.test_sandbox import API, TOKEN, get, line, post
from tests.samples import KEY, sale, settling

CONTROL = "/control/companies/harbour-street"
HARBOUR = {"code": "HARB01", "name": "Harbour Logistics Ltd", "town": "Hull"}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    store = Store("demo", tmp_path)
    yield store
    store.close()


@pytest.fixture
def client(state: Store) -> Client:
    return Client(build(state))


def sold(**changes: Any) -> dict[str, Any]:
    return {
        "external_key": "key-1",
        "document_number": "INV-0117",
        "customer": HARBOUR,
        "date": "2024-03-14",
        "currency": "GBP",
        "net": Decimal("10.00"),
        "tax": Decimal("2.00"),
        "gross": Decimal("12.00"),
        "lines": [line(account_code="4000")],
        **changes,
    }


def money(amount: str, *settles: tuple[str, str], **changes: Any) -> dict[str, Any]:
    amounts = {"net": Decimal(amount), "tax": Decimal(0), "gross": Decimal(amount)}
    lines = [{"number": 1, "description": "BACS", "account_code": "1200", **amounts}]
    allocations = [{"document_id": one, "amount": Decimal(part)} for one, part in settles]
    return sold(document_number="", **amounts, lines=lines, allocations=allocations, **changes)


def booked(client: Client, to: str, body: object) -> dict[str, Any]:
    response = post(client, body, to=to)
    assert response.status_code == 201, response.text
    told: dict[str, Any] = from_json(response.text)
    return told


def refused(client: Client, to: str, body: object) -> tuple[str, str, str]:
    response = post(client, body, to=to)
    error = from_json(response.text)["error"]
    assert response.status_code == 422
    return error["code"], error["field"], error["message"]


def left(state: Store, document: dict[str, Any]) -> Decimal:
    return Books(state).open_and_settled(document)[0]


def test_each_kind_has_numbers_of_its_own_and_a_customer(client: Client) -> None:
    numbers = [
        booked(client, to, sold() if to.startswith("sales") else money("12.00"))["number"]
        for to in ("sales-invoices", "sales-credit-notes", "payments", "refunds")
    ]
    assert numbers == ["INV-000001", "SCN-000001", "PAY-000001", "REF-000001"]
    assert get(client, "/customers")["customers"] == [{"id": "1", **HARBOUR, "active": True}]
    assert get(client, "/suppliers")["suppliers"] == []


def test_a_customer_is_no_supplier(client: Client, state: Store) -> None:
    booked(client, "sales-invoices", sold())
    assert Books(state).owed("harbour-street") == {}
    assert Books(state).owed("harbour-street", "customer") == {"HARB01": Decimal("12.00")}


def test_a_payment_settles_in_parts_and_tells_what(client: Client, state: Store) -> None:
    first, second = (booked(client, "sales-invoices", sold(document_number=one)) for one in ("INV-1", "INV-2"))
    paid = booked(client, "payments", money("20.00", (first["id"], "12.00"), (second["id"], "5.00")))
    assert paid["allocations"] == [
        {"document_id": first["id"], "kind": "sales_invoice", "number": "INV-1", "amount": Decimal("12.00")},
        {"document_id": second["id"], "kind": "sales_invoice", "number": "INV-2", "amount": Decimal("5.00")},
    ]
    assert [left(state, one) for one in (first, second, paid)] == [0, Decimal("7.00"), Decimal("3.00")]


def test_a_credit_note_settles_and_a_refund_takes_the_rest(client: Client, state: Store) -> None:
    invoice = booked(client, "sales-invoices", sold())
    part = [{"document_id": invoice["id"], "amount": Decimal("4.00")}]
    credit = booked(client, "sales-credit-notes", sold(allocations=part))
    assert [left(state, one) for one in (invoice, credit)] == [8, 8]
    assert refused(client, "refunds", money("9.00", (credit["id"], "9.00")))[0] == "not_open"
    booked(client, "refunds", money("8.00", (credit["id"], "8.00")))
    assert left(state, credit) == 0


def test_a_refund_takes_back_what_was_paid_on_an_invoice(client: Client, state: Store) -> None:
    invoice = booked(client, "sales-invoices", sold())
    assert refused(client, "refunds", money("1.00", (invoice["id"], "1.00")))[0] == "not_open"
    booked(client, "payments", money("12.00", (invoice["id"], "12.00")))
    booked(client, "refunds", money("5.00", (invoice["id"], "5.00")))
    assert left(state, invoice) == Decimal("5.00")


def test_what_cannot_be_settled_is_refused_and_nothing_is_written(client: Client, state: Store) -> None:
    invoice = booked(client, "sales-invoices", sold())
    bill = booked(client, "bills", {**sold(), "supplier": {"code": "C", "name": "Crown"}})
    whose = {"code": "OTHER", "name": "Other Ltd"}
    for to, body, code in (
        ("payments", money("12.01", (invoice["id"], "12.01")), "not_open"),
        ("payments", money("13.00", (invoice["id"], "6.00"), (invoice["id"], "7.00")), "not_open"),
        ("payments", money("5.00", (invoice["id"], "6.00")), "not_open"),
        ("payments", money("5.00", (invoice["id"], "0.00")), "invalid"),
        ("payments", money("5.00", ("doc_0", "5.00")), "unknown_document"),
        ("payments", money("5.00", (bill["id"], "5.00")), "cannot_settle"),
        ("payments", money("5.00", (invoice["id"], "5.00")) | {"customer": whose}, "cannot_settle"),
        ("payments", money("5.00") | {"allocations": ["x"]}, "invalid"),
        ("payments", money("5.00") | {"allocations": [{"document_id": invoice["id"], "amount": "5.00"}]}, "invalid"),
        ("sales-invoices", sold(allocations=[{"document_id": invoice["id"], "amount": 1}]), "cannot_settle"),
    ):
        told, field, message = refused(client, to, body)
        assert (told, field.startswith("allocations"), bool(message)) == (code, True, True)
    assert len(get(client, "/documents")["documents"]) == 2
    assert [one["code"] for one in get(client, "/customers")["customers"]] == ["HARB01"]
    assert left(state, invoice) == Decimal("12.00")


@pytest.mark.parametrize(
    ("to", "changes", "code", "field"),
    [
        ("payments", {"tax": Decimal(1), "gross": Decimal(11)}, "invalid", "tax"),
        ("payments", {"net": Decimal(-10), "gross": Decimal(-10)}, "negative_total", "gross"),
        ("refunds", {"net": Decimal(-10), "gross": Decimal(-10)}, "negative_total", "gross"),
        ("refunds", {"customer": None}, "missing", "customer.name"),
        ("payments", {"customer": {"code": 7, "name": "X"}}, "invalid", "customer.code"),
        ("payments", {"lines": [{"number": 1, "account_code": "9999"}]}, "unknown_account", "lines[0].account_code"),
    ],
)
def test_what_is_no_payment_is_refused_by_field(
    client: Client, to: str, changes: dict[str, Any], code: str, field: str
) -> None:
    assert refused(client, to, money("10.00") | changes)[:2] == (code, field)


def test_a_sale_needs_its_tax_codes(client: Client) -> None:
    told = refused(client, "sales-invoices", sold(lines=[line(account_code="4000", tax_code=None)]))
    assert told[:2] == ("unknown_tax_code", "lines[0].tax_code")


def test_people_see_what_is_owed_and_record_a_payment(client: Client, state: Store) -> None:
    invoice = booked(client, "sales-invoices", sold(customer={"code": "EVIL", "name": "<script>x</script>"}))
    page = client.get("/").text
    assert "What customers owe" in page
    detail = client.get(f"/documents/{invoice['id']}").text
    assert "Open: 12.00 GBP." in detail
    assert "Record a payment" in detail
    assert "<script" not in page + detail
    answer = client.post(f"{CONTROL}/pay", data={"document_id": invoice["id"], "amount": "5.00"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/documents/{invoice['id']}")
    detail = client.get(f"/documents/{invoice['id']}").text
    assert "Settled by" in detail
    assert "PAY-000001" in detail
    assert "Open: 7.00 GBP." in detail
    (told,) = get(client, "/settlements?booked_since=2026-01-01T00:00:00Z")["settlements"]
    assert (told["kind"], told["gross"], told.get("external_key")) == ("payment", Decimal("5.00"), None)
    assert "Settles" in client.get(f"/documents/{told['id']}").text
    assert Books(state).owed("harbour-street", "customer") == {"EVIL": Decimal("7.00")}


def test_a_credit_note_is_paid_out_by_hand(client: Client, state: Store) -> None:
    credit = booked(client, "sales-credit-notes", sold())
    body = to_json({"document_id": credit["id"], "amount": Decimal("12.00")})
    paid = client.post(f"{CONTROL}/pay", data=body, content_type="application/json")
    assert (paid.status_code, from_json(paid.text)["number"]) == (201, "REF-000001")
    assert left(state, credit) == 0
    again = client.post(f"{CONTROL}/pay", data=body, content_type="application/json")
    assert (again.status_code, from_json(again.text)["error"]["code"]) == (422, "not_open")


def test_a_foreign_invoice_is_paid_by_hand_at_its_own_rate(client: Client, state: Store) -> None:
    base = {"currency": "GBP", "net": Decimal("9.00"), "tax": Decimal("0.60"), "gross": Decimal("9.60")}
    invoice = booked(client, "sales-invoices", sold(currency="USD", base=base))
    paid = Books(state).pay("harbour-street", invoice["id"], Decimal("6.00"))
    assert (paid["currency"], paid["base"]["gross"]) == ("USD", Decimal("4.80"))


@pytest.mark.parametrize("document_id", ["doc_0", "", None])
def test_what_is_not_there_cannot_be_paid(client: Client, document_id: object) -> None:
    body = to_json({"document_id": document_id, "amount": 1})
    answer = client.post(f"{CONTROL}/pay", data=body, content_type="application/json")
    assert (answer.status_code, from_json(answer.text)["error"]["code"]) == (422, "unknown_document")


def test_settlements_want_a_moment(client: Client) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = client.get(f"{API}/settlements", headers=headers)
    assert (answer.status_code, from_json(answer.text)["error"]["field"]) == (422, "booked_since")


def test_a_state_from_before_gets_what_sales_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    get(Client(build(Store("demo", tmp_path))), "/accounts")
    with sqlite3.connect(tmp_path / "demo.sqlite3") as database:
        database.execute("DELETE FROM record WHERE code IN ('1200', '4000', '4020')")
        database.execute("UPDATE record SET active = 0 WHERE code = '7901'")
    database.close()
    for _ in range(2):
        rows = get(Client(build(Store("demo", tmp_path))), "/accounts")["accounts"]
        assert [one["code"] for one in rows][-4:] == ["7901", "1200", "4000", "4020"]


def test_all_that_goes_to_an_invoice_is_told_before_more_is_sent(state: Store) -> None:
    """One of ours, one by hand; not the credit note, and nothing of another invoice."""
    with Server(mount({"demo": build(state)})) as server:
        system = DemoBooks(link(f"{server.url}/demo"))
        first, second = (
            system.post(sale(number=one), key=IdempotencyKey(one), reference="P-1") for one in ("INV-1", "INV-2")
        )
        for kind, key, invoice in ((Kind.PAYMENT, "a", first), (Kind.SALES_CREDIT_NOTE, "b", first),
                                   (Kind.PAYMENT, "c", second)):  # fmt: skip
            system.post(for_invoice(sale(kind), invoice, "50.00"), key=IdempotencyKey(key), reference="P-2")
        by_hand = Books(state).pay("harbour-street", first.external_id, Decimal("7.00"))
        payment = for_invoice(sale(Kind.PAYMENT), first, "10.00")
        told = system.settlements_of(payment)
        assert [(one.key, one.document.gross) for one in told] == [("a", Decimal("170.50")), ("", Decimal("7.00"))]
        assert told[1].document.external_id == by_hand["id"]
        assert [each.amount for one in told for each in one.document.allocations] == [Decimal("50.00"), Decimal("7.00")]
        with pytest.raises(Rejected):
            system.settlements_of(replace(payment, allocations=settling("1.00", "doc_0")))


# --- the connector's side --------------------------------------------------------------------------------------------


def test_what_is_settled_goes_out_by_its_id() -> None:
    document = sale(Kind.PAYMENT, allocations=settling("85.25", "doc_1", "doc_2"))
    body = selling.payload(document, key=KEY, reference="P-000007")
    assert body["allocations"] == [
        {"document_id": "doc_1", "amount": Decimal("85.25")},
        {"document_id": "doc_2", "amount": Decimal("85.25")},
    ]
    with pytest.raises(Rejected) as caught:
        selling.payload(sale(Kind.PAYMENT, allocations=settling("1.00", "doc_1", "")), key=KEY, reference="P")
    assert (caught.value.field, "INV-2024-0002" in caught.value.message) == ("allocations[1]", True)


def test_a_payment_is_told_with_all_that_is_known() -> None:
    told = {
        "id": "doc_9",
        "number": "PAY-000001",
        "kind": "payment",
        "external_key": KEY.value,
        "customer": {"code": "HARB01", "name": "Harbour Logistics Ltd"},
        "currency": "USD",
        "gross": Decimal("12.00"),
        "base": {"currency": "GBP", "gross": Decimal("9.60")},
        "date": "2024-03-14",
        "booked_at": "2026-11-20T12:00:00.000+00:00",
        "lines": [{"number": 1, "description": "BACS", "account_code": "1200", "net": Decimal("12.00")}],
        "allocations": [
            {"document_id": "doc_1", "kind": "sales_invoice", "number": "INV-1", "amount": Decimal("5.00")}
        ],
    }
    one = selling.settled(told, "GBP")
    assert (one.key, one.written_at) == (KEY.value, datetime(2026, 11, 20, 12, tzinfo=UTC))
    document = one.document
    assert (document.source, document.external_id, document.number) == ("demo", "doc_9", "PAY-000001")
    assert document.party == Customer(code="HARB01", name="Harbour Logistics Ltd")
    assert (document.gross, document.base_gross, document.currency) == (Decimal("12.00"), Decimal("9.60"), "USD")
    assert [(each.account_code, each.net) for each in document.lines] == [("1200", Decimal("12.00"))]
    assert document.allocations == (
        Allocation(
            kind=Kind.SALES_INVOICE, external_id="doc_1", amount=Decimal("5.00"), number="INV-1", posted_as="doc_1"
        ),
    )


@pytest.mark.parametrize("changes", [{"kind": "bill"}, {"booked_at": "soon"}, {"booked_at": None}])
def test_what_cannot_be_read_is_not_passed_over(changes: dict[str, Any]) -> None:
    told = {"id": "doc_9", "kind": "payment", "booked_at": "2026-11-20T12:00:00Z", **changes}
    with pytest.raises(Retryable):
        selling.settled(told, "GBP")
