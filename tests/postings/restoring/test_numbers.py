"""No number that may have been told is used again, no gap is without a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.transaction import atomic
from django.utils import timezone

from ledger.models import Counter
from portal.events.models import AuditEvent
from portal.postings.models import NumberSeries, Transaction, VoidNumbers
from portal.postings.restoring.numbers import NoSuchNumber, jumps, leave_out, read_number
from portal.tenants.models import Company
from tests.environment import database_kind
from tests.factories import CompanyFactory, DemoConnectionFactory, LedgerConnectionFactory, accepted

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

NOW = timezone.now()
HOUR_AGO = NOW - timedelta(hours=1)


@pytest.fixture
def company(db: None) -> Company:
    """Took 1 to 3 into an outside system."""
    made = DemoConnectionFactory.create(company__name="Harbour Street")
    for _ in range(3):
        accepted(made)
    return Company.objects.get()


def left_out(**options: object) -> list[str]:
    options = {"up_to": {}, **options}
    return [str(jump) for jump in jumps(HOUR_AGO, NOW, **options)]  # type: ignore[arg-type]


def explained(company: Company, series: str = "P") -> list[int]:
    """Every number that was given or is explained, each as often as it is."""
    given = [int(number.partition("-")[2]) for number in Transaction.objects.values_list("number", flat=True)]
    void = VoidNumbers.objects.filter(company=company, series=series).values_list("first", "last")
    return sorted([*given, *(number for first, last in void for number in range(first, last + 1))])


def test_the_series_goes_on_behind_an_explained_range(company: Company) -> None:
    assert left_out() == ["Harbour Street: P-000004 to P-002000"]
    leave_out(jumps(HOUR_AGO, NOW, up_to={}), HOUR_AGO, who="sam")
    made = accepted(company.connections.get())
    assert made.posting.transaction.number == "P-002001"
    assert explained(company) == list(range(1, 2002))
    void = VoidNumbers.objects.get()
    assert (void.first, void.last, void.who) == (4, 2000, "sam")
    assert void.why.startswith(f"Restored from a backup of {HOUR_AGO:%d %b %Y %H:%M} UTC: these numbers may")
    assert [event.verb for event in AuditEvent.objects.filter(subject_id=str(company.pk))] == ["numbers.left_out"]


def test_a_second_time_nothing_more_is_left_out(company: Company) -> None:
    leave_out(jumps(HOUR_AGO, NOW, up_to={}), HOUR_AGO, who="sam")
    assert left_out() == []
    accepted(company.connections.get())
    assert left_out() == ["Harbour Street: P-002002 to P-004000"]


def test_exactly_as_far_as_somebody_knows(company: Company) -> None:
    up_to = {(str(company.pk), "P"): 17}
    assert left_out(up_to=up_to) == ["Harbour Street: P-000004 to P-000017"]
    assert left_out(up_to={(str(company.pk), "P"): 3}) == []
    leave_out(jumps(HOUR_AGO, NOW, up_to=up_to), HOUR_AGO, who="sam")
    assert accepted(company.connections.get()).posting.transaction.number == "P-000018"
    assert explained(company) == list(range(1, 19))


def test_a_busy_company_jumps_further(company: Company) -> None:
    received = Transaction.objects.all()
    received.update(received_at=HOUR_AGO - timedelta(minutes=30))
    assert left_out(at_least=10) == ["Harbour Street: P-000004 to P-001000"]
    NumberSeries.objects.update(last=990)
    assert left_out(at_least=10) == ["Harbour Street: P-000991 to P-002000"]
    received.update(received_at=HOUR_AGO - timedelta(minutes=90))
    assert left_out(at_least=10) == ["Harbour Street: P-000991 to P-001000"]


def test_nothing_is_left_out_where_nothing_can_have_been_answered(company: Company) -> None:
    assert left_out(at_least=0) == []
    assert left_out(at_least=0, up_to={(str(company.pk), "P"): 5}) == ["Harbour Street: P-000004 to P-000005"]


def test_a_company_that_had_no_number_yet_may_have_got_one(company: Company) -> None:
    CompanyFactory.create(name="Quayside")
    leave_out(jumps(HOUR_AGO, NOW, up_to={}), HOUR_AGO, who="sam")
    other = DemoConnectionFactory.create(company=Company.objects.get(name="Quayside"))
    assert accepted(other).posting.transaction.number == "P-001001"


def test_the_numbers_of_the_built_in_ledger_too() -> None:
    ledger = LedgerConnectionFactory.create(company__name="Northgate")
    assert accepted(ledger).posting.external_number == "JNL-000001"
    memo = DemoConnectionFactory.create(company__name="Westfield")
    accepted(memo, kept=True)
    found = jumps(HOUR_AGO, NOW, up_to={(str(ledger.company_id), "JNL"): 40})
    assert [str(jump) for jump in found] == [
        "Northgate: P-000002 to P-002000",
        "Northgate: JNL-000002 to JNL-000040",
        "Northgate: MEM-000001 to MEM-001000",
        "Westfield: P-000002 to P-002000",
        "Westfield: JNL-000001 to JNL-001000",
        "Westfield: MEM-000002 to MEM-002000",
    ]
    leave_out(found, HOUR_AGO, who="sam")
    assert accepted(ledger).posting.external_number == "JNL-000041"
    assert set(Counter.objects.values_list("last", flat=True)) == {41, 1000, 2000}


@pytest.mark.parametrize(("text", "found"), [("P-000123", ("P", 123)), (" jnl-7 ", ("JNL", 7))])
def test_a_number_is_read(text: str, found: tuple[str, int]) -> None:
    assert read_number(text) == found


@pytest.mark.parametrize("text", ["", "123", "P-", "P-12x", "P-1;DROP"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(NoSuchNumber):
        read_number(text)


def test_a_series_that_the_company_does_not_have_is_refused(company: Company) -> None:
    with pytest.raises(NoSuchNumber, match="JNL"):
        jumps(HOUR_AGO, NOW, up_to={(str(company.pk), "JNL"): 5})


if database_kind() == "postgres":

    @pytest.mark.parametrize(
        "statement", ["DELETE FROM postings_voidnumbers", "UPDATE postings_voidnumbers SET last = 9"]
    )
    def test_an_explanation_stays(company: Company, statement: str) -> None:
        leave_out(jumps(HOUR_AGO, NOW, up_to={}), HOUR_AGO, who="sam")
        with pytest.raises(DatabaseError, match="never changed"), atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
