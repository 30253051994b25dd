"""The settings of a connection: what is usual, what may be overridden, and which field a mistake is told of."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.errors import Misconfigured
from integrations.icompleat.connector import ICompleat
from integrations.icompleat.endpoints import ENDPOINTS, NAMES, Endpoint, endpoints, names, segment
from integrations.icompleat.terms import SETTINGS, read
from integrations.metadata import Limits
from tests.integrations.icompleat.api import COMPANY, KEY, TENANT, link

URL = "https://api-eu1.compleat.online"


def field_of(**settings: str) -> str:
    with pytest.raises(Misconfigured) as refusal:
        read(link(URL, **settings))
    return refusal.value.field


def test_what_is_not_set_is_usual() -> None:
    terms = read(link(URL))
    assert (terms.base_url, terms.key, terms.tenant, terms.company) == (URL, KEY, TENANT, COMPANY)
    assert (terms.edits, terms.creates, terms.raises, terms.user) == (True, True, False, "")
    assert (terms.layouts, terms.key_field, terms.lookup_pages) == ({}, "Title", 20)
    assert terms.endpoints == ENDPOINTS
    assert {name: terms.names[name] for name in NAMES} == NAMES


def test_the_form_asks_for_four_things_and_hides_the_rest() -> None:
    assert [one.key for one in SETTINGS if not one.is_advanced] == [
        "base_url",
        "tenant_id",
        "company_id",
        "security_key",
    ]
    assert [one.key for one in SETTINGS if one.secret] == ["security_key"]
    assert [one.key for one in SETTINGS if one.is_long] == ["paths", "arrays", "layout_ids"]
    assert {one.key: one.default for one in SETTINGS if one.is_advanced} == {
        "api_version": "1",
        "requests_per_minute": "50",
        "single_edits": "yes",
        "put_creates": "try",
        "paths": "",
        "arrays": "",
        "raise_transactions": "no",
        "raise_user_id": "",
        "layout_ids": "",
        "key_field": "Title",
        "lookup_pages": "20",
    }
    assert [one.key for one in SETTINGS if one.required] == [one.key for one in SETTINGS if not one.is_advanced]
    assert {one.key: [value for value, _ in one.choices] for one in SETTINGS if one.choices} == {
        "single_edits": ["yes", "no"], "put_creates": ["try", "no"], "raise_transactions": ["no", "yes"],
    }  # fmt: skip
    for one in SETTINGS:
        assert one.default in [value for value, _ in one.choices] or not one.choices


def test_an_empty_setting_is_usual() -> None:
    empty = {one.key: " " for one in SETTINGS if one.is_advanced}
    assert read(link(URL, **empty)) == read(link(URL))


@pytest.mark.parametrize(
    "setting, value",
    [
        ("api_version", "2"),
        ("base_url", " "),
        ("tenant_id", ""),
        ("tenant_id", ".."),
        ("company_id", ""),
        ("company_id", "NULL"),
        ("company_id", "{}"),
        ("single_edits", "maybe"),
        ("put_creates", "yes"),
        ("raise_transactions", "try"),
        ("layout_ids", "INV"),
        ("layout_ids", "INV ="),
        ("layout_ids", "XYZ = 1"),
        ("key_field", "References.Supplier"),
        ("key_field", "Supplier"),
        ("key_field", "lines"),
        ("paths", "suppliers"),
        ("paths", "suplliers = GET api/suppliers/{tenant}"),
        ("paths", "suppliers = FETCH api/suppliers/{tenant}"),
        ("paths", "suppliers = GET"),
        ("paths", "suppliers = GET api/suppliers/{tenant}/{code}"),
        ("paths", "suppliers = GET api/suppliers/{tenant"),
        ("paths", "suppliers = GET api/../{tenant}"),
        ("paths", "suppliers = GET https://elsewhere.example/{tenant}"),
        ("paths", "suppliers = GET api/supp liers"),
        ("paths", "suppliers = GET api\\suppliers"),
        ("arrays", "suppliers"),
        ("arrays", "vendors = Vendors"),
        ("arrays", "suppliers ="),
        ("arrays", "suppliers = Sup pliers"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(setting: str, value: str) -> None:
    assert field_of(**{setting: value}) == setting


def test_version_two_is_not_invented() -> None:
    with pytest.raises(Misconfigured, match=r"^Only version 1 "):
        read(link(URL, api_version="2"))


def test_ids_and_words_are_taken_as_people_copy_them() -> None:
    terms = read(
        link(
            f" {URL}/ ",
            tenant_id=f" {{{TENANT}}} ",
            single_edits=" No ",
            layout_ids="inv = 7\n\n crd=8",
            key_field="Notes",
        )
    )
    assert (terms.base_url, terms.tenant, terms.edits, terms.key_field) == (URL, TENANT, False, "Notes")
    assert terms.layouts == {"INV": "7", "CRD": "8"}


def test_a_line_of_paths_takes_the_place_of_the_tables() -> None:
    found = endpoints(
        "refresh_suppliers = put /api/vendors/{tenant}/{company}?mode=all\n\n users = GET v1/users/{tenant}"
    )
    assert found["refresh_suppliers"] == Endpoint("refresh_suppliers", "PUT", "api/vendors/{tenant}/{company}?mode=all")
    assert found["users"] == Endpoint("users", "GET", "v1/users/{tenant}", is_seen=True)
    assert {name for name, one in found.items() if one != ENDPOINTS[name]} == {"refresh_suppliers", "users"}


def test_an_array_is_renamed_for_reading_and_replacing_unless_both_are_said() -> None:
    both = names("suppliers = Vendors")
    assert (both["suppliers"], both["refresh_suppliers"]) == ("Vendors", "Vendors")
    one = names("refresh_suppliers = SupplierList")
    assert (one["suppliers"], one["refresh_suppliers"]) == ("Suppliers", "SupplierList")
    two = names("suppliers = Vendors\nrefresh_suppliers = VendorList\ndefault_tax =")
    assert (two["suppliers"], two["refresh_suppliers"], two["default_tax"]) == ("Vendors", "VendorList", "")
    assert names("")["refresh_custom_field"] == "CustomFieldListItems"


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "null"), ("", "null"), (3, "3"), ("a b", "a%20b"), ("a/b", "a%2Fb"), ("a%b", "a%25b"), ("a+b", "a%2Bb"),
        ("é", "%C3%A9"), ("a~b_c-d.e", "a~b_c-d.e"), ("a?b#c", "a%3Fb%23c"),
    ],
)  # fmt: skip
def test_a_segment_is_encoded_and_never_left_out(value: Any, text: str) -> None:
    assert segment(value) == text


@pytest.mark.parametrize(
    "value, requests",
    [
        ("50", 50),
        ("1", 1),
        ("600", 600),
        ("601", 600),
        ("0", 1),
        ("-5", 1),
        ("", 50),
        ("many", 50),
        ("4.5", 50),
        (" 30 ", 30),
    ],
)
def test_the_pace_is_a_setting_within_bounds(value: str, requests: int) -> None:
    assert ICompleat.limits_for({"requests_per_minute": value}) == Limits(requests=requests, seconds=60)


def test_the_usual_pace_is_fifty_a_minute_for_each_key() -> None:
    assert ICompleat.limits_for({}) == ICompleat.limits == Limits(requests=50, seconds=60)
    assert ICompleat.limit_by == ("base_url", "security_key")


@pytest.mark.parametrize("value, pages", [("3", 3), ("0", 1), ("1000", 200), ("all", 20)])
def test_the_pages_to_search_are_bounded(value: str, pages: int) -> None:
    assert read(link(URL, lookup_pages=value)).lookup_pages == pages
