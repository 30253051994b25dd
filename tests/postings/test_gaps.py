"""The gaps report, and what was refused for want of a code."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.documents import Dimension, Kind
from integrations.errors import Misconfigured
from integrations.metadata import Abilities
from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.postings.gaps import gaps_of, refused_for
from portal.postings.maintenance import maintenance
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.reference.judging import Fate, Verdict
from portal.reference.models import MappedCode, SyncRun, SyncState
from portal.reference.rules import DimensionRule, How, Missing, Rule, Rules
from portal.reference.services import save_rules
from tests.desk.syncs import a_record
from tests.factories import DemoConnectionFactory, a_document, a_line, accepted
from tests.postings.fake_books import FakeBooks

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
    """Family and code, how many use it, and what becomes of it: the code that is sent, or the verdict."""
    return [
        (each.judged.family, each.judged.code, each.transactions, each.judged.sent or each.judged.verdict.value)
        for each in gaps_of(connection, last).found
    ]


def read(connection: Connection, kind: str, *codes: str, state: SyncState = SyncState.COMPLETE, **options: Any) -> None:
    """A list that was read from the accounting system, with these codes in it."""
    now = timezone.now()
    SyncRun.objects.create(company=connection.company, connection=connection, kind=kind, state=state, asked_at=now)
    for code in codes:
        a_record(connection, code, kind=kind, **options)


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
        ("account", "", 1, "absent"),
        ("account", "9999", 2, "no_row"),
        ("dimension:department", "TRN", 1, "no_row"),
        ("tax", "", 1, "absent"),
        ("tax", "T1", 3, "T9"),
    ]
    assert report.refused == 4
    assert report.found[0].judged.code == "T1"
    example = next(each.example for each in report.found if each.judged.code == "9999")
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


def test_the_number_of_queries_does_not_grow(mapped_connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    department = {"dimensions": (Dimension(name="Team", code="TRN"),)}
    can = Abilities(kinds=frozenset({Kind.INVOICE}), reads=frozenset(RecordKind))
    monkeypatch.setattr(FakeBooks, "can", can)
    for kind in RecordKind:
        read(mapped_connection, kind.value, "1", dimension="Team" if kind is RecordKind.DIMENSION else "")
    came(mapped_connection, account_code="0", **department)
    with CaptureQueriesContext(database) as few:
        assert len(gaps_of(mapped_connection).found) == 5
    for n in range(30):
        came(mapped_connection, account_code=str(n), **department)
    with CaptureQueriesContext(database) as many:
        assert len(gaps_of(mapped_connection).found) == 34
    assert (len(selects(few)), len(selects(many))) == (6, 6)


def selects(seen: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in seen.captured_queries if query["sql"].lstrip().startswith(("SELECT", "DECLARE"))]


def test_without_rules_there_is_no_gap_and_broken_ones_say_so(connection: Connection) -> None:
    came(connection, account_code="9999")
    assert found(connection) == []
    connection.mapping = {"account": 1}
    with pytest.raises(Misconfigured):
        gaps_of(connection)


@pytest.fixture
def told(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A system that tells accounts, tax codes, suppliers and dimensions, and whose accounts were read."""
    reads = frozenset({RecordKind.ACCOUNT, RecordKind.TAX, RecordKind.SUPPLIER, RecordKind.DIMENSION})
    monkeypatch.setattr(FakeBooks, "can", Abilities(kinds=frozenset({Kind.INVOICE}), reads=reads))
    read(connection, "account", "5010", "ABC")
    return connection


def test_what_the_accounting_system_does_not_know_is_found(told: Connection) -> None:
    a_record(told, "OLD", kind="account", is_active=False)
    for code in ("5010", "9999", "OLD", "abc"):
        came(told, account_code=code)
    assert sorted(found(told)) == [
        ("account", "9999", 1, "9999"), ("account", "OLD", 1, "OLD"), ("account", "abc", 1, "abc"),
    ]  # fmt: skip
    assert {each.judged.code: (each.judged.fate, each.judged.sentence) for each in gaps_of(told).found} == {
        "9999": (
            Fate.REFUSED, "Fake books has no account code 9999. Add it there, or send another code by the mapping.",
        ),
        "OLD": (
            Fate.REFUSED, "Account code OLD is no longer in use in Fake books. Send another code by the mapping.",
        ),
        "abc": (
            Fate.PERHAPS_REFUSED,
            "Fake books writes abc in other letters, large or small. Write it the same in the mapping.",
        ),
    }  # fmt: skip


