"""What the mapping decides, by tables of exact values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.documents import Company, Document, Kind, Posted, Supplier
from integrations.errors import Misconfigured, Rejected
from integrations.odoo import codes, mapping
from integrations.odoo.codes import Known, Tax
from integrations.odoo.values import words
from tests.samples import KEY, REFERENCE, in_dollars, sample, with_line

TAXES = {"T0": Tax(id=22, group=7), "T1": Tax(id=23, group=6)}
ACCOUNTS = {"5010": 178, "7504": 179, "7506": 180}
KNOWN = Known(partner=6, currency=144, taxes=TAXES, accounts=ACCOUNTS, product=3)


def first_line(document: Document) -> dict[str, str]:
    fields, rows = mapping.table(document, KNOWN, key=KEY, reference=REFERENCE)
    return dict(zip(fields, rows[0], strict=True))


@pytest.mark.parametrize(
    "quantity,price,net,sent",
    [
        ("2", "50.00", "100.00", ("2", "50.00")),
        ("0.25", "400", "100.00", ("0.25", "400")),
        ("-2", "50.00", "-100.00", ("-2", "50.00")),
        ("3", "0.3333", "1.00", ("1", "1.00")),
        ("0.125", "98.80", "12.35", ("1", "12.35")),
        ("1000", "0.005", "5.00", ("1", "5.00")),
        ("0", "0", "0.00", ("1", "0.00")),
        ("2", None, "100.00", ("1", "100.00")),
        (None, "50.00", "100.00", ("1", "100.00")),
        ("2", "50.00", "99.00", ("1", "99.00")),
    ],
)
def test_quantity_and_price_are_sent_where_odoo_comes_to_the_net(
    quantity: str | None, price: str | None, net: str, sent: tuple[str, str]
) -> None:
    amounts: dict[str, Any] = {
        "quantity": None if quantity is None else Decimal(quantity),
        "unit_price": None if price is None else Decimal(price),
        "net": Decimal(net),
    }
    line = first_line(with_line(sample(), 0, **amounts))
    assert (line["invoice_line_ids/quantity"], line["invoice_line_ids/price_unit"]) == sent


@pytest.mark.parametrize(
    "given,sent",
    [
        ("", "Line 1"),
        (" \n", "Line 1"),
        ("first\r\n\tsecond \x07 end", "first second end"),
        ("x" * 600, "x" * 500),
        ("Crème <b>brûlée</b>", "Crème <b>brûlée</b>"),
    ],
)
def test_a_description_is_one_line(given: str, sent: str) -> None:
    assert first_line(with_line(sample(), 0, description=given))["invoice_line_ids/name"] == sent


def test_a_cut_leaves_no_blank_at_the_end() -> None:
    assert words("one two", 4) == "one"


@pytest.mark.parametrize(
    "changes,origin",
    [
        ({}, "P-000001 / INV000123 / ORD000056"),
        ({"order_number": ""}, "P-000001 / INV000123"),
        ({"order_number": " ", "number": "\n"}, "P-000001"),
        ({"number": "x" * 100, "order_number": ""}, f"P-000001 / {'x' * 60}"),
    ],
)
def test_our_number_stands_first_in_the_source(changes: dict[str, Any], origin: str) -> None:
    assert first_line(sample(**changes))["invoice_origin"] == origin


@pytest.mark.parametrize(
    "changes,rate",
    [
        ({}, "1.2010365793"),
        ({"base_gross": None}, None),
        ({"base_gross": Decimal(0)}, None),
        ({"gross": Decimal(0)}, None),
        ({"currency": "GBP"}, None),
    ],
)
def test_the_sources_rate_goes_along_where_there_is_one(changes: dict[str, Any], rate: str | None) -> None:
    assert first_line(replace(in_dollars(), **changes)).get("invoice_currency_rate") == rate


@pytest.mark.parametrize(
    "changes,day",
    [
        ({}, "2024-03-14"),
        ({"date": None}, "2024-03-15"),
    ],
)
def test_the_day_on_which_it_was_made_stands_in_for_a_date(changes: dict[str, Any], day: str) -> None:
    line = first_line(sample(**changes))
    assert (line["invoice_date"], line["date"]) == (day, day)
    assert first_line(sample(Kind.PURCHASE_ORDER, **changes))["date_order"] == f"{day} 12:00:00"


def test_a_document_without_any_date_is_refused_by_field() -> None:
    with pytest.raises(Rejected) as caught:
        first_line(sample(date=None, created_at=None))
    assert caught.value.field == "date"


def test_the_sources_number_stands_in_for_the_suppliers() -> None:
    assert first_line(sample())["ref"] == "SI-48213"
    assert first_line(sample(supplier_reference=""))["ref"] == "INV000123"


@pytest.mark.parametrize("kind", sorted(set(Kind) - set(mapping.FORMS)))
def test_a_kind_that_it_does_not_take_is_refused(kind: Kind) -> None:
    with pytest.raises(Rejected, match="does not take"):
        mapping.form(kind)


def totals(*groups: tuple[int, str]) -> dict[str, Any]:
    told = [{"id": group, "tax_amount_currency": Decimal(tax)} for group, tax in groups]
    return {"tax_totals": {"subtotals": [{"tax_groups": told}]}}


@pytest.mark.parametrize(
    "draft,changed",
    [
        (totals((6, "20.00")), None),
        (totals((6, "19.99")), totals((6, "20.00"))),
        (totals((6, "19.99"), (7, "0.01")), totals((6, "20.00"), (7, "0"))),
        (totals((8, "20.00")), None),
        (totals(), None),
        ({"tax_totals": False}, None),
        ({}, None),
    ],
)
def test_tax_is_stated_by_group_where_it_differs(draft: dict[str, Any], changed: dict[str, Any] | None) -> None:
    assert mapping.stated_tax(sample(), TAXES, draft) == changed


def rows(*partners: tuple[str, str | bool, bool]) -> list[dict[str, Any]]:
    return [
        {"id": number, "name": name, "ref": ref, "active": active}
        for number, (name, ref, active) in enumerate(partners, start=1)
    ]


@pytest.mark.parametrize(
    "code,found,expected",
    [
        ("C1", rows(("Crown", "C1", True)), 1),
        ("C1", rows(("Crown", False, True), ("Other", "C1", True)), 2),
        ("C1", rows(("CROWN ", False, True)), 1),
        ("C1", rows(("Crown", "C2", True)), None),
        (None, rows(("Crown", "C2", True)), 1),
        (None, rows(("Crown", "C1", False), ("Crown", "C2", True)), 2),
        (None, [], None),
    ],
)
def test_a_supplier_is_chosen_by_code_then_by_name(
    code: str | None, found: list[dict[str, Any]], expected: int | None
) -> None:
    assert codes.partner(sample(party=Supplier(code=code, name="crown")), found) == expected


@pytest.mark.parametrize(
    "found,says",
    [
        (rows(("Crown", False, True), ("Crown", False, True)), "more than once"),
        (rows(("Crown", False, False)), "archived"),
    ],
)
def test_a_supplier_that_cannot_be_chosen_is_refused(found: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(Rejected, match=says):
        codes.partner(sample(party=Supplier(code=None, name="Crown")), found)


def test_a_new_supplier_needs_a_name() -> None:
    with pytest.raises(Rejected):
        codes.new_partner(sample(party=Supplier(code="X", name=" ")), "supplier-x")


@pytest.mark.parametrize(
    "found,says",
    [
        ([], "T1 on line 1 is unknown"),
        ([{"id": 1, "name": "T1", "active": False}], "T1 on line 1 is archived"),
        ([{"id": 1, "name": "T1"}, {"id": 2, "name": "T1"}], "T1 on line 1 is there more than once"),
        ([{"id": 1, "name": "T1", "price_include": True}, {"id": 2, "name": "T0"}], "T1 in Odoo is included"),
    ],
)
def test_a_tax_that_cannot_be_chosen_is_refused(found: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(Rejected, match=says):
        codes.taxes(sample(), found)


def test_a_line_without_a_code_says_what_to_set() -> None:
    with pytest.raises(Misconfigured) as caught:
        codes.named(with_line(sample(), 1, tax_code=None), "tax")
    assert caught.value.field == "defaults.tax_code"


@pytest.mark.parametrize(
    "row,expected",
    [
        (
            {
                "id": 17,
                "name": "BILL/2024/03/0001",
                "partner_id": [6, "Crown"],
                "currency_id": [144, "GBP"],
                "date": "2024-03-14",
                "amount_untaxed": Decimal("150.50"),
                "amount_tax": 20,
                "amount_total": Decimal("170.50"),
            },
            Posted(
                external_id="17",
                number="BILL/2024/03/0001",
                supplier_code="C1",
                net=Decimal("150.50"),
                tax=Decimal(20),
                gross=Decimal("170.50"),
                currency="GBP",
                date=date(2024, 3, 14),
            ),
        ),
        ({"id": 17}, Posted(external_id="17", number="")),
        (
            {
                "id": 17, "name": False, "partner_id": False, "currency_id": "GBP", "date": "soon",
                "amount_untaxed": "150.50", "amount_tax": True, "amount_total": None,
            },
            Posted(external_id="17", number=""),
        ),
        (
            {"id": 17, "name": "P00001", "date_order": "2024-03-14 12:00:00"},
            Posted(external_id="17", number="P00001", date=date(2024, 3, 14)),
        ),
    ],
    ids=["everything", "the least", "nonsense", "an order"],
)  # fmt: skip
def test_what_is_not_told_stays_none(row: dict[str, Any], expected: Posted) -> None:
    assert mapping.posted(row, {6: "C1"}) == expected


def test_a_company_is_told_with_what_registers_it() -> None:
    row = {"id": 1, "name": "Rig Ltd", "currency_id": [144, "GBP"], "vat": "GB1", "company_registry": False}
    assert mapping.company(row) == Company(external_id="1", name="Rig Ltd", base_currency="GBP", registration="GB1")


def test_the_time_is_only_the_day() -> None:
    made = datetime(2024, 3, 15, 23, 59, tzinfo=UTC)
    assert first_line(sample(date=None, created_at=made))["date"] == "2024-03-15"
