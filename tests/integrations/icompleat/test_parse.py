from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.content import content_hash
from integrations.documents import Dimension, Document, Kind, Line, Supplier
from integrations.icompleat.samples import NAMES, sample
from tests.integrations.icompleat.bodies import lower_first, parse, put, taking, transaction

D = Decimal
TRAINING = (Dimension(name="Department", code="TRN", label="Training Delivery"),)
IT = (Dimension(name="Department", code="IT", label="Information Technology"),)
COURSE = Dimension(name="Course Code", code="PM-2610", label="PM-2610 - Project Management October")
LONDON = Dimension(name="Delivery Site", code="LON", label="London")
CROWN = Supplier(code="CROWN01", name="Crown Conference Centre")

ROOM = Line(
    number=1,
    description="Training room, full day",
    net=D(735),
    tax=D(147),
    gross=D(882),
    quantity=D(3),
    unit_price=D(245),
    item_code="VEN-D",
    external_id="401d5e04-3d42-54e3-9914-ecd53c9c2cfe",
    account_code="5010",
    tax_code="T1",
    base_net=D(735),
    base_tax=D(147),
    dimensions=TRAINING,
)


def refreshments(number: int, external_id: str, quantity: str, net: str, tax: str, gross: str, text: str) -> Line:
    return Line(
        number=number,
        description=text,
        net=D(net),
        tax=D(tax),
        gross=D(gross),
        quantity=D(quantity),
        unit_price=D("7.95"),
        item_code="REF-01",
        external_id=external_id,
        account_code="5010",
        tax_code="T1",
        base_net=D(net),
        base_tax=D(tax),
        dimensions=TRAINING,
    )


ORDER = Document(
    kind=Kind.PURCHASE_ORDER,
    source="icompleat",
    external_id="eba8b351-7149-5ce4-9bf6-2f9ff66aaef9",
    identity="eba8b351-7149-5ce4-9bf6-2f9ff66aaef9",
    number="REQ000041",
    order_number="ORD000056",
    supplier_reference="",
    title="Venue for October cohort",
    party=CROWN,
    currency="GBP",
    base_currency="GBP",
    net=D("989.4"),
    tax=D("197.88"),
    gross=D("1187.28"),
    base_net=D("989.4"),
    base_tax=D("197.88"),
    base_gross=D("1187.28"),
    date=None,
    due_date=None,
    delivery_date=date(2026, 10, 20),
    created_at=datetime(2026, 9, 27, 14, 3, 55, 337000, tzinfo=UTC),
    dimensions=(LONDON, COURSE),
    lines=(
        ROOM,
        refreshments(
            2, "43cd105c-dbb8-5273-804c-3c5975340030", "32", "254.4", "50.88", "305.28", "Refreshments per delegate"
        ),
    ),
)

RECEIPT = Document(
    kind=Kind.RECEIPT,
    source="icompleat",
    external_id="06895903-d1f7-50cf-9477-97c39a18078f",
    identity="",
    number="REQ000041",
    order_number="ORD000056",
    supplier_reference="DN-99812",
    title="Venue for October cohort",
    party=CROWN,
    currency="GBP",
    base_currency="GBP",
    net=D("957.6"),
    tax=D("191.52"),
    gross=D("1149.12"),
    base_net=D("957.6"),
    base_tax=D("191.52"),
    base_gross=D("1149.12"),
    date=date(2026, 10, 20),
    delivery_date=date(2026, 10, 20),
    created_at=datetime(2026, 10, 20, 16, 40, tzinfo=UTC),
    dimensions=(LONDON,),
    lines=(
        ROOM,
        refreshments(
            2, "43cd105c-dbb8-5273-804c-3c5975340030", "28", "222.6", "44.52", "267.12", "Refreshments per delegate"
        ),
    ),
)

