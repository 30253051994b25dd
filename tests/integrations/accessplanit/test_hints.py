from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.accessplanit.connector import AccessPlanit
from integrations.base import Link
from integrations.feeds import Call, Pointer

INVOICE = Pointer(feed="invoice", external_id="invoice-10482")
GONE = Pointer(feed="invoice", external_id="invoice-10482", is_gone=True)


def hinted(body: Any = b"", method: str = "POST", **query: str) -> Pointer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return AccessPlanit().hinted(Call(method=method, query=query, body=content))


@pytest.mark.parametrize(
    "body",
    [
        {"ID": "10482", "Module": "Invoice"},
        {"id": 10482, "entity": "INVOICE"},
        {"Id": "10482", "Type": "invoice"},
        {"Invoice": {"ID": "10482", "Reference": "INV-10482"}},
        {"InvoiceID": "10482"},
        {"invoiceId": 10482.0},
        {"Module": "Invoice", "EntityID": "10482"},
        {"Module": "Invoice", "ObjectID": "10482"},
        {"Module": "Invoice", "data": {"ID": "10482"}},
        {"Event": "Created", "data": {"invoice": {"ID": "10482"}}},
        [{"ID": "10482", "Module": "Invoice"}],
        {"Module": "InvoiceItem", "ID": "55201", "InvoiceID": "10482"},
    ],
)
def test_each_shape_leads_to_the_invoice(body: Any) -> None:
    assert hinted(body) == INVOICE


@pytest.mark.parametrize(
    "body",
    [
        {"ID": "10482"},
        {"results": [{"ID": "10482"}]},
        {"data": {"ID": "10482"}},
        b"ID=10482&Reference=x",
        b'\xef\xbb\xbf{"ID": 10482}',
    ],
)
def test_the_module_may_stand_in_the_address(body: Any) -> None:
    assert hinted(body, module="invoice") == INVOICE


def test_the_body_knows_better_than_the_address() -> None:
    assert hinted({"ID": "7741", "Module": "Transaction"}, module="invoice") == Pointer(
        feed="transaction", external_id="transaction-7741"
    )


def test_a_record_that_names_an_invoice_is_not_that_invoice() -> None:
    body = {"Module": "Transaction", "ID": "7741", "InvoiceID": "10482"}
    assert hinted(body) == Pointer(feed="transaction", external_id="transaction-7741")


def test_a_link_of_a_transaction_is_a_change_of_the_transaction() -> None:
    body = {"Module": "TransactionInvoice", "ID": "9", "InvoiceID": "10482", "TransactionID": "7741"}
    assert hinted(body, "DELETE") == Pointer(feed="transaction", external_id="transaction-7741")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "GET"])
def test_any_method_is_heard(method: str) -> None:
    assert hinted({"ID": "10482", "Module": "Invoice"}, method) == INVOICE


def test_what_was_deleted_is_gone() -> None:
    assert hinted({"ID": "10482", "Module": "Invoice"}, "DELETE") == GONE
    assert hinted(b"", "DELETE", module="Invoice", id="10482") == GONE
    assert hinted({"ID": "10482", "Module": "Invoice", "Event": "InvoiceDeleted"}) == GONE


def test_names_of_modules_by_setting() -> None:
    source = AccessPlanit(Link(settings={"modules": "transaction = Payment"}))
    body = json.dumps({"Module": "Payment", "ID": 3}).encode()
    assert source.hinted(Call(method="POST", body=body)) == Pointer(feed="transaction", external_id="transaction-3")
    wrong = AccessPlanit(Link(settings={"modules": "nonsense"}))
    assert wrong.hinted(Call(method="POST", body=b'{"Invoice": {"ID": 10482}}')) == INVOICE


@pytest.mark.parametrize(
    ("body", "query", "pointer"),
    [
        (b"", {"module": "invoice"}, Pointer(feed="invoice")),
        ({"ID": "10482"}, {}, Pointer(external_id="10482")),
        ({"ID": "10482", "Module": "Course"}, {}, Pointer(external_id="10482")),
        ({"Module": "Invoice", "ID": "two words"}, {}, Pointer(feed="invoice")),
        ({"Module": "Invoice", "ID": "x" * 65}, {}, Pointer(feed="invoice")),
        ({"Module": "Invoice", "ID": True}, {}, Pointer(feed="invoice")),
        ({"Module": "Invoice", "ID": {"ID": {"ID": {"ID": {"ID": "5"}}}}}, {}, Pointer(feed="invoice")),
        (b"<html>", {}, Pointer()),
        (b"null", {}, Pointer()),
        (b"[" * 100_000, {}, Pointer()),
        (b'{"ID": "1", "x": "' + b"y" * 1_100_000 + b'"}', {"module": "invoice"}, Pointer(feed="invoice")),
        (b"\xff\xfe\x00", {}, Pointer()),
    ],
)
def test_what_it_does_not_say_is_left_open(body: Any, query: dict[str, str], pointer: Pointer) -> None:
    assert hinted(body, **query) == pointer


NAMES = st.sampled_from(["ID", "Module", "Invoice", "InvoiceID", "data", "results", "Event", "x"])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8))
BODIES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner), max_leaves=20)


@given(
    st.one_of(BODIES.map(lambda one: json.dumps(one).encode()), st.binary()), st.sampled_from(["POST", "DELETE", "?"])
)
def test_it_never_raises(body: bytes, method: str) -> None:
    found = hinted(body, method)
    assert found.feed in ("", "invoice", "transaction", "credit_note")
    assert len(found.external_id) <= 80
