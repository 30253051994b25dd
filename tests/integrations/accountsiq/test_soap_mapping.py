"""Documents to what goes out over SOAP, and back: tables of exact values."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ET
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from integrations.accountsiq.soap import mapping, orders
from integrations.accountsiq.soap.answers import Told
from integrations.accountsiq.soap.mapping import Names
from integrations.accountsiq.soap.records import tax_fraction
from integrations.documents import Dimension, Document, Kind, Posted, Written
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected
from tests.integrations.accountsiq.soap_script import NAMESPACE
from tests.samples import KEY, REFERENCE, in_dollars, sample, with_line

NAMES = Names(party="CROWN01", tax_rates={"T0": Decimal(0), "T1": Decimal("0.2")}, exchange_rate=Decimal(1))


def told(xml: str) -> Told:
    return Told(ET.fromstring(f'<Row xmlns="{NAMESPACE}">{xml}</Row>'))  # noqa: S314 - our own


def members(document: Document) -> dict[str, Any]:
    """The members of the one part of a batch."""
    ((_, inside),) = mapping.batch(document, NAMES, key=KEY, reference=REFERENCE)
    return dict(inside)  # type: ignore[arg-type]


def lines(document: Document) -> list[dict[str, Any]]:
    return [dict(line) for _, line in members(document)["Lines"]]


# --- out -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes,text",
    [
        ({}, "P-000001 SI-48213, INV000123, order ORD000056, Venue hire, March cohort"),
        ({"supplier_reference": "", "order_number": " ", "title": "\t"}, "P-000001 INV000123"),
        ({"supplier_reference": "", "number": "", "order_number": "", "title": ""}, "P-000001"),
        ({"title": "a\r\nb\x07c " * 300}, None),
    ],
)
def test_the_description_tells_our_number_and_then_the_suppliers(changes: dict[str, Any], text: str | None) -> None:
    description = members(sample(**changes))["Description"]
    assert description.isprintable()
    assert len(description) <= 500
    assert text is None or description == text


def test_the_key_alone_is_the_external_reference() -> None:
    assert members(sample())["ExternalReference"] == KEY.value
    assert len(KEY.value) == 36


@pytest.mark.parametrize(
    "description,sent", [(" a\nb ", "a b"), ("", "Line 2"), ("\x07", "Line 2"), ("x" * 600, "x" * 500)]
)
def test_a_line_always_says_something(description: str, sent: str) -> None:
    assert lines(with_line(sample(), 1, description=description))[1]["Description"] == sent


OWN, OTHER = Dimension(name="Department", code="TRN"), Dimension(name="BI code", code=" HQ-OPS ")


@pytest.mark.parametrize(
    "header,line,sent",
    [
        ((), (), None),
        ((OWN,), (), "TRN"),
        ((OWN,), (OTHER,), "HQ-OPS"),
        ((), (Dimension(name="DEPARTMENT", code="A"), OWN), "A"),
        ((), (Dimension(name="Course", code="FA"),), None),
        ((OWN,), (Dimension(name="Department", code=" "),), "TRN"),
    ],
)
def test_the_department_is_the_lines_own_or_the_headers(
    header: tuple[Dimension, ...], line: tuple[Dimension, ...], sent: str | None
) -> None:
    """Without one the element is left out: by the WSDL it is not nillable, and empty is refused."""
    document = replace(with_line(sample(), 0, dimensions=line), dimensions=header)
    assert lines(document)[0].get("DepartmentID") == sent
    assert ("DepartmentID" in lines(document)[0]) is (sent is not None)


@pytest.mark.parametrize(
    "changes,error,field,words",
    [
        ({"account_code": None}, Misconfigured, "defaults.account_code", "Line 2 has no account code"),
        ({"account_code": " "}, Misconfigured, "defaults.account_code", "Line 2"),
        ({"tax_code": None}, Misconfigured, "defaults.tax_code", "Line 2 has no tax code"),
    ],
)
def test_a_line_without_a_code_says_what_to_set(
    changes: dict[str, Any], error: type[Rejected], field: str, words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        mapping.batch(with_line(sample(), 1, **changes), NAMES, key=KEY, reference=REFERENCE)
    assert caught.value.field == field
    assert "default" in caught.value.message


def test_a_document_without_any_date_is_refused() -> None:
    with pytest.raises(Rejected) as caught:
        mapping.batch(sample(date=None, created_at=None), NAMES, key=KEY, reference=REFERENCE)
    assert caught.value.field == "date"


NO_BASE: dict[str, Any] = {"base_net": None, "base_tax": None, "base_gross": None}


@pytest.mark.parametrize(
    "changes,rate",
    [
        ({}, ("1.201036579", "0.8326141079")),
        ({"base_gross": None}, ("1.201036579", "0.8326141079")),
        (NO_BASE, ("1.201036579", "0.8326141079")),
        ({"currency": "GBP"}, ("1", "1")),
        ({"currency": "GBP", **NO_BASE}, ("1", "1")),
        ({"base_gross": Decimal("241")}, ("0.5", "2")),
    ],
)
def test_the_rate_is_made_of_the_base_amounts(changes: dict[str, Any], rate: tuple[str, str]) -> None:
    found = mapping.exchange_rate(replace(in_dollars(), **changes))
    assert found == tuple(map(Decimal, rate))


@pytest.mark.parametrize("gross", [None, Decimal(0), Decimal(-5)])
def test_without_base_amounts_there_is_no_rate(gross: Decimal | None) -> None:
    bare = with_line(replace(in_dollars(), **{**NO_BASE, "base_gross": gross}), 0, base_net=None)
    with pytest.raises(Rejected, match="GBP") as caught:
        mapping.exchange_rate(bare)
    assert caught.value.field == "base_gross"


@pytest.mark.parametrize("rate,fraction", [("20", "0.2"), ("0.2", "0.2"), ("17.5", "0.175"), ("0", "0"), ("1", "1")])
def test_a_rate_of_tax_is_sent_as_a_fraction(rate: str, fraction: str) -> None:
    assert tax_fraction(told(f"<Rate>{rate}</Rate>")) == Decimal(fraction)


def test_a_tax_without_a_rate_has_none() -> None:
    assert tax_fraction(told("<Rate/>")) is None


@pytest.mark.parametrize("field", ["", "date", "supplier.code"])
def test_a_refusal_that_names_no_line_stays_as_it_is(field: str) -> None:
    error = Rejected("No.", field=field)
    assert mapping.explained(error, sample()) is error


def test_a_refusal_tells_every_code_once_and_not_too_many() -> None:
    many = replace(sample(), lines=sample().lines * 30)
    told_of = mapping.explained(Misconfigured("No.", field="lines.account_code"), many)
    assert type(told_of) is Misconfigured
    assert told_of.message == "No. Account codes sent: 5010 (line 1, 1, 1); 7504 (line 2, 2, 2)."
    other = mapping.explained(OutcomeUnknown("?", field="lines.tax_code"), sample())
    assert type(other) is OutcomeUnknown


@pytest.mark.parametrize(
    "quantity,price,sent",
    [
        ("2", "50.00", ("2", "50.00")),
        ("3", "33.33", ("1", "100.00")),
        (None, "100.00", ("1", "100.00")),
        ("1", None, ("1", "100.00")),
    ],
)
def test_quantity_and_price_of_an_order_make_the_net_amount(
    quantity: str | None, price: str | None, sent: tuple[str, str]
) -> None:
    order = with_line(
        sample(Kind.PURCHASE_ORDER), 0,
        quantity=None if quantity is None else Decimal(quantity), unit_price=None if price is None else Decimal(price),
    )  # fmt: skip
    parts = dict(orders.order(order, NAMES, told("<AccountID>2</AccountID>"), key=KEY, reference="P-1", item="X"))
    inside: dict[str, Any] = dict(parts["order"])  # type: ignore[arg-type]
    first = dict(inside["Lines"][0][1])
    assert (first["OrderedQuantity"], first["ActualPrice"]) == tuple(map(Decimal, sent))
    assert parts["create"] is True


def test_a_shell_without_a_supplier_is_refused() -> None:
    with pytest.raises(Rejected) as caught:
        orders.order(sample(), NAMES, told("<AccountID>0</AccountID>"), key=KEY, reference="P-1", item="X")
    assert caught.value.field == "supplier.code"


# --- and back --------------------------------------------------------------------------------------------------------

FULL = (
    "<AccountCode>CROWN01</AccountCode><TransactionType>PI</TransactionType><TransactionID>17</TransactionID>"
    f"<InternalNumber>PI004512</InternalNumber><ExternalReference>{KEY.value}</ExternalReference>"
    "<ControlAmount>-170.5000</ControlAmount><TransactionDate>2024-03-14T00:00:00+01:00</TransactionDate>"
    "<LineDetails><WSTransactionDetail><IsControlLine>true</IsControlLine><Amount>-170.50</Amount><CurrencyCode>GBP"
    "</CurrencyCode></WSTransactionDetail><WSTransactionDetail><IsTaxLine>true</IsTaxLine><Amount>20.00</Amount>"
    "</WSTransactionDetail><WSTransactionDetail><Amount>150.50</Amount></WSTransactionDetail></LineDetails>"
)
POSTED = Posted(
    external_id="17", number="PI004512", supplier_code="CROWN01", net=Decimal("150.50"), tax=Decimal("20.00"),
    gross=Decimal("170.50"), currency="GBP", date=dt.date(2024, 3, 14),
)  # fmt: skip


@pytest.mark.parametrize(
    "xml,posted",
    [
        (FULL, POSTED),
        (FULL.replace("-170.50", "170.50").replace(">20.00", ">-20.00").replace(">150.50", ">-150.50"), POSTED),
        (FULL.replace("<LineDetails>", "<CurrencyCode>EUR</CurrencyCode><LineDetails>"),
         replace(POSTED, currency="EUR")),
        (FULL.partition("<LineDetails>")[0], replace(POSTED, net=None, tax=None, currency=None)),
        (FULL.replace(">20.00<", "><"), replace(POSTED, tax=None)),
        (FULL.replace("true</IsTaxLine>", "false</IsTaxLine>"),
         replace(POSTED, net=Decimal("170.50"), tax=Decimal(0))),
        ("<TransactionID>17</TransactionID>", Posted(external_id="17", number="")),
        ("<TransactionID>-1</TransactionID>", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_transaction_is_told_as_it_is_booked(xml: str, posted: Posted | None) -> None:
    assert mapping.posted(told(xml)) == posted


@pytest.mark.parametrize(
    "xml,written",
    [
        (FULL, Written(key=KEY.value, posted=POSTED, kind=Kind.INVOICE)),
        (FULL.replace(">PI<", ">PN<"), Written(key=KEY.value, posted=POSTED, kind=Kind.CREDIT_NOTE)),
        (FULL.replace(">PI<", ">XX<"), Written(key=KEY.value, posted=POSTED, kind=None)),
        (FULL.replace(KEY.value, "SI-48213"), None),
        (FULL.replace(KEY.value, ""), None),
    ],
)
def test_a_listing_tells_what_carries_a_key(xml: str, written: Written | None) -> None:
    assert mapping.written(told(xml)) == written