INVOICE = Document(
    kind=Kind.INVOICE,
    source="icompleat",
    external_id="108a6af2-890c-5487-9802-4708897d9888",
    identity="108a6af2-890c-5487-9802-4708897d9888",
    number="INV000123",
    order_number="ORD000056",
    supplier_reference="SI-48213",
    title="Venue hire and refreshments, October cohort",
    party=CROWN,
    currency="GBP",
    base_currency="GBP",
    net=D("1174.2"),
    tax=D("204.24"),
    gross=D("1378.44"),
    base_net=D("1174.2"),
    base_tax=D("204.24"),
    base_gross=D("1378.44"),
    date=date(2026, 10, 14),
    due_date=date(2026, 11, 13),
    delivery_date=date(2026, 10, 20),
    created_at=datetime(2026, 10, 15, 10, 22, 41, 90000, tzinfo=UTC),
    dimensions=(COURSE,),
    lines=(
        Line(
            number=1,
            description="Training room, full day",
            net=D(735),
            tax=D(147),
            gross=D(882),
            quantity=D(3),
            unit_price=D(245),
            item_code="VEN-D",
            external_id="fdd0069f-2a25-5642-9ea6-858d17e1a4ce",
            account_code="5010",
            tax_code="T1",
            base_net=D(735),
            base_tax=D(147),
            dimensions=TRAINING,
        ),
        refreshments(
            2, "a804b41c-8ebb-55b5-9cde-5492fabc2ad2", "36", "286.2", "57.24", "343.44", "Refreshments per delegate"
        ),
        Line(
            number=3,
            description="Printed course manuals",
            net=D(153),
            tax=D(0),
            gross=D(153),
            quantity=D(36),
            unit_price=D("4.25"),
            external_id="d20ac471-115f-5f27-9833-fabc8588659f",
            account_code="7504",
            tax_code="T0",
            base_net=D(153),
            base_tax=D(0),
            dimensions=(Dimension(name="Department", code="ADM", label="Administration"),),
        ),
    ),
)

INVOICE_USD = Document(
    kind=Kind.INVOICE,
    source="icompleat",
    external_id="45830e3a-34d5-573b-9fa0-f1050390f039",
    identity="45830e3a-34d5-573b-9fa0-f1050390f039",
    number="INV000124",
    supplier_reference="INV-US-7781",
    title="Licence renewal, authoring tool",
    party=Supplier(code="LAKES01", name="Lakeside Learning Inc"),
    currency="USD",
    base_currency="GBP",
    net=D("1337.25"),
    tax=D(0),
    gross=D("1337.25"),
    base_net=D("1113.45"),
    base_tax=D(0),
    base_gross=D("1113.45"),
    date=date(2026, 10, 16),
    due_date=date(2026, 11, 15),
    created_at=datetime(2026, 10, 18, 9, 12, tzinfo=UTC),
    lines=(
        Line(
            number=1,
            description="Authoring tool, annual licence",
            net=D(1200),
            tax=D(0),
            gross=D(1200),
            quantity=D(25),
            unit_price=D(48),
            item_code="LIC-25",
            external_id="5f12461f-4e9d-5b37-a12d-27e1956a6fbb",
            account_code="7506",
            tax_code="T0",
            base_net=D("999.17"),
            base_tax=D(0),
            dimensions=IT,
        ),
        Line(
            number=2,
            description="Premium support, pro rata",
            net=D("137.25"),
            tax=D(0),
            gross=D("137.25"),
            quantity=D(1),
            unit_price=D("137.25"),
            item_code="SUP-P",
            external_id="a51b9733-33be-5ef8-8397-0387b5e7d6aa",
            account_code="7506",
            tax_code="T0",
            base_net=D("114.28"),
            base_tax=D(0),
            dimensions=IT,
        ),
    ),
)

