"""The gaps in the source's own lists: read live over real HTTP from iCompleat's stand-in, judged, bounded, counted."""

from __future__ import annotations

import csv
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
import requests
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.base import Source
from integrations.icompleat import sandbox
from integrations.metadata import Abilities
from integrations.reference import RecordKind, RecordList
from integrations.sandbox import Server, Store, mount
from portal.connections.models import Connection, Status
from portal.connections.setup import save_source
from portal.postings import list_gaps
from portal.postings.gap_files import csv_lines
from portal.postings.gaps import gaps_of
from portal.postings.list_gaps import ListReport, Reading, readable_source, targets_of
from portal.reference.judging import Fate
from portal.reference.models import MappedCode, SyncRun, SyncState
from portal.reference.rules import DimensionRule, How, Missing, Rule, Rules
from portal.reference.services import save_rules
from tests.desk.syncs import a_record
from tests.factories import a_document, a_line, accepted
from tests.postings.fake_books import FakeBooks

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
TENANT, COMPANY, KEY = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in (1, 2, 3))
ACCOUNTS, TAXES = RecordList(kind=RecordKind.ACCOUNT), RecordList(kind=RecordKind.TAX)


@dataclass(frozen=True)
class There:
    """iCompleat's stand-in, with the switches of its control page and its API."""

    url: str

    def put(self, path: str, body: object) -> None:
        requests.put(f"{self.url}/control/{path}", json=body, timeout=10).raise_for_status()

    def send(self, path: str, body: object) -> Any:
        headers = {"x-api-compleat-key": KEY, "x-api-version": "1"}
        answer = requests.post(f"{self.url}/api/{path}/{TENANT}/{COMPANY}", json=body, headers=headers, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def fill(self, path: str, array: str, *codes: str, **more: object) -> None:
        """Replace a list."""
        token = ""
        rows = [{"Code": code, "Name": f"Name of {code}", **more} for code in codes]
        for start in range(0, len(rows), 100):
            token = self.send(path, {array: rows[start : start + 100], "ContinuationToken": token})["ContinuationToken"]


@pytest.fixture
def there() -> Iterator[There]:
    with Server(mount({"icompleat": sandbox.build(store := Store("icompleat"))})) as server:
        there = There(f"{server.url}/icompleat")
        there.put(f"tenants/{TENANT}", {"name": "Northgate", "security_key": KEY})
        company = {"name": "Northgate Ltd", "base_currency": "GBP", "tenant_id": TENANT}
        there.put(f"companies/{COMPANY}", company)
        there.put("faults", {"limit_per_minute": 0})
        yield there
    store.close()


@pytest.fixture
def source(there: There, connection: Connection) -> Connection:
    """The company's iCompleat, and an accounting system that knows two accounts."""
    settings = {"base_url": there.url, "tenant_id": TENANT, "company_id": COMPANY, "requests_per_minute": "600"}
    for code in ("7100", "7200"):
        a_record(connection, code, kind="account")
    for kind in ("account", "dimension"):
        SyncRun.objects.create(
            company=connection.company, connection=connection, kind=kind, state=SyncState.COMPLETE,
            asked_at=timezone.now(),
        )  # fmt: skip
    return save_source(connection.company, "icompleat", settings, {"security_key": KEY}, "tests")


@pytest.fixture(autouse=True)
def _tells(books: object, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = frozenset({RecordKind.ACCOUNT, RecordKind.DIMENSION})
    monkeypatch.setattr(FakeBooks, "can", Abilities(kinds=FakeBooks.can.kinds, reads=reads))


def by_table(connection: Connection, **rows: str) -> None:
    save_rules(connection, Rules(account=Rule(how=How.TABLE)), who="tests")
    for own, sent in rows.items():
        MappedCode.objects.create(
            connection=connection, family="account", source_code=own.removeprefix("_"), accounting_code=sent
        )


def reading(connection: Connection, source: Connection, **options: Any) -> Reading:
    return Reading(connection=connection, source=source, **options)


def report_of(connection: Connection, source: Connection, target: RecordList, **options: Any) -> ListReport:
    (report,) = reading(connection, source, **options).reports([target])
    return report


def told(report: ListReport) -> list[tuple[str, str, int]]:
    return [(gap.judged.code, gap.judged.verdict.value, gap.used) for gap in report.found]


def test_codes_that_would_be_refused_are_found_the_most_used_first(
    there: There, source: Connection, connection: Connection
) -> None:
    by_table(connection, _5010="7100", _5020="6666")
    there.fill("accountcodes", "AccountCodes", "5000", "5010", "5020", "5030")
    for _ in range(2):
        accepted(connection, a_document(lines=(a_line(account_code="5030"),)))
    report = report_of(connection, source, ACCOUNTS)
    assert told(report) == [("5030", "no_row", 2), ("5000", "no_row", 0), ("5020", "unknown", 0)]
    assert (report.label, report.read, report.refused, report.found_in_all, report.problem) == (
        "Account codes", 4, 3, 3, "",
    )  # fmt: skip
    assert report.counts == {Fate.SENT: 1, Fate.REFUSED: 3}


def test_what_goes_by_default_is_a_hint(there: There, source: Connection, connection: Connection) -> None:
    rule = Rule(how=How.TABLE, unknown=Missing.DEFAULT, default="7200")
    save_rules(connection, Rules(account=rule), who="tests")
    there.fill("accountcodes", "AccountCodes", "1", "2")
    report = report_of(connection, source, ACCOUNTS)
    assert (report.refused, report.found_in_all, report.counts) == (0, 2, {Fate.SENT_AS_DEFAULT: 2})


def test_custom_fields_are_read_by_their_names(there: There, source: Connection, connection: Connection) -> None:
    a_record(connection, "TRN", kind="dimension", dimension="Centre")
    rules = (DimensionRule(name="CostCentre", to="Centre"), DimensionRule(name="Tray", how=How.DROP))
    save_rules(connection, Rules(dimensions=rules), who="tests")
    made = there.send("customfields", {"CustomField": {"Name": "Cost Centre", "Type": "List"}})["CustomField"]
    (target,) = [one for one in targets_of(connection, source, Rules(dimensions=rules)) if one.dimension]
    assert target == RecordList(kind=RecordKind.DIMENSION, dimension="CostCentre")
    headers = {"x-api-compleat-key": KEY, "x-api-version": "1"}
    for code in ("TRN", "XYZ"):
        requests.put(
            f"{there.url}/api/customfield/{TENANT}/{COMPANY}/{made['Id']}/{code}",
            json={"Code": code, "Name": code}, headers=headers, timeout=10,
        ).raise_for_status()  # fmt: skip
    report = report_of(connection, source, target)
    assert (report.label, told(report)) == ("CostCentre", [("XYZ", "unknown", 0)])


def test_a_field_that_is_missing_says_so(source: Connection, connection: Connection) -> None:
    report = report_of(connection, source, RecordList(kind=RecordKind.DIMENSION, dimension="Team"))
    assert report.problem.startswith("iCompleat has no list custom field named Team.")


def test_the_lists_are_those_whose_codes_are_sent(source: Connection, connection: Connection) -> None:
    a_record(connection, "A", kind="dimension", dimension="Project")
    a_record(connection, "B", kind="dimension", dimension="Dept")
    rules = Rules(dimensions=(DimensionRule(name="Department", to="dept"), DimensionRule(name="Tray", how=How.DROP)))
    assert [(one.kind.value, one.dimension) for one in targets_of(connection, source, rules)] == [
        ("account", ""), ("tax", ""), ("currency", ""), ("supplier", ""), ("dimension", "Project"),
        ("dimension", "Department"),
    ]  # fmt: skip


def test_a_reading_keeps_to_its_time_and_says_how_far_it_came(
    there: There, source: Connection, connection: Connection
) -> None:
    by_table(connection)
    there.fill("accountcodes", "AccountCodes", *(f"A{number}" for number in range(250)))
    ticks = iter(range(100))
    reports = list(
        reading(connection, source, within_seconds=3.5, clock=lambda: float(next(ticks))).reports([ACCOUNTS, TAXES])
    )
    assert [(one.read, one.refused, one.problem) for one in reports] == [
        (
            200, 200,
            "The time for this page was up after 200 rows. Read this list by itself, or by manage.py gaps.",
        ),
        (0, 0, "The time for this page was up before this list. Read it by itself."),
    ]  # fmt: skip


def test_a_list_that_breaks_off_is_no_whole_one(there: There, source: Connection, connection: Connection) -> None:
    by_table(connection)
    there.fill("accountcodes", "AccountCodes", *(f"A{number}" for number in range(250)))
    there.put("faults", {"limit_per_minute": 5})
    report = report_of(connection, source, ACCOUNTS)
    assert (report.read, report.refused) == (200, 200)
    assert report.problem.startswith("Read as far as row 200, then: ")


def test_a_bug_is_told_and_the_next_list_is_read(
    there: There, source: Connection, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Source, target: RecordList) -> Iterator[str]:
        if target == ACCOUNTS:
            raise KeyError("x")
        return iter(("T1",))

    monkeypatch.setattr("integrations.icompleat.connector.ICompleat.codes", broken)
    reports = list(reading(connection, source).reports([ACCOUNTS, TAXES]))
    assert [(one.read, one.problem) for one in reports] == [
        (0, "An error on our side: KeyError. The log has the details."), (1, ""),
    ]  # fmt: skip


def long_list(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """A list that comes code by code."""
    monkeypatch.setattr(
        "integrations.icompleat.connector.ICompleat.codes", lambda *_: (f"CODE-{n:08}" for n in range(many))
    )


def test_a_long_list_takes_no_memory_of_its_size(
    source: Connection, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    many, seen = 100_000, list[int]()
    by_table(connection)
    long_list(monkeypatch, many)
    begun = reading(connection, source, progress=lambda _, read: seen.append(read))
    tracemalloc.start()
    (report,) = begun.reports([ACCOUNTS])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (report.read, report.refused, len(report.found)) == (many, many, list_gaps.MOST_SHOWN)
    assert (seen[0], seen[-1]) == (1_000, many)
    # As a list the codes alone are 7 MB.
    assert peak < 4_000_000


def test_a_thousand_codes_take_one_query_each_way(
    source: Connection, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_table(connection, **{f"_CODE-{n:08}": f"70{n:02}" for n in range(10)})
    long_list(monkeypatch, 10_000)
    begun = reading(connection, source)
    with CaptureQueriesContext(database) as few:
        (report,) = begun.reports([ACCOUNTS])
    assert report.counts == {Fate.REFUSED: 10_000}
    # The table for each thousand, and once what was read and which of the ten codes are known.
    assert len([one for one in few.captured_queries if "reference_" in one["sql"]]) == 12


def test_a_source_that_cannot_be_asked_is_none(source: Connection, connection: Connection) -> None:
    assert readable_source(connection) == source
    for changes in ({"paused": True}, {"paused": False, "status": Status.DEAUTHORISED}):
        Connection.objects.filter(pk=source.pk).update(**changes)
        assert readable_source(connection) is None
    Connection.objects.filter(pk=source.pk).update(status=Status.LINKED, settings={})
    assert readable_source(connection) is None


def test_the_file_has_all_of_it(there: There, source: Connection, connection: Connection) -> None:
    by_table(connection, _5010="7100")
    there.fill("accountcodes", "AccountCodes", "5010", "=5020")
    number = accepted(connection, a_document(lines=(a_line(account_code="5999"),))).posting.transaction.number
    dimension = RecordList(kind=RecordKind.DIMENSION, dimension="Team")
    text = "".join(csv_lines(gaps_of(connection), reading(connection, source), [ACCOUNTS, dimension]))
    rows = list(csv.reader(StringIO(text.removeprefix("\ufeff"))))
    add = "It is not in the mapping table. Add it there."
    assert rows[:2] == [
        ["Found in", "Codes", "Code", "Sent as", "Transactions", "Latest", "What becomes of it", "Why"],
        ["Last transactions", "Account code", "5999", "", "1", number, "Refused", add],
    ]
    assert {(row[0], row[6]) for row in rows[2:3]} == {("Last transactions", "Not known")}
    assert rows[3:5] == [
        ["Account codes", "Account code", "'=5020", "", "0", "", "Refused", add],
        ["Account codes", "", "", "", "", "", "Codes read: 2", "The whole list"],
    ]
    assert rows[5][:7] == ["Team", "", "", "", "", "", "Codes read: 0"]
