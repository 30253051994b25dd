"""Rules, files and mending of what is sold."""

from __future__ import annotations

import pytest
from django.urls import reverse
from hypothesis import given

from integrations.documents import Kind
from portal.connections.models import Connection
from portal.reference import sold
from portal.reference.families import coding_of, in_kind, kinds_of
from portal.reference.mending import beginnings_of, fields_of, key_of_field, mend_url
from portal.reference.models import MappedCode
from portal.reference.one_rule import NO_CODE
from portal.reference.rules import AS_IT_COMES, PLAIN, How, Missing, Rule, Rules, from_json, problems, to_json
from portal.reference.services import save_rules
from portal.reference.showing import shown_families
from portal.reference.table_edits import look_up
from portal.reference.table_files import Row, csv_lines, family_from_text, read
from portal.reference.table_import import CannotImport, keep, plan_of, take
from tests.factories import DemoConnectionFactory, SourceConnectionFactory
from tests.reference.test_sales import RULES

OF_PURCHASES = ("supplier", "account", "tax", "currency")


@pytest.fixture
def demo(db: None) -> Connection:
    made: Connection = DemoConnectionFactory.create()
    return made


# --- rules ------------------------------------------------------------------------------------------------------------


@given(RULES)
def test_what_is_stored_is_read_again(rules: Rules) -> None:
    if not problems(rules):
        assert from_json(to_json(rules)) == rules


def test_a_rule_that_lets_a_sale_through_is_stored_and_the_plain_one_is_not() -> None:
    assert to_json(Rules(revenue=AS_IT_COMES, bank=AS_IT_COMES)) == {
        "revenue": {"how": "direct", "absent": "as_is"},
        "bank": {"how": "direct", "absent": "as_is"},
    }
    assert to_json(PLAIN) == {}
    assert from_json({"tax": {"absent": "refuse"}}).revenue == Rule(how=How.TABLE, absent=Missing.REFUSE)


@pytest.mark.parametrize("family", ["revenue", "bank"])
def test_what_was_sold_and_a_method_are_no_codes_that_could_be_sent(family: str) -> None:
    rule = Rule(how=How.TABLE, unknown=Missing.AS_IS)
    wrong = Rules(revenue=rule) if family == "revenue" else Rules(bank=rule)
    assert problems(wrong) == {f"{family}.unknown": NO_CODE}
    assert problems(Rules(sales_tax=Rule(how=How.TABLE, unknown=Missing.AS_IS))) == {}
    assert problems(Rules(bank=Rule(how=How.DROP))) == {"bank.how": "Only a dimension can be left out."}


def test_the_rest_of_what_was_sold_cannot_be_sent_as_it_is(demo: Connection) -> None:
    save_rules(demo, Rules(revenue=AS_IT_COMES), who="tests")
    with pytest.raises(ValueError, match="has no code that could be sent"):
        look_up(demo, "revenue", who="tests", rest_as_it_is=True)
    assert look_up(demo, "revenue", who="tests")
    assert from_json(Connection.objects.get(pk=demo.pk).mapping).revenue.how is How.TABLE


# --- where they are shown ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_source_of_what_is_sold_shows_them_even_after_it_was_unlinked(demo: Connection) -> None:
    SourceConnectionFactory.create(company=demo.company)
    assert shown_families(demo, PLAIN) == OF_PURCHASES
    of_another = DemoConnectionFactory.create()
    SourceConnectionFactory.create(company=of_another.company, integration="accessplanit", external_company_id="")
    MappedCode.objects.create(connection=of_another, family="bank", source_code="B", accounting_code="1")
    MappedCode.objects.create(connection=demo, family="account", source_code="B", accounting_code="1")
    assert shown_families(demo, PLAIN) == OF_PURCHASES
    SourceConnectionFactory.create(
        company=demo.company, integration="accessplanit", external_company_id="", status="unlinked"
    )
    assert shown_families(demo, PLAIN) == (*OF_PURCHASES, "customer", "revenue", "bank", "sales_tax")


