"""Odoo's reference data, by exact values, and what its stand-in tells of it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.documents import Kind
from integrations.errors import Rejected
from integrations.odoo.books import Books
from integrations.odoo.connector import Odoo
from integrations.odoo.reading import LISTINGS, Beside, net_days
from integrations.odoo.sandbox import build
from integrations.reference import Record, RecordKind
from integrations.sandbox import Server, Store, mount
from tests.integrations.odoo.test_connector import TOKEN, link
from tests.samples import KEY, PAPER, REFERENCE, sample

BESIDE = Beside(
    net_days={2: 30, 3: 0},
    partners={7: {"id": 7, "street": "4 Harbour Street", "street2": False, "city": "Whitby", "country_code": "GB"}},
)


@pytest.mark.parametrize(
    "kind,row,code,name,details",
    [
        (
            RecordKind.SUPPLIER,
            {
                "id": 6, "name": "Crown", "ref": "C1", "vat": "GB1", "email": "a@b.example", "phone": False,
                "street": "1 High Street", "street2": "Holbeck", "city": "Leeds", "zip": "LS1",
                "state_id": [3, "West Yorkshire (GB)"], "country_id": [1, "United Kingdom"], "country_code": "GB",
                "property_purchase_currency_id": [144, "GBP"], "property_supplier_payment_term_id": [2, "30 Days"],
                "supplier_rank": 7, "write_date": "2026-11-21",
            },
            "C1", "Crown",
            {
                "tax_number": "GB1", "email": "a@b.example", "currency": "GBP",
                "address": "1 High Street, Holbeck, Leeds, LS1, West Yorkshire (GB), United Kingdom",
                "address_1": "1 High Street", "address_2": "Holbeck", "city": "Leeds", "region": "West Yorkshire",
                "postcode": "LS1", "country": "United Kingdom", "country_code": "GB", "payment_terms": "30 Days",
                "payment_days": "30",
            },
        ),
        (RecordKind.SUPPLIER, {"id": 6, "name": "Crown", "ref": False}, "", "Crown", {}),
        (RecordKind.SUPPLIER, {"id": 6, "name": "Crown", "property_supplier_payment_term_id": [3, "Now"]},
         "", "Crown", {"payment_terms": "Now", "payment_days": "0"}),
        (RecordKind.SUPPLIER, {"id": 6, "name": "Crown", "property_supplier_payment_term_id": [9, "2/7 Net 30"]},
         "", "Crown", {"payment_terms": "2/7 Net 30"}),
        (
            RecordKind.ACCOUNT, {"id": 1, "code": "7504", "name": "Pens", "account_type": "expense"},
            "7504", "Pens", {"type": "expense"},
        ),
        (
            RecordKind.TAX, {"id": 1, "name": "T1", "amount": Decimal("17.50"), "amount_type": "percent"},
            "T1", "T1", {"rate": "17.5", "use": "purchase"},
        ),
        (RecordKind.TAX, {"id": 1, "name": "T0", "amount": Decimal("0.0"), "amount_type": "percent"},
         "T0", "T0", {"rate": "0", "use": "purchase"}),
        (RecordKind.TAX, {"id": 1, "name": "Eco", "amount": 3, "amount_type": "fixed"}, "Eco", "Eco",
         {"use": "purchase"}),
        (RecordKind.CURRENCY, {"id": 1, "name": "USD", "full_name": "US dollar"}, "USD", "US dollar", {}),
        (RecordKind.CURRENCY, {"id": 1, "name": "USD", "full_name": False}, "USD", "USD", {}),
        (RecordKind.CURRENCY, {"id": 1, "name": "USD", "rate": Decimal("1.2010"), "rate_ids": [3]},
         "USD", "USD", {"rate": "1.201"}),
        (RecordKind.CURRENCY, {"id": 1, "name": "VEF", "rate": Decimal("1.0"), "rate_ids": []}, "VEF", "VEF", {}),
        (RecordKind.CURRENCY, {"id": 1, "name": "GBP", "rate": Decimal("1.0"), "rate_ids": [],
                               "is_current_company_currency": True}, "GBP", "GBP", {"rate": "1", "is_base": "yes"}),
        (RecordKind.DELIVERY_SITE, {"id": 1, "name": "Harbour", "code": "WH", "partner_id": [7, "Harbour"]},
         "WH", "Harbour", {"address_1": "4 Harbour Street", "city": "Whitby", "country_code": "GB"}),
        (RecordKind.DELIVERY_SITE, {"id": 1, "name": "Harbour", "code": "WH", "partner_id": False},
         "WH", "Harbour", {}),
    ],
)  # fmt: skip
def test_reference_data_is_told_under_names_of_ours(
    kind: RecordKind, row: dict[str, Any], code: str, name: str, details: dict[str, str]
) -> None:
    told = LISTINGS[kind].record(row, BESIDE)
    assert (told.kind, told.code, told.name, dict(told.details), told.is_active) == (kind, code, name, details, True)
    assert not LISTINGS[kind].record({**row, "active": False}, BESIDE).is_active


def test_an_analytic_account_is_a_value_of_its_plan() -> None:
    row = {"id": 7, "name": "Training", "code": False, "active": True, "plan_id": [2, "Department"]}
    assert LISTINGS[RecordKind.DIMENSION].record(row, BESIDE) == Record(
        kind=RecordKind.DIMENSION, code="", name="Training", external_id="7", dimension="Department"
    )


def line(term: int, value: int = 100, delay: str = "days_after", days: object = 30, how: str = "percent") -> Any:
    return {"payment_id": [term, "x"], "value": how, "value_amount": value, "delay_type": delay, "nb_days": days}


def test_net_days_are_told_of_terms_that_are_no_more_than_that() -> None:
    lines = [
        line(1, days=0),
        line(2),
        line(3, delay="days_after_end_of_month"),
        line(4, 30),
        line(4, 70, days=60),
        line(5, how="fixed"),
        line(6, days=None),
        line(7, 50),
    ]
    assert net_days(lines) == {1: 0, 2: 30}


# --- over HTTP -------------------------------------------------------------------------------------------------------


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_ODOO_KEY", TOKEN)
    store = Store("odoo", tmp_path)
    yield store
    store.close()


@pytest.fixture
def system(state: Store) -> Iterator[Odoo]:
    with Server(mount({"odoo": build(state)})) as server:
        yield Odoo(link(f"{server.url}/odoo"))


def test_warehouses_are_delivery_sites_and_plans_are_dimensions(system: Odoo) -> None:
    sites = list(system.records(RecordKind.DELIVERY_SITE))
    assert [(one.code, one.name) for one in sites] == [("WH", "Harbour Street")]
    assert sites[0].details == {
        "address_1": "4 Harbour Street", "city": "Whitby", "postcode": "YO21 1DN", "country_code": "GB",
    }  # fmt: skip
    assert [(one.dimension, one.code, one.name) for one in system.records(RecordKind.DIMENSION)] == [
        ("Department", "ADM", "Administration"),
        ("Department", "OPS", "Operations"),
        ("Department", "TRN", "Training"),
    ]


def test_without_inventory_there_are_no_delivery_sites(system: Odoo, state: Store) -> None:
    with state.transaction() as database:
        database.execute("DELETE FROM record WHERE model = 'ir.model'")
    assert list(system.records(RecordKind.DELIVERY_SITE)) == []


def test_what_belongs_to_another_company_is_not_told(system: Odoo, state: Store) -> None:
    books = Books(state)
    books.create("stock.warehouse", {"name": "Theirs", "code": "X", "company_id": 2})
    books.create("account.analytic.account", {"name": "Theirs", "code": "X", "plan_id": 1, "company_id": 2})
    books.create("account.analytic.account", {"name": "Ours", "code": "Y", "plan_id": 1, "company_id": 1})
    assert [one.code for one in system.records(RecordKind.DELIVERY_SITE)] == ["WH"]
    assert [one.code for one in system.records(RecordKind.DIMENSION)] == ["ADM", "OPS", "TRN", "Y"]


def test_a_supplier_has_the_net_days_of_its_terms(system: Odoo, state: Store) -> None:
    Books(state).write("res.partner", 1, {"property_supplier_payment_term_id": 1})
    crown = next(one for one in system.records(RecordKind.SUPPLIER) if one.code == "CROWN01")
    assert crown.details == {"payment_terms": "30 Days", "payment_days": "30"}


def test_a_name_with_control_characters_is_kept_without_them_and_once(system: Odoo) -> None:
    invoice = system.post(sample(), key=KEY, reference=REFERENCE).external_id
    for _ in range(2):
        system.attach(Kind.INVOICE, invoice, replace(PAPER, name="SI\t48213.pdf"))
    assert [one.name for one in system.attached(Kind.INVOICE, invoice)] == ["SI 48213.pdf"]


def test_a_document_of_another_company_has_no_files_for_us(system: Odoo, state: Store) -> None:
    invoice = system.post(sample(), key=KEY, reference=REFERENCE).external_id
    Books(state).write("account.move", int(invoice), {"company_id": 2})
    with pytest.raises(Rejected, match=f"Odoo has no invoice {invoice}"):
        system.attached(Kind.INVOICE, invoice)