def test_it_is_the_code_that_is_sent_that_must_be_known(told: Connection) -> None:
    account = Rule(how=How.TABLE, unknown=Missing.DEFAULT, default="7000")
    save_rules(told, Rules(account=account), who="tests")
    MappedCode.objects.create(connection=told, family="account", source_code="HIRE", accounting_code="5010")
    MappedCode.objects.create(connection=told, family="account", source_code="FOOD", accounting_code="6666")
    for code in ("HIRE", "FOOD", "TAXI", "BUS"):
        came(told, account_code=code)
    assert sorted(found(told)) == [
        ("account", "BUS", 1, "7000"), ("account", "FOOD", 1, "6666"), ("account", "TAXI", 1, "7000"),
    ]  # fmt: skip
    assert {each.judged.fate for each in gaps_of(told).found} == {Fate.REFUSED}
    a_record(told, "7000", kind="account")
    assert {each.judged.code: each.judged.fate for each in gaps_of(told).found} == {
        "BUS": Fate.SENT_AS_DEFAULT, "TAXI": Fate.SENT_AS_DEFAULT, "FOOD": Fate.REFUSED,
    }  # fmt: skip
    assert gaps_of(told).refused == 1


def test_a_list_that_was_never_read_to_its_end_proves_nothing_and_says_so(told: Connection) -> None:
    read(told, "tax", "T9", state=SyncState.FETCH_ERROR)
    came(told)
    report = gaps_of(told)
    assert report.found == ()
    again = "Read them with Sync now on the page of the reference data, then look again."
    assert report.notes == (
        f"Suppliers and tax codes of Fake books were never read, so nobody knows whether it has these codes. {again}",
        "Fake books does not tell its currency codes, so whether it has these codes shows when a document is sent.",
    )


def test_what_is_sent_as_it_is_for_want_of_a_row_is_looked_for_there(told: Connection) -> None:
    read(told, "account", "7100", "8000")
    save_rules(told, Rules(account=Rule(how=How.TABLE, unknown=Missing.AS_IS)), who="tests")
    MappedCode.objects.create(connection=told, family="account", source_code="5010", accounting_code="7100")
    for code in ("5010", "8000", "9999"):
        came(told, account_code=code)
    assert found(told) == [("account", "9999", 1, "9999")]
    assert gaps_of(told).found[0].judged.verdict is Verdict.UNKNOWN


def test_a_dimension_is_looked_for_under_the_name_that_it_has_there(told: Connection) -> None:
    read(told, "dimension", "TRN", dimension="Centre")
    save_rules(told, Rules(dimensions=(DimensionRule(name="Cost Centre", to="centre"),)), who="tests")
    team = Dimension(name="Team", code="A")
    for name, code in (("CostCentre", "TRN"), ("Cost centre", "XYZ")):
        came(told, dimensions=(Dimension(name=name, code=code), team))
    assert sorted(found(told)) == [("dimension:cost centre", "XYZ", 1, "XYZ"), ("dimension:team", "A", 2, "A")]
    assert [(each.judged.verdict, each.judged.fate) for each in gaps_of(told).found] == [
        (Verdict.NO_DIMENSION, Fate.PERHAPS_REFUSED), (Verdict.UNKNOWN, Fate.PERHAPS_REFUSED),
    ]  # fmt: skip


def test_a_supplier_that_is_not_known_may_be_made(told: Connection) -> None:
    read(told, "supplier")
    came(told)
    (gap,) = gaps_of(told).found
    assert (gap.judged.family, gap.judged.fate) == ("supplier", Fate.PERHAPS_REFUSED)


def test_currencies_that_become_one_are_a_gap(connection: Connection) -> None:
    save_rules(connection, Rules(currency=Rule(how=How.TABLE)), who="tests")
    for own in ("GBP", "USD"):
        MappedCode.objects.create(connection=connection, family="currency", source_code=own, accounting_code="GBP")
    posting = accepted(connection, a_document(currency="USD")).posting
    accepted(connection, a_document())
    (gap,) = gaps_of(connection).found
    assert (gap.judged.family, gap.judged.code, gap.judged.verdict, gap.transactions) == (
        "currency", "USD", Verdict.CLASH, 1,
    )  # fmt: skip
    assert gap.example == (posting.transaction_id, posting.transaction.number)
    assert gap.judged.sentence.startswith("The mapping of the connection gives USD the same code as")


def test_a_line_of_text_and_an_order_need_no_codes(connection: Connection) -> None:
    text = a_line(2, net=Decimal(0), tax=Decimal(0), gross=Decimal(0), account_code=None, tax_code=None)
    accepted(connection, a_document(lines=(a_line(), text)))
    accepted(connection, a_document(kind=Kind.PURCHASE_ORDER, lines=(a_line(account_code=None, tax_code=None),)))
    assert found(connection) == []
    accepted(connection, a_document(lines=(a_line(account_code=" ", tax_code="T1"),)))
    assert found(connection) == [("account", "", 1, "absent")]


def test_an_integration_that_is_gone_says_so(connection: Connection) -> None:
    connection.integration = "gone"
    assert gaps_of(connection).notes == ("This release does not know gone, so nobody knows what it has.",)


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
