"""From what an error names to the form where it is mended."""

from __future__ import annotations

import pytest
from django.urls import reverse

from portal.connections.models import Connection
from portal.reference.gaps import field_of
from portal.reference.mending import fields_of, is_of_a_mapping, key_of_field, mend_url, refused_url
from portal.reference.rules import DimensionRule, How, Rule, Rules, to_json
from tests.factories import DemoConnectionFactory

TABLES = Rules(account=Rule(how=How.TABLE), dimensions=(DimensionRule(name="Cost [UK]", how=How.TABLE),))


@pytest.mark.parametrize(
    ("family", "code"),
    [("account", "5010"), ("account", ""), ("dimension:cost [uk]", "A"), ("tax", "a]b"), ("supplier", "x y")],
)
def test_a_field_tells_its_family_and_code(family: str, code: str) -> None:
    assert key_of_field(field_of(family, code)) == (family, code)
    assert is_of_a_mapping(field_of(family, code))


@pytest.mark.parametrize("field", ["", "lines[1].account_code", "supplier", "mapping.account[" + "9" * 84, "books"])
def test_other_fields_name_no_code(field: str) -> None:
    assert key_of_field(field) is None


def test_a_code_that_a_connector_lacked_is_mended_in_the_same_place() -> None:
    assert key_of_field("defaults.account_code") == ("account", "")
    assert fields_of("account", "") == ["mapping.account[]", "defaults.account_code"]
    assert fields_of("account", "5010") == ["mapping.account[5010]"]
    assert [is_of_a_mapping(field) for field in ("defaults.tax_code", "mapping", "kind")] == [True, True, False]


@pytest.fixture
def demo(db: None) -> Connection:
    made: Connection = DemoConnectionFactory.create(mapping=to_json(TABLES))
    return made


@pytest.mark.parametrize(
    ("field", "query"),
    [
        ("mapping.account[50 10]", "kind=account&source_code=50+10"),
        ("mapping.dimension:cost [uk][A]", "kind=dimension&dimension=Cost+%5BUK%5D&source_code=A"),
    ],
)
def test_a_code_that_a_table_lacks_leads_to_the_form_of_a_new_row(demo: Connection, field: str, query: str) -> None:
    add = reverse("admin:reference_mappedcode_add")
    assert mend_url(demo, field) == f"{add}?connection={demo.pk}&{query}"


@pytest.mark.parametrize(
    ("field", "anchor"),
    [
        ("mapping.account[]", "#id_account__default"),
        ("defaults.tax_code", "#id_tax__default"),
        ("mapping.tax[T1]", "#id_tax__default"),
        ("mapping.dimension:team[]", ""),
        ("mapping", ""),
    ],
)
def test_everything_else_leads_to_the_rule(demo: Connection, field: str, anchor: str) -> None:
    assert mend_url(demo, field) == reverse("admin:reference_codemapping_change", args=[demo.pk]) + anchor


def test_rules_that_cannot_be_read_are_mended_on_their_page(demo: Connection) -> None:
    demo.mapping = {"account": 7}
    assert mend_url(demo, "mapping.account[1]") == reverse("admin:reference_codemapping_change", args=[demo.pk])


def test_what_was_refused_is_asked_for_by_its_code(demo: Connection) -> None:
    page = reverse("admin:postings_posting_refused")
    assert refused_url(demo.pk, "account", "5 1") == f"{page}?connection={demo.pk}&family=account&code=5+1"
    assert refused_url(demo.pk) == f"{page}?connection={demo.pk}"
