"""Documents to Demo Books and back, by exact values."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.demo import mapping
from integrations.documents import Dimension, Kind, Posted, Supplier
from integrations.errors import Misconfigured, Rejected
from integrations.exact import to_json
from tests.samples import KEY, in_dollars, sample, with_line


def payload(document: Any) -> dict[str, Any]:
    return mapping.payload(document, key=KEY, reference="P-000007")


@pytest.mark.parametrize(
    "kind,collection",
    [
        (Kind.INVOICE, "bills"),
        (Kind.CREDIT_NOTE, "credit-notes"),
        (Kind.PURCHASE_ORDER, "purchase-orders"),
        (Kind.SALES_INVOICE, "sales-invoices"),
        (Kind.SALES_CREDIT_NOTE, "sales-credit-notes"),
        (Kind.PAYMENT, "payments"),
        (Kind.REFUND, "refunds"),
    ],
)
def test_each_kind_has_its_collection(kind: Kind, collection: str) -> None:
    assert mapping.collection(kind) == collection


def test_a_kind_without_a_collection_is_refused_by_name() -> None:
    with pytest.raises(Rejected) as caught:
        mapping.collection(Kind.RECEIPT)
    assert "receipt" in caught.value.message
    assert caught.value.field == "kind"


def test_amounts_keep_every_digit() -> None:
    line = payload(with_line(sample(), 0, unit_price=Decimal("33.3333"), quantity=Decimal("1.50")))["lines"][0]
    assert to_json(line) == (
        '{"number": 1, "description": "Training room, full day", "item_code": "", "quantity": 1.50, '
        '"unit_price": 33.3333, "account_code": "5010", "tax_code": "T1", "net": 100.00, "tax": 20.00, '
        '"gross": 120.00, "analysis": []}'
    )


def test_a_credit_note_goes_out_positive() -> None:
    body = payload(sample(Kind.CREDIT_NOTE))
    assert (body["net"], body["tax"], body["gross"]) == (Decimal("150.50"), Decimal("20.00"), Decimal("170.50"))


def test_a_document_in_the_companys_currency_carries_no_base_amounts() -> None:
    body = payload(sample())
    assert body["base"] is None
    assert "base_net" not in body["lines"][0]


def test_a_foreign_document_carries_its_base_amounts() -> None:
    body = payload(in_dollars())
    expected = {"currency": "GBP", "net": Decimal("100.33"), "tax": Decimal("0.00"), "gross": Decimal("100.33")}
    assert body["base"] == expected
    assert (body["lines"][0]["base_net"], body["lines"][0]["base_tax"]) == (Decimal("100.33"), Decimal("0.00"))


@pytest.mark.parametrize("missing", ["base_net", "base_tax", "base_gross"])
def test_a_foreign_document_without_base_amounts_is_refused(missing: str) -> None:
    amounts: dict[str, Any] = {"base_net": Decimal(1), "base_tax": Decimal(0), "base_gross": Decimal(1), missing: None}
    with pytest.raises(Rejected) as caught:
        payload(sample(currency="USD", **amounts))
    assert "USD" in caught.value.message
    assert "GBP" in caught.value.message


@pytest.mark.parametrize("member,what", [("account_code", "account"), ("tax_code", "tax")], ids=["account", "tax"])
@pytest.mark.parametrize("empty", [None, ""])
def test_a_line_without_a_code_names_the_default_to_set(member: str, what: str, empty: str | None) -> None:
    with pytest.raises(Misconfigured) as caught:
        payload(with_line(sample(), 1, **{member: empty}))
    assert caught.value.message.startswith(f"Line 2 has no {what} code. Set the default {what} code")
    assert caught.value.field == f"defaults.{what}_code"


def test_an_order_is_dated_by_the_day_it_was_made() -> None:
    made = datetime(2024, 2, 27, 14, 3, 55, tzinfo=UTC)
    body = payload(sample(Kind.PURCHASE_ORDER, date=None, created_at=made, delivery_date=date(2024, 3, 20)))
    assert (body["date"], body["delivery_date"]) == ("2024-02-27", "2024-03-20")


def test_a_document_without_any_date_says_so() -> None:
    assert payload(sample(date=None, created_at=None, due_date=None))["date"] is None


def test_dimensions_and_names_go_along() -> None:
    department = Dimension(name="Department", code="TRN", label="Training Delivery")
    document = sample(dimensions=(department,), party=Supplier(code=None, name="Metro Telecom"))
    body = payload(with_line(document, 0, dimensions=(department,), item_code="VEN-D"))
    expected = [{"name": "Department", "code": "TRN", "label": "Training Delivery"}]
    assert body["analysis"] == body["lines"][0]["analysis"] == expected
    assert body["supplier"] == {"code": None, "name": "Metro Telecom"}
    assert body["lines"][0]["item_code"] == "VEN-D"


def test_our_key_and_our_number_stand_on_the_document() -> None:
    body = payload(sample())
    assert (body["external_key"], body["reference"]) == (KEY.value, "P-000007")
    assert body["document_number"] == "INV000123"


@pytest.mark.parametrize(
    "answer,expected",
    [
        (
            {
                "id": "doc_1",
                "number": "BILL-000001",
                "supplier": {"code": "CROWN01", "name": "Crown"},
                "net": Decimal("150.50"),
                "tax": 20,
                "gross": Decimal("170.50"),
                "currency": "GBP",
                "date": "2024-03-14",
            },
            Posted(
                external_id="doc_1",
                number="BILL-000001",
                supplier_code="CROWN01",
                net=Decimal("150.50"),
                tax=Decimal(20),
                gross=Decimal("170.50"),
                currency="GBP",
                date=date(2024, 3, 14),
            ),
        ),
        ({"id": "doc_1"}, Posted(external_id="doc_1", number="")),
        (
            {
                "id": "doc_1",
                "number": 7,
                "supplier": "Crown",
                "net": "150.50",
                "tax": True,
                "gross": None,
                "currency": 1,
                "date": "soon",
            },
            Posted(external_id="doc_1", number=""),
        ),
    ],
    ids=["everything", "the least", "nonsense"],
)
def test_what_is_not_told_stays_none(answer: dict[str, Any], expected: Posted) -> None:
    assert mapping.posted(answer) == expected
