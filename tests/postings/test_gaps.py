"""The gaps report, and what was refused for want of a code."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.documents import Dimension, Kind
from integrations.errors import Misconfigured
from portal.connections.models import Connection
from portal.postings.gaps import gaps_of, refused_for
from portal.postings.maintenance import maintenance
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.reference.models import MappedCode
from portal.reference.rules import DimensionRule, How, Missing, Rule, Rules
from portal.reference.services import save_rules
from tests.factories import DemoConnectionFactory, a_document, a_line, accepted

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
RULES = Rules(
    account=Rule(how=How.TABLE, absent=Missing.REFUSE),
    tax=Rule(how=How.TABLE, unknown=Missing.DEFAULT, default="T9"),
    dimensions=(DimensionRule(name="Department", how=How.TABLE),),
)


@pytest.fixture
def mapped_connection(connection: Connection) -> Connection:
    save_rules(connection, RULES, who="tests")
    MappedCode.objects.create(connection=connection, family="account", source_code="5010", accounting_code="7100")
    return connection


def came(connection: Connection, **line: Any) -> Posting:
    return accepted(connection, a_document(lines=(a_line(**line),))).posting


def found(connection: Connection, last: int = 200) -> list[tuple[str, str, int, str]]:
    return [
        (each.gap.family, each.gap.code, each.transactions, each.default) for each in gaps_of(connection, last).found
    ]


def test_codes_without_a_row_are_counted_by_transaction(mapped_connection: Connection) -> None:
    team = Dimension(name="Department", code="TRN")
    came(mapped_connection)
    two_lines = (a_line(account_code="9999"), a_line(2, account_code="9999", tax_code="T1"))
    accepted(mapped_connection, a_document(lines=two_lines))
    latest = came(mapped_connection, account_code="9999", dimensions=(team,))
    came(mapped_connection, account_code=None, tax_code=None)
    report = gaps_of(mapped_connection)
    assert report.looked_at == 4
    assert sorted(found(mapped_connection)) == [
        ("account", "", 1, ""),
        ("account", "9999", 2, ""),
        ("dimension:department", "TRN", 1, ""),
        ("tax", "T1", 3, "T9"),
    ]
    assert report.found[0].gap.code == "T1"
    example = next(each.example for each in report.found if each.gap.code == "9999")
    assert example == (latest.transaction_id, latest.transaction.number)


def test_only_the_last_ones_of_this_company_are_looked_at(mapped_connection: Connection, books: object) -> None:
    came(mapped_connection, account_code="1")
    came(mapped_connection, account_code="2")
    came(DemoConnectionFactory.create(integration="fake"), account_code="3")
    assert [code for family, code, *_ in found(mapped_connection, 1) if family == "account"] == ["2"]


def test_kinds_that_the_system_does_not_take_and_what_cannot_be_read_are_passed_over(
    mapped_connection: Connection,
) -> None:
    accepted(mapped_connection, a_document(kind=Kind.RECEIPT, lines=(a_line(account_code="1"),)), kept=True)
    unreadable = came(mapped_connection, account_code="2")
    Transaction.objects.filter(pk=unreadable.transaction_id).update(content={"kind": "older"})
    assert gaps_of(mapped_connection).looked_at == 0


def test_it_takes_two_queries_however_many_came(mapped_connection: Connection) -> None:
    for n in range(30):
        came(mapped_connection, account_code=str(n))
    with CaptureQueriesContext(database) as seen:
        assert len(gaps_of(mapped_connection).found) == 31
    selects = [
        query["sql"] for query in seen.captured_queries if query["sql"].lstrip().startswith(("SELECT", "DECLARE"))
    ]
    assert len(selects) == 2


def test_without_rules_there_is_no_gap_and_broken_ones_say_so(connection: Connection) -> None:
    came(connection, account_code="9999")
    assert found(connection) == []
    connection.mapping = {"account": 1}
    with pytest.raises(Misconfigured):
        gaps_of(connection)


def rejected(connection: Connection, field: str, state: State = State.REJECTED) -> int:
    posting = came(connection)
    with maintenance():
        Posting.objects.filter(pk=posting.pk).update(state=state, reason_field=field, next_attempt_at=None)
    return posting.pk


def test_what_was_refused_is_found_by_its_code(connection: Connection) -> None:
    by_row = rejected(connection, "mapping.account[5010]")
    absent = rejected(connection, "mapping.account[]")
    by_connector = rejected(connection, "defaults.account_code")
    broken = rejected(connection, "mapping")
    rejected(connection, "lines[1].account_code")
    rejected(connection, "mapping.account[5010]", State.WITHDRAWN)
    rejected(DemoConnectionFactory.create(integration="fake"), "mapping.account[5010]")

    def pks(*of: str) -> list[int]:
        return [posting.pk for posting in refused_for(connection.pk, *of)]

    assert pks("account", "5010") == [by_row]
    assert pks("account", "") == [absent, by_connector]
    assert pks("tax", "5010") == []
    assert pks() == [by_row, absent, by_connector, broken]