CREDIT_NOTE = Document(
    kind=Kind.CREDIT_NOTE,
    source="icompleat",
    external_id="811de8ca-15ff-5911-8d4e-04448e837299",
    identity="811de8ca-15ff-5911-8d4e-04448e837299",
    number="CRN000009",
    supplier_reference="SC-48239",
    title="Credit for unused refreshments",
    party=CROWN,
    currency="GBP",
    base_currency="GBP",
    net=D("31.8"),
    tax=D("6.36"),
    gross=D("38.16"),
    base_net=D("31.8"),
    base_tax=D("6.36"),
    base_gross=D("38.16"),
    date=date(2026, 10, 21),
    due_date=date(2026, 11, 20),
    created_at=datetime(2026, 10, 22, 8, 5, 10, 512000, tzinfo=UTC),
    dimensions=(COURSE,),
    lines=(
        refreshments(
            1, "2077ebaf-f5cc-5e83-9285-7d2428631d71", "4", "31.8", "6.36", "38.16", "Refreshments not supplied"
        ),
    ),
)

MINIMAL = Document(
    kind=Kind.INVOICE,
    source="icompleat",
    external_id="32666c04-f657-55c5-85cf-2ebf1535b731",
    identity="32666c04-f657-55c5-85cf-2ebf1535b731",
    number="INV000125",
    supplier_reference="9931",
    title="Line rental",
    party=Supplier(code=None, name="Metro Telecom"),
    currency="GBP",
    base_currency="GBP",
    net=D(30),
    tax=D(6),
    gross=D(36),
    date=date(2026, 10, 18),
    created_at=datetime(2026, 10, 19, 11, 0, tzinfo=UTC),
    lines=(
        Line(
            number=1,
            description="Line rental",
            net=D(30),
            tax=D(6),
            gross=D(36),
            quantity=None,
            unit_price=D(30),
            external_id="f1b9c64c-fadd-5cd4-98b5-4214cb6bbd36",
            account_code=None,
            tax_code=None,
        ),
    ),
)

DOCUMENTS = {
    "purchase-order": ORDER,
    "invoice": INVOICE,
    "invoice-usd": INVOICE_USD,
    "credit-note": CREDIT_NOTE,
    "invoice-minimal": MINIMAL,
}


def with_hash(document: Document) -> Document:
    return replace(document, identity=f"{document.external_id}:{content_hash(document)}")


DOCUMENTS["receipt"] = with_hash(RECEIPT)

WRITTEN: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "as Transaction": lambda bare: {"Transaction": bare, "MetaData": {"Version": 1}},
    "bare": lambda bare: bare,
    "as the only one of Transactions": lambda bare: {"Transactions": [bare], "PageNumber": 1, "Count": 1},
    "as transaction in lower case": lambda bare: lower_first({"Transaction": bare}),
    "bare in lower case": lower_first,
    "as transactions in lower case": lambda bare: lower_first({"Transactions": [bare]}),
    "wrapper alone in lower case": lambda bare: {"transaction": bare},
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_sample_in_every_wrapping_is_the_same_document(name: str, written: str) -> None:
    assert parse(WRITTEN[written](transaction(name))) == DOCUMENTS[name]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_kind_may_come_from_the_endpoint_alone(name: str) -> None:
    kind = DOCUMENTS[name].kind
    assert parse(transaction(name, put("Type", ...)), taking(kind)) == DOCUMENTS[name]


def test_the_unknown_account_comes_through_as_it_was_written() -> None:
    document = parse(sample("invoice-unknown-account"))
    assert [line.account_code for line in document.lines] == ["7502", "9999"]
    assert (document.net, document.tax, document.gross) == (D(100), D(20), D(120))
    assert (document.date, document.due_date) == (date(2026, 10, 19), date(2026, 11, 18))
    assert document.created_at == datetime(2026, 10, 20, 9, 30, 12, 250000, tzinfo=UTC)


def test_all_samples_are_tested() -> None:
    assert set(NAMES) == {*DOCUMENTS, "invoice-unknown-account"}