@pytest.mark.django_db
def test_a_source_that_is_no_longer_installed_shows_nothing(demo: Connection) -> None:
    SourceConnectionFactory.create(company=demo.company, integration="gone")
    assert shown_families(demo, PLAIN) == OF_PURCHASES


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "family"),
    [
        ("revenue", "revenue"), ("Revenue account", "revenue"), ("bank", "bank"), ("sales_tax", "sales_tax"),
        ("Sales tax", "sales_tax"), ("SALES TAX CODE", "sales_tax"), ("customer code", "customer"), ("sale", None),
    ],
)  # fmt: skip
def test_a_family_is_read_as_people_write_it(written: str, family: str | None) -> None:
    assert family_from_text(written) == family


def test_tables_of_sales_come_back_as_they_went(demo: Connection) -> None:
    rows = [("bank", "BACS", "1200"), ("revenue", "*first aid*", "4000"), ("sales_tax", "17.5", "T5")]
    for family, source, sent in rows:
        MappedCode.objects.create(connection=demo, family=family, source_code=source, accounting_code=sent)
    assert read("".join(csv_lines(demo))).rows == tuple(Row(*row, "") for row in rows)


def test_a_file_with_too_many_labels_is_not_taken_and_says_so(
    demo: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.reference.table_edits.MOST_LABEL_ROWS", 2)
    MappedCode.objects.create(connection=demo, family="revenue", source_code="*a*", accounting_code="1")
    text = "Family,Source code,Accounting code\ndimension:team,*b*,1\nrevenue,*c*,1\n"
    keep(demo, text, family="", who="sam")
    plan = plan_of(demo, "sam")
    assert plan is not None
    with pytest.raises(CannotImport, match="At most 500 rows of a connection can be for a part of a label"):
        take(demo, stamp=plan.stamp, who="sam")
    assert MappedCode.objects.count() == 1
    keep(demo, text.replace("revenue,*c*,1\n", "account,*c*,1\n"), family="", who="sam")
    plan = plan_of(demo, "sam")
    assert plan is not None
    take(demo, stamp=plan.stamp, who="sam")
    assert MappedCode.objects.count() == 3
    assert sold.TOO_MANY_LABEL_ROWS.startswith("At most 500 rows")


# --- mending ----------------------------------------------------------------------------------------------------------


def test_every_kind_has_its_families() -> None:
    assert {kind: coding_of(kind).account for kind in Kind if kind.is_sale} == {
        Kind.SALES_INVOICE: "revenue", Kind.SALES_CREDIT_NOTE: "revenue", Kind.PAYMENT: "bank", Kind.REFUND: "bank",
    }  # fmt: skip
    assert kinds_of("sales_tax") == [Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE]
    assert kinds_of("dimension:team") == kinds_of("currency") == list(Kind)
    assert [in_kind(family, Kind.REFUND) for family in ("supplier", "account", "currency", "bank")] == [
        "customer", "bank", "currency", "bank",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "kind", "family"),
    [
        ("defaults.account_code", Kind.SALES_INVOICE, "revenue"),
        ("defaults.account_code", Kind.PAYMENT, "bank"),
        ("defaults.account_code", Kind.INVOICE, "account"),
        ("defaults.account_code", None, "account"),
        ("defaults.supplier_code", Kind.REFUND, "customer"),
        ("defaults.tax_code", Kind.SALES_CREDIT_NOTE, "sales_tax"),
        ("defaults.customer_code", Kind.SALES_INVOICE, "customer"),
    ],
)
def test_a_code_that_a_connector_lacked_is_mended_where_its_kind_has_it(
    demo: Connection, field: str, kind: Kind | None, family: str
) -> None:
    assert key_of_field(field, kind) == (family, "")
    page = reverse("admin:reference_codemapping_change", args=[demo.pk])
    if family in ("revenue", "bank", "sales_tax"):
        add = reverse("admin:reference_mappedcode_add")
        assert mend_url(demo, f"mapping.{family}[A/1]", kind) == (
            f"{add}?connection={demo.pk}&kind={family}&source_code=A%2F1"
        )
    assert mend_url(demo, field, kind) == f"{page}#id_{family}__default"


def test_a_row_may_mend_what_errors_name_more_exactly() -> None:
    assert fields_of("revenue", "") == ["mapping.revenue[]", "defaults.account_code", "defaults.revenue_code"]
    assert beginnings_of("revenue", "Course") == ["mapping.revenue[Course/"]
    assert beginnings_of("dimension:team", "*aid*") == ["mapping.dimension:team["]
    assert beginnings_of("revenue", "") == beginnings_of("bank", "BACS") == beginnings_of("account", "5010") == []
