"""Tryton's records as reference data, by exact values, and what its stand-in tells of them over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.documents import Kind
from integrations.errors import Rejected
from integrations.reference import Record, RecordKind
from integrations.sandbox import Server, Store, mount
from integrations.tryton.attachments import MODEL
from integrations.tryton.books import Books
from integrations.tryton.client import Client
from integrations.tryton.connector import Tryton
from integrations.tryton.records import SHELVES
from integrations.tryton.sandbox import MAX_SIZE, build
from integrations.tryton.words import number
from tests.integrations.tryton.test_connector import TOKEN, link
from tests.samples import KEY, OTHER_KEY, PAPER, REFERENCE, sample


def told(kind: RecordKind, values: dict[str, Any], company: dict[str, Any] | None = None) -> Record:
    return SHELVES[kind].told({"id": 1, "active": 1, **values}, company or {})


@pytest.mark.parametrize(
    "kind,values,expected",
    [
        (RecordKind.TAX, {"name": "T5", "description": "Reduced", "rate": number(Decimal("0.0500"))}, {"rate": "5"}),
        (RecordKind.TAX, {"name": "Q", "rate": number(Decimal("0.175")), "group": {"id": 1, "kind": "purchase"}},
         {"rate": "17.5", "use": "purchase"}),
        (RecordKind.TAX, {"name": "Z", "rate": number(Decimal(2)), "group": None}, {"rate": "200"}),
        (RecordKind.TAX, {"name": "F", "rate": None, "group": {"id": 1, "kind": "both"}}, {}),
        (RecordKind.ACCOUNT, {"code": "1", "name": "A", "type": {"id": 3, "name": "Expenses"}}, {"type": "Expenses"}),
        (RecordKind.DELIVERY_SITE, {"code": "WH", "name": "Warehouse", "address": None}, {}),
        (RecordKind.DELIVERY_SITE, {
            "code": "WH", "name": "Warehouse",
            "address": {"id": 3, "street": "Unit 2\r\n\n Canal Wharf \nHolbeck", "city": " Leeds ",
                        "postal_code": "LS11", "country": {"id": 1, "code": "GB"}},
        }, {"address_1": "Unit 2", "address_2": "Canal Wharf, Holbeck", "city": "Leeds", "postcode": "LS11",
            "country_code": "GB"}),
    ],
)  # fmt: skip
def test_details_of_records(kind: RecordKind, values: dict[str, Any], expected: dict[str, str]) -> None:
    assert told(kind, values).details == expected


def test_a_supplier_is_told_with_its_first_address_in_use() -> None:
    party = {
        "code": "1",
        "name": "A",
        "email": "a@example.com",
        "phone": "",
        "tax_identifier": {"id": 1, "code": "GB1"},
        "supplier_currency": {"id": 2, "code": "USD"},
        "addresses": [
            {"id": 1, "active": 0, "full_address": "Old", "street": "Old"},
            {
                "id": 2,
                "active": 1,
                "full_address": "1 High St\nLeeds",
                "street": "1 High St",
                "city": "Leeds",
                "postal_code": "LS1 1AA",
                "country": {"id": 1, "code": "GB"},
                "subdivision": {"id": 4, "name": "West Yorkshire"},
            },
            {"id": 3, "active": 1, "full_address": "Third", "street": "Third"},
        ],
        "supplier_payment_term": {
            "id": 1,
            "name": "30 days",
            "lines": [{"id": 1, "type": "remainder", "relativedeltas": [{"id": 1, "days": 30}]}],
        },
    }
    assert told(RecordKind.SUPPLIER, party).details == {
        "email": "a@example.com",
        "tax_number": "GB1",
        "currency": "USD",
        "address": "1 High St, Leeds",
        "address_1": "1 High St",
        "city": "Leeds",
        "region": "West Yorkshire",
        "postcode": "LS1 1AA",
        "country_code": "GB",
        "payment_terms": "30 days",
        "payment_days": "30",
    }
    assert told(RecordKind.SUPPLIER, {"code": "2", "name": "B", "addresses": []}).details == {}


REST = "remainder"


@pytest.mark.parametrize(
    "lines,days",
    [
        ([{"type": REST, "relativedeltas": []}], "0"),
        ([{"type": REST, "relativedeltas": [{"days": 14, "weeks": 0, "months": 0, "day": None}]}], "14"),
        ([{"type": REST, "relativedeltas": [{"days": 3, "weeks": 2}, {"days": 1}]}], "18"),
        ([{"type": REST, "relativedeltas": [{"days": 0, "months": 1}]}], None),
        ([{"type": REST, "relativedeltas": [{"days": 30}, {"days": 0, "day": 31}]}], None),
        ([{"type": REST, "relativedeltas": [{"weekday": 3}]}], None),
        ([{"type": "percent", "relativedeltas": []}, {"type": REST, "relativedeltas": [{"days": 30}]}], None),
        ([{"type": "percent", "relativedeltas": [{"days": 30}]}], None),
        ([], None),
        (None, None),
    ],
)
def test_net_days_are_told_of_terms_that_are_no_more_than_that(lines: object, days: str | None) -> None:
    party = {"code": "1", "name": "A", "supplier_payment_term": {"id": 1, "name": "", "lines": lines}}
    assert told(RecordKind.SUPPLIER, party).details.get("payment_days") == days


@pytest.mark.parametrize(
    "rate,own,expected",
    [
        ("1.2010", "1", {"rate": "1.201"}),
        ("1", "0.8", {"rate": "1.25"}),
        ("1.2", "0.7", {"rate": "1.71428571429"}),
        ("33000", "0.00001", {"rate": "3300000000"}),
        ("0", "1", {}),
        (None, "1", {}),
        ("1.2", "0", {}),
        ("1.2", None, {}),
    ],
)
def test_rates_are_told_for_one_of_the_companys_currency(
    rate: str | None, own: str | None, expected: dict[str, str]
) -> None:
    values = [None if one is None else number(Decimal(one)) for one in (rate, own)]
    company = {"id": 1, "currency": {"id": 9, "rate": values[1]}}
    assert told(RecordKind.CURRENCY, {"code": "USD", "name": "Dollar", "rate": values[0]}, company).details == expected


@pytest.mark.parametrize("rate", ["1", "0.8", "0", None])
def test_the_companys_own_currency_is_worth_one_of_itself(rate: str | None) -> None:
    value = None if rate is None else number(Decimal(rate))
    company = {"id": 1, "currency": {"id": 1, "rate": value}}
    details = told(RecordKind.CURRENCY, {"code": "GBP", "name": "Pound", "rate": value}, company).details
    assert details == {"rate": "1", "is_base": "yes"}


def test_a_closed_account_is_told_as_not_active() -> None:
    values = {"code": "5", "name": "Costs", "active": True, "closed": 1, "type": None}
    assert not told(RecordKind.ACCOUNT, values).is_active


@pytest.mark.parametrize("active,root_active,is_active", [(1, 1, True), (0, 1, False), (1, 0, False)])
def test_an_analytic_account_is_a_value_of_its_root(active: int, root_active: int, is_active: bool) -> None:
    root = {"id": 1, "name": "Department", "active": root_active}
    values = {"id": 7, "code": None, "name": "Training", "active": active, "root": root}
    assert told(RecordKind.DIMENSION, values) == Record(
        kind=RecordKind.DIMENSION,
        code="",
        name="Training",
        external_id="7",
        is_active=is_active,
        dimension="Department",
    )


# --- over HTTP -------------------------------------------------------------------------------------------------------


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_TRYTON_KEY", TOKEN)
    store = Store("tryton", tmp_path)
    yield store
    store.close()


@pytest.fixture
def system(state: Store) -> Iterator[Tryton]:
    with Server(mount({"tryton": build(state)})) as server:
        yield Tryton(link(f"{server.url}/tryton"))


def test_warehouses_are_delivery_sites_and_roots_are_dimensions(system: Tryton) -> None:
    sites = list(system.records(RecordKind.DELIVERY_SITE))
    assert [(one.code, one.name) for one in sites] == [("WH", "Warehouse")]
    assert sites[0].details == {
        "address_1": "4 Harbour Street", "city": "Whitby", "postcode": "YO21 1DN", "country_code": "GB",
    }  # fmt: skip
    assert [(one.dimension, one.code, one.name) for one in system.records(RecordKind.DIMENSION)] == [
        ("Department", "ADM", "Administration"),
        ("Department", "OPS", "Operations"),
        ("Department", "TRN", "Training"),
    ]


def test_without_the_module_there_are_no_dimensions(system: Tryton, state: Store) -> None:
    with state.transaction() as database:
        (model,) = Books(database).every("ir.model")
        Books(database).remove("ir.model", model["id"])
    assert list(system.records(RecordKind.DIMENSION)) == []


def test_rates_go_by_the_companys_own_currency(system: Tryton, state: Store) -> None:
    with state.transaction() as database:
        books = Books(database)
        (company,) = books.every("company.company")
        euro = next(one for one in books.every("currency.currency") if one["code"] == "EUR")
        books.change("company.company", company, currency=euro["id"])
    found = {one.code: one.details for one in system.records(RecordKind.CURRENCY)}
    assert found == {
        "GBP": {"rate": "0.854700854701"},
        "USD": {"rate": "1.0264957265"},
        "EUR": {"rate": "1", "is_base": "yes"},
    }


def test_of_two_files_with_one_name_the_first_is_told(system: Tryton) -> None:
    """Two attempts at the same moment, or a person."""
    invoice = system.post(sample(), key=KEY, reference=REFERENCE).external_id
    client = Client(system.link)
    for content in ("YQ==", "YmI="):
        data = {"__class__": "bytes", "base64": content}
        client.create(MODEL, {"name": "SI.pdf", "resource": f"account.invoice,{invoice}", "data": data}, ("name",))
    assert [(one.name, one.size) for one in system.attached(Kind.INVOICE, invoice)] == [("SI.pdf", 1)]


def test_a_name_with_control_characters_is_kept_without_them_and_once(system: Tryton) -> None:
    invoice = system.post(sample(), key=KEY, reference=REFERENCE).external_id
    for _ in range(2):
        system.attach(Kind.INVOICE, invoice, replace(PAPER, name="SI\t48213.pdf"))
    assert [one.name for one in system.attached(Kind.INVOICE, invoice)] == ["SI 48213.pdf"]


def test_a_file_that_tryton_does_not_read_is_refused_with_what_to_do(system: Tryton) -> None:
    invoice = system.post(sample(), key=KEY, reference=REFERENCE).external_id
    system.attach(Kind.INVOICE, invoice, replace(PAPER, content=b"x" * (MAX_SIZE // 4 * 3 - 3000)))
    with pytest.raises(Rejected) as caught:
        system.attach(Kind.INVOICE, invoice, replace(PAPER, name="large.pdf", content=b"x" * (MAX_SIZE // 4 * 3)))
    assert caught.value.message == (
        "large.pdf is larger than this Tryton lets anybody send. Raise max_size under [request] in its configuration, "
        "or attach it there by hand."
    )
    assert caught.value.field == "content"
    assert [one.name for one in system.attached(Kind.INVOICE, invoice)] == [PAPER.name]


def test_a_document_of_another_company_has_no_files_for_us(system: Tryton, state: Store) -> None:
    invoice = system.post(sample(), key=OTHER_KEY, reference=REFERENCE).external_id
    with state.transaction() as database:
        books = Books(database)
        record = books.one("account.invoice", int(invoice))
        assert record
        books.change("account.invoice", record, company=2)
    with pytest.raises(Rejected, match=f"Tryton has no invoice {invoice}"):
        system.attached(Kind.INVOICE, invoice)


@pytest.mark.parametrize("name,content_type", [("a.PDF", "application/pdf"), ("a", "application/octet-stream")])
def test_the_type_of_a_file_is_that_of_its_name(system: Tryton, name: str, content_type: str) -> None:
    invoice = system.post(sample(), key=KEY, reference=REFERENCE).external_id
    system.attach(Kind.INVOICE, invoice, replace(PAPER, name=name))
    assert [one.content_type for one in system.attached(Kind.INVOICE, invoice)] == [content_type]
