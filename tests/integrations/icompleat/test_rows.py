"""Rows of reference data: exact bodies for each kind, and what can never be told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from integrations.errors import Misconfigured, Rejected
from integrations.exact import to_json
from integrations.icompleat.connector import ICompleat
from integrations.reference import Record, RecordKind, Row
from tests.integrations.icompleat.api import link

SUPPLIER = RecordKind.SUPPLIER
DETAILS = {
    "tax_number": "GB123",
    "email": "accounts@crown.example",
    "phone": "0118 496 0101",
    "currency": "GBP",
    "address": "2 Market Hill, Reading RG1 1AA",
    "address_1": "2 Market Hill",
    "address_2": "Old Town",
    "city": "Reading",
    "region": "Berkshire",
    "postcode": "RG1 1AA",
    "country": "United Kingdom",
    "country_code": "GB",
    "payment_terms": "30 days",
    "payment_days": "30",
    "bank_name": "Example Bank",
    "bank_account": "00012345",
    "bank_sort_code": "00-00-01",
    "default_account": "5010",
    "default_tax": "T1",
    "default_department": "TRN",
}
NO_TEXTS = dict.fromkeys(
    [
        "AddressLine1", "AddressLine2", "TownOrCity", "StateOrCounty", "PostcodeOrZip", "Country", "IsoCode",
        "Telephone", "Email", "BankName", "BankAccountNumber", "BankSortCode",
    ],
    "",
)  # fmt: skip


def record(kind: RecordKind, code: str = "C1", name: str = "One", **details: str) -> Record:
    return Record(kind=kind, code=code, name=name, external_id="77", details=details)


def body(kind: RecordKind, code: str = "C1", name: str = "One", **details: str) -> Any:
    return ICompleat().row(record(kind, code, name, **details)).body


def test_a_supplier_with_everything() -> None:
    assert ICompleat().row(record(SUPPLIER, "CROWN01", "Crown Conference Centre", **DETAILS)) == Row(
        "CROWN01",
        {
            "Code": "CROWN01",
            "Name": "Crown Conference Centre",
            "AddressLine1": "2 Market Hill",
            "AddressLine2": "Old Town",
            "TownOrCity": "Reading",
            "StateOrCounty": "Berkshire",
            "PostcodeOrZip": "RG1 1AA",
            "Country": "United Kingdom",
            "IsoCode": "GB",
            "Telephone": "0118 496 0101",
            "Email": "accounts@crown.example",
            "BankName": "Example Bank",
            "BankAccountNumber": "00012345",
            "BankSortCode": "00-00-01",
            "PaymentDueDays": 30,
            "PaymentTermsType": "NetDays",
            "AnalysisDefaults": [
                {"FieldCode": "AccountCode", "Value": "5010"},
                {"FieldCode": "TaxCode", "Value": "T1"},
                {"FieldCode": "CurrencyCode", "Value": "GBP"},
                {"FieldCode": "Department", "Value": "TRN"},
            ],
        },
    )


def test_a_supplier_with_nothing_has_its_texts_empty_so_that_an_edit_clears_them() -> None:
    assert body(SUPPLIER) == {"Code": "C1", "Name": "One", **NO_TEXTS, "AnalysisDefaults": []}


def test_an_address_in_one_line_stands_in_the_first_unless_its_parts_are_known() -> None:
    assert body(SUPPLIER, address="2 Market Hill, Reading")["AddressLine1"] == "2 Market Hill, Reading"
    parts = body(SUPPLIER, address="2 Market Hill, Reading", city="Reading")
    assert (parts["AddressLine1"], parts["TownOrCity"]) == ("", "Reading")


@pytest.mark.parametrize("days", ["", "thirty", "-1", "30.5", "99999", "²"])
def test_terms_that_are_no_number_of_days_are_left_out(days: str) -> None:
    assert {"PaymentDueDays", "PaymentTermsType"} & set(body(SUPPLIER, payment_days=days)) == set()


def test_the_words_of_defaults_belong_to_the_connection() -> None:
    own = ICompleat(
        link("https://x.example", arrays="default_account = NominalCode\ndefault_tax =\ndefault_department=")
    )
    told = own.row(record(SUPPLIER, **DETAILS)).body["AnalysisDefaults"]
    assert told == [{"FieldCode": "NominalCode", "Value": "5010"}, {"FieldCode": "CurrencyCode", "Value": "GBP"}]


def test_a_row_is_made_from_the_arrays_alone_and_a_mistake_in_them_is_named() -> None:
    with pytest.raises(Misconfigured) as refusal:
        ICompleat(link("https://x.example", arrays="nothing")).row(record(SUPPLIER))
    assert refusal.value.field == "arrays"


@pytest.mark.parametrize(
    "name, told",
    [
        ("Telephone", "Telephone [7502]"),
        ("Telephone [7502]", "Telephone [7502]"),
        ("Telephone (7502)", "Telephone (7502) [7502]"),
        (" ", "7502 [7502]"),
        ("Tele\tphone\r\nand  post", "Tele phone and post [7502]"),
    ],
)
def test_an_account_carries_its_code_in_its_name(name: str, told: str) -> None:
    assert body(RecordKind.ACCOUNT, "7502", name, type="expense") == {"Code": "7502", "Name": told}


@pytest.mark.parametrize("rate, told", [("20", "20"), ("17.50", "17.5"), ("0.00", "0"), ("2E+1", "20"), (" 5 ", "5")])
def test_a_tax_code_has_its_rate_in_per_cent(rate: str, told: str) -> None:
    made = body(RecordKind.TAX, "T1", "Standard", rate=rate, use="purchase")
    assert made == {"Code": "T1", "Name": "Standard", "Rate": Decimal(told)}
    assert to_json(made) == f'{{"Code": "T1", "Name": "Standard", "Rate": {told}}}'


def test_equal_rates_have_equal_hashes() -> None:
    first, second = (ICompleat().row(record(RecordKind.TAX, rate=rate)) for rate in ("20", "20.00"))
    assert first.content_hash() == second.content_hash()


@pytest.mark.parametrize(
    "details, rate, is_base",
    [
        ({"rate": "1.1340"}, "1.134", False),
        ({"rate": "1", "is_base": "yes"}, "1", True),
        ({"is_base": "yes"}, "1", True),
        ({"rate": "0", "is_base": "yes"}, "1", True),
    ],
)
def test_a_currency_has_its_units_for_one_of_the_base(details: dict[str, str], rate: str, is_base: bool) -> None:
    made = body(RecordKind.CURRENCY, "EUR", "Euro", **details)
    assert made == {"Code": "EUR", "Name": "Euro", "Rate": Decimal(rate), "IsBase": is_base}


def test_a_delivery_site_leaves_out_what_it_has_not() -> None:
    whole = {
        "address_1": "14 Bridge Street", "address_2": "Southwark", "city": "London", "postcode": "SE1 1AA",
        "phone": "020 7946 0000", "country": "United Kingdom", "country_code": "GB",
    }  # fmt: skip
    assert body(RecordKind.DELIVERY_SITE, "LON", "London", **whole) == {
        "Code": "LON",
        "Name": "London",
        "Address1": "14 Bridge Street",
        "Address2": "Southwark",
        "TownOrCity": "London",
        "Postcode": "SE1 1AA",
        "Telephone": "020 7946 0000",
        "Country": "United Kingdom",
        "IsoCode": "GB",
    }
    assert body(RecordKind.DELIVERY_SITE, "NOR", "Norwich", city="", address_1="1 Castle Yard") == {
        "Code": "NOR", "Name": "Norwich", "Address1": "1 Castle Yard",
    }  # fmt: skip


def test_a_value_of_a_dimension_is_code_and_name() -> None:
    assert body(RecordKind.DIMENSION, "PM-2401", "January", anything="else") == {"Code": "PM-2401", "Name": "January"}
    assert body(RecordKind.DIMENSION, "PM-2401", "") == {"Code": "PM-2401", "Name": "PM-2401"}


def test_codes_and_long_names_are_told_as_they_are() -> None:
    made = ICompleat().row(record(SUPPLIER, " a/B ", "x" * 300))
    assert (made.code, made.body["Code"], made.body["Name"]) == (" a/B ", " a/B ", "x" * 300)


@pytest.mark.parametrize("kind", RecordKind)
def test_a_record_without_a_code_can_never_be_told(kind: RecordKind) -> None:
    with pytest.raises(Rejected) as refusal:
        ICompleat().row(record(kind, " ", rate="1"))
    assert refusal.value.field == "code"


@pytest.mark.parametrize(
    "kind, rate",
    [
        (RecordKind.TAX, ""), (RecordKind.TAX, "twenty"), (RecordKind.TAX, "NaN"), (RecordKind.CURRENCY, ""),
        (RecordKind.CURRENCY, "0"), (RecordKind.CURRENCY, "-1"), (RecordKind.CURRENCY, "Infinity"),
    ],
)  # fmt: skip
def test_a_rate_that_is_missing_is_never_told_as_zero(kind: RecordKind, rate: str) -> None:
    with pytest.raises(Rejected) as refusal:
        ICompleat().row(record(kind, "X9", rate=rate))
    assert refusal.value.field == "rate"
    assert "X9" in refusal.value.message
