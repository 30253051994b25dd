"""The reference data of Demo Books as the portal reads it, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.demo.catalogue import Catalogue
from integrations.demo.connector import DemoBooks
from integrations.demo.records import told
from integrations.demo.sandbox import build
from integrations.reference import Record, RecordKind
from integrations.sandbox import Recorder, Server, Store, mount
from tests.integrations.demo.test_connector import COMPANY, TOKEN, link


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    store = Store("demo", tmp_path)
    yield store
    store.close()


@pytest.fixture
def recorder(state: Store) -> Recorder:
    return Recorder(mount({"demo": build(state)}))


@pytest.fixture
def system(recorder: Recorder) -> Iterator[DemoBooks]:
    with Server(recorder) as server:
        yield DemoBooks(link(f"{server.url}/demo"))


@pytest.fixture
def catalogue(system: DemoBooks, state: Store) -> Catalogue:
    return Catalogue(state)


WHOLE: dict[str, Any] = {
    "code": "CROWN01",
    "name": "Crown Conference Centre",
    "vat_number": "GB123456789",
    "email": "accounts@crown.example",
    "phone": "0113 496 0000",
    "currency": "GBP",
    "address_1": "1 Station Road",
    "address_2": "Holbeck",
    "town": "Leeds",
    "county": "West Yorkshire",
    "postcode": "LS11 5AA",
    "country": "GB",
    "payment_days": 0,
    "bank_name": "Yorkshire Bank",
    "account_number": "12345678",
    "sort_code": "05-00-00",
    "default_account": "5010",
    "default_tax_code": "T1",
}


def test_a_supplier_is_told_with_all_that_is_known_of_it(system: DemoBooks, catalogue: Catalogue) -> None:
    catalogue.add(COMPANY, "suppliers", WHOLE)
    assert list(system.records(RecordKind.SUPPLIER)) == [
        Record(
            kind=RecordKind.SUPPLIER,
            code="CROWN01",
            name="Crown Conference Centre",
            external_id="1",
            details={
                "tax_number": "GB123456789",
                "email": "accounts@crown.example",
                "phone": "0113 496 0000",
                "currency": "GBP",
                "address_1": "1 Station Road",
                "address_2": "Holbeck",
                "city": "Leeds",
                "region": "West Yorkshire",
                "postcode": "LS11 5AA",
                "country_code": "GB",
                "payment_days": "0",
                "bank_name": "Yorkshire Bank",
                "bank_account": "12345678",
                "bank_sort_code": "05-00-00",
                "default_account": "5010",
                "default_tax": "T1",
            },
        )
    ]


def test_the_other_kinds_are_told_in_words_of_ours(system: DemoBooks, catalogue: Catalogue) -> None:
    catalogue.add(COMPANY, "tax-codes", {"code": "T17", "name": "17.5%", "rate": Decimal("17.50"), "active": False})
    found = {kind: list(system.records(kind)) for kind in RecordKind}
    assert found[RecordKind.TAX][-1] == Record(
        kind=RecordKind.TAX, code="T17", name="17.5%", external_id="6", is_active=False, details={"rate": "17.5"}
    )
    assert found[RecordKind.ACCOUNT][0] == Record(
        kind=RecordKind.ACCOUNT, code="5000", name="Materials Purchased", external_id="1", details={"type": "expense"}
    )
    assert [(one.code, one.details) for one in found[RecordKind.CURRENCY]] == [
        ("GBP", {"rate": "1", "is_base": "yes"}),
        ("EUR", {"rate": "1.17"}),
        ("USD", {"rate": "1.201"}),
    ]
    assert found[RecordKind.DELIVERY_SITE][0].details == {
        "address_1": "4 Harbour Street", "city": "Whitby", "postcode": "YO21 1DN", "country_code": "GB",
        "phone": "01947 496 000",
    }  # fmt: skip
    assert found[RecordKind.DIMENSION][3] == Record(
        kind=RecordKind.DIMENSION, code="TRN", name="Training", external_id="4", dimension="Department"
    )


def test_many_suppliers_are_read_five_hundred_a_request(
    system: DemoBooks, catalogue: Catalogue, recorder: Recorder
) -> None:
    catalogue.generate(COMPANY, 1203)
    codes = [one.code for one in system.records(RecordKind.SUPPLIER)]
    assert codes == [f"GEN-{number:06}" for number in range(1, 1204)]
    assert [one.query for one in recorder.seen] == ["page=1", "page=2", "page=3"]


def test_pages_are_asked_for_as_they_are_needed(system: DemoBooks, catalogue: Catalogue, recorder: Recorder) -> None:
    catalogue.generate(COMPANY, 1203)
    found = system.records(RecordKind.SUPPLIER)
    next(found)
    assert len(recorder.seen) == 1


def test_a_row_that_changes_changes_its_hash_and_no_other(system: DemoBooks, catalogue: Catalogue) -> None:
    catalogue.generate(COMPANY, 5)
    before = {one.code: one.content_hash() for one in system.records(RecordKind.SUPPLIER)}
    changed = catalogue.change_many(COMPANY, 2)
    after = {one.code: one.content_hash() for one in system.records(RecordKind.SUPPLIER)}
    assert sorted(code for code in after if after[code] != before[code]) == changed


@pytest.mark.parametrize("value", [None, [], {}, " ", ["GB"]])
def test_what_cannot_be_read_is_not_told(value: object) -> None:
    row = {"id": "1", "code": "A", "name": "A", "town": value, "payment_days": value, "active": value}
    assert told(RecordKind.SUPPLIER)(row) == Record(kind=RecordKind.SUPPLIER, code="A", name="A", external_id="1")
