"""The rows that a document needs: one query, whatever the length of the table, and none without a table."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext

from integrations.documents import Document, Kind
from integrations.errors import Misconfigured
from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.reference import tables
from portal.reference.models import FOR_A_LABEL, CodeMapping, MappedCode
from portal.reference.rules import PLAIN, DimensionRule, How, Rule, Rules, defaults, from_json, to_json
from portal.reference.services import row_counts, save_rules
from portal.reference.tables import codes_for, label_rows, rows_for
from tests.factories import DemoConnectionFactory, SourceConnectionFactory
from tests.samples import sale, sample, with_line

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
BY_ITS_INDEX = {
    "sqlite": "(connection_id=? AND family=? AND source_code=?)",
    "postgresql": "using one_row_per_source_code",
}
TABLES = Rules(supplier=Rule(how=How.TABLE), account=Rule(how=How.TABLE), tax=Rule(how=How.TABLE))


def linked(rules: Rules = PLAIN) -> Connection:
    made: Connection = DemoConnectionFactory.create(mapping=to_json(rules))
    return made


def row(of: Connection, family: str, source_code: str, accounting_code: str) -> MappedCode:
    return MappedCode.objects.create(
        connection=of, family=family, source_code=source_code, accounting_code=accounting_code
    )


@pytest.mark.parametrize("rules", [PLAIN, defaults(account="7502"), Rules(dimensions=(DimensionRule(name="Team"),))])
def test_without_a_table_nothing_is_asked(rules: Rules) -> None:
    demo = linked(rules)
    with CaptureQueriesContext(connection) as seen:
        codes = codes_for(demo, sample())
    assert len(seen) == 0
    assert codes.mapped(sample()) == sample()


def test_all_tables_of_a_document_are_one_query_by_the_index() -> None:
    demo = linked(TABLES)
    for family, source_code, sent in (
        ("account", "5010", "7100"), ("account", "7504", "7200"), ("account", "T1", "not a tax code"),
        ("tax", "T1", "A"), ("tax", "T0", "B"), ("supplier", "CROWN01", "S1"),
    ):  # fmt: skip
        row(demo, family, source_code, sent)
    MappedCode.objects.bulk_create(
        MappedCode(connection=demo, family="account", source_code=f"C{n}", accounting_code="x") for n in range(2_000)
    )
    row(linked(), "account", "5010", "another company's")
    with CaptureQueriesContext(connection) as seen:
        sent_document = codes_for(demo, sample()).mapped(sample())
    assert len(seen) == 1
    assert sent_document.party.code == "S1"
    assert [(line.account_code, line.tax_code) for line in sent_document.lines] == [("7100", "A"), ("7200", "B")]
    assert BY_ITS_INDEX[connection.vendor] in plan_of(demo)


def plan_of(demo: Connection) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE reference_mappedcode")
        rows = MappedCode.objects.filter(
            connection_id=demo.pk, family__in=["account", "tax"], source_code__in=["5010", "T1"]
        )
        return str(rows.values_list("accounting_code").explain())


def test_very_many_codes_are_asked_for_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "CODES_AT_ONCE", 2)
    demo = linked()
    for n in range(5):
        row(demo, "account", str(n), f"A{n}")
    keys = [("account", str(n)) for n in range(6)]
    with CaptureQueriesContext(connection) as seen:
        found = rows_for(demo.pk, keys)
    assert found == {("account", str(n)): f"A{n}" for n in range(5)}
    assert len(seen) == 3


def test_a_missing_row_names_the_first_and_counts_the_rest() -> None:
    demo = linked(TABLES)
    row(demo, "supplier", "CROWN01", "S1")
    with pytest.raises(Misconfigured, match="Line 1: account code 5010 is not in the mapping table") as caught:
        codes_for(demo, sample()).mapped(sample())
    assert "3 more codes" in caught.value.message
    assert len(codes_for(demo, sample()).gaps(sample())) == 4


def test_codes_differ_by_letter_case_on_both_databases() -> None:
    demo = linked()
    row(demo, "tax", "t1", "small")
    row(demo, "tax", "T1", "large")
    assert rows_for(demo.pk, [("tax", "T1")]) == {("tax", "T1"): "large"}


def test_a_code_has_one_row_and_its_connection_stays() -> None:
    demo = linked()
    row(demo, "tax", "T1", "A")
    with pytest.raises(ProtectedError):
        demo.delete()
    with pytest.raises(IntegrityError):
        row(demo, "tax", "T1", "B")


def test_only_what_is_posted_into_has_a_mapping() -> None:
    SourceConnectionFactory.create()
    demo = linked()
    assert [each.pk for each in CodeMapping.objects.all()] == [demo.pk]


# --- writing the rules ------------------------------------------------------------------------------------------------


def test_rules_are_saved_and_told_with_before_and_after() -> None:
    demo = linked(defaults(account="7502"))
    assert save_rules(demo, TABLES, who="sam") is True
    assert from_json(Connection.objects.get(pk=demo.pk).mapping) == TABLES
    assert demo.mapping == to_json(TABLES)
    event = AuditEvent.objects.get(verb="mapping.changed")
    assert (event.who, event.subject_type, event.subject_id) == ("sam", "reference.codemapping", str(demo.pk))
    assert (event.tenant_id, event.company_id) == (demo.company.tenant_id, demo.company_id)
    assert event.details == {"before": to_json(defaults(account="7502")), "after": to_json(TABLES)}


def test_the_same_rules_again_tell_nothing() -> None:
    demo = linked(TABLES)
    assert save_rules(demo, TABLES, who="sam") is False
    assert not AuditEvent.objects.exists()


def test_rules_that_make_no_sense_are_not_saved() -> None:
    demo = linked()
    with pytest.raises(ValueError, match="Nothing uses this code"):
        save_rules(demo, Rules(tax=Rule(default="T1")), who="sam")
    assert Connection.objects.get(pk=demo.pk).mapping == {}


def test_rows_are_counted_by_family() -> None:
    demo = linked()
    for n in range(3):
        row(demo, "account", str(n), "x")
    row(demo, "dimension:team", "A", "x")
    row(linked(), "tax", "T1", "x")
    assert row_counts(demo) == {"account": 3, "dimension:team": 1}


# --- what was sold ----------------------------------------------------------------------------------------------------

BY_LABEL = {
    "sqlite": "USING COVERING INDEX rows_for_labels",
    "postgresql": "rows_for_labels",
}


def test_rows_for_a_part_of_a_label_are_read_for_sales_alone_by_their_own_index() -> None:
    demo = linked()
    row(demo, "revenue", "*first aid*", "4000")
    row(demo, "revenue", "course", "4010")
    row(demo, "sales_tax", "T1", "20")
    row(demo, "sales_tax", "T0", "0")
    row(demo, "bank", "*BACS*", "1200")
    row(linked(), "revenue", "*course materials*", "another company's")
    MappedCode.objects.bulk_create(
        MappedCode(connection=demo, family="revenue", source_code=f"C{n}", accounting_code="x") for n in range(2_000)
    )
    with CaptureQueriesContext(connection) as seen:
        codes = codes_for(demo, unwritten())
    assert len(seen) == 2
    assert codes.rows == {
        ("revenue", "*first aid*"): "4000", ("revenue", "course"): "4010", ("sales_tax", "T1"): "20",
        ("sales_tax", "T0"): "0",
    }  # fmt: skip
    assert [line.account_code for line in codes.as_far_as_known(unwritten()).lines] == ["4010", "4000"]
    with CaptureQueriesContext(connection) as seen:
        codes_for(demo, with_line(sale(Kind.PAYMENT), 0, account_code=None))
    assert len(seen) == 1


def unwritten() -> Document:
    """Two things that were sold, without the accounts for them: one known by its type, one by its label."""
    return with_line(with_line(sale(), 0, account_code=None), 1, account_code=None)


def test_the_index_of_labels_answers() -> None:
    demo = linked()
    MappedCode.objects.bulk_create(
        MappedCode(connection=demo, family="revenue", source_code=code, accounting_code="x")
        for n in range(2_000)
        for code in ([f"C{n}", f"*{n}*"] if n < 20 else [f"C{n}"])
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE reference_mappedcode")
    assert label_rows(demo.pk).count() == 20
    rows = MappedCode.objects.filter(FOR_A_LABEL, connection=demo, family__in=["revenue"]).order_by()
    assert BY_LABEL[connection.vendor] in str(rows.values_list("source_code").explain())
