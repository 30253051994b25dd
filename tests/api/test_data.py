"""Syncs, schedules and reference data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.connections.models import Connection, Status
from portal.events.models import AuditEvent
from portal.reference.models import Record, SyncRun, SyncSchedule
from portal.reference.sync.models import SyncState
from portal.staff import paging
from tests.api.calling import Program, error, read
from tests.desk.syncs import a_record, a_sync

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
TYPES = ["suppliers", "chartOfAccounts", "taxRates", "currencies", "deliverySites", "trackingCategories"]
NO_SYSTEM = "No accounting system is linked to this company."
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def told(books: Connection) -> list[str]:
    """The kinds that the built-in ledger tells, in the API's words."""
    from portal.api.shapes.integrations import DATA_TYPES
    from portal.reference.sync.asking import kinds_of

    return [DATA_TYPES[kind] for kind in kinds_of(books)]


# --- syncs -----------------------------------------------------------------------------------------------------------


def test_without_an_accounting_system_there_is_nothing_to_sync(program: Program) -> None:
    for method, path in (
        ("GET", "dataStatus"), ("GET", "syncSettings"), ("GET", "data/info"), ("GET", "data/suppliers"),
        ("POST", "data/all"), ("POST", "data/queue/all"), ("POST", "data/queue/suppliers"),
    ):  # fmt: skip
        response = program.call(method, path)
        assert (response.status_code, read(response)) == (409, error(409, NO_SYSTEM))
    assert read(program.call("GET", "data/history"))["results"] == []


def test_one_kind_is_queued_once(program: Program, books: Connection, rung: list[int]) -> None:
    with time_machine.travel(NOW, tick=False):
        queued = program.call("POST", "data/queue/suppliers")
    run = SyncRun.objects.get()
    assert (queued.status_code, read(queued)) == (
        200,
        {
            "id": str(run.pk),
            "companyId": str(program.company.pk),
            "connectionId": str(books.pk),
            "dataType": "suppliers",
            "status": "Queued",
            "statusDescription": "It starts in a moment.",
            "errorMessage": None,
            "requested": "2026-11-20T12:00:00.000Z",
            "completed": None,
            "progress": 0,
            "isCompleted": False,
            "isErrored": False,
            "recordsRead": 0,
            "recordsAdded": 0,
            "recordsChanged": 0,
            "recordsRemoved": 0,
            "recordsRefused": 0,
        },
    )
    again = program.call("POST", "data/queue/suppliers")
    assert (again.status_code, SyncRun.objects.count()) == (409, 1)
    assert read(again)["error"].startswith("Suppliers: a sync is running already (queued, since")
    assert AuditEvent.objects.get(verb="sync.asked").who.startswith("API token")
    assert read(program.call("GET", f"data/history/{run.pk}")) == read(queued)


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_nudged_when_the_run_is_committed(program: Program, books: Connection, rung: list[int]) -> None:
    queued = read(program.call("POST", "data/queue/suppliers", idempotency_key="k-1"))
    program.call("POST", "data/queue/suppliers", idempotency_key="k-1")
    assert rung == [int(queued["id"])]


@pytest.mark.parametrize("path", ["data/all", "data/queue/all"])
def test_all_kinds_are_queued_and_what_runs_goes_on(
    program: Program, books: Connection, told: list[str], path: str
) -> None:
    program.call("POST", "data/queue/suppliers")
    response = program.call("POST", path)
    assert (response.status_code, response.content) == (204, b"")
    assert SyncRun.objects.count() == len(told)
    assert program.call("POST", path).status_code == 204
    assert SyncRun.objects.count() == len(told)


def test_accounts_have_two_words(program: Program, books: Connection) -> None:
    assert read(program.call("POST", "data/queue/accounts"))["dataType"] == "chartOfAccounts"
    assert read(program.call("GET", "data/history?dataType=chartOfAccounts"))["totalResults"] == 1
    assert read(program.call("GET", "data/history?dataType=accounts"))["totalResults"] == 1


def test_what_cannot_be_read_is_said(program: Program, books: Connection) -> None:
    assert program.call("POST", "data/queue/invoices").status_code == 404
    assert program.call("GET", "data/all").status_code == 405
    Connection.objects.filter(pk=books.pk).update(paused=True)
    paused = program.call("POST", "data/queue/suppliers")
    assert (paused.status_code, read(paused)["error"]) == (409, f"{books} is paused. Resume it first.")
    assert program.call("POST", "data/all").status_code == 409
    Connection.objects.filter(pk=books.pk).update(paused=False, status=Status.DEAUTHORISED)
    assert program.call("POST", "data/all").status_code == 409


def test_a_kind_that_the_system_does_not_tell_is_404(
    program: Program, books: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.api.company_data.kinds_of", lambda _: [])
    refused = program.call("POST", "data/queue/suppliers")
    sentence = "Postroom ledger does not tell suppliers."
    assert (refused.status_code, read(refused)) == (404, error(404, sentence))


def test_the_history_tells_how_each_ended(program: Program, books: Connection) -> None:
    a_sync(books, read=5, added=3, changed=1, removed=1, refused=2)
    a_sync(books, SyncState.FETCH_ERROR, message="It does not answer.", ended_at=timezone.now())
    a_sync(books, SyncState.FETCHING, done=30, total=120, kind="account")

    def told(query: str = "") -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = read(program.call("GET", f"data/history{query}"))["results"]
        return results

    fetching, failed, complete = told()
    assert (complete["isCompleted"], complete["progress"], complete["recordsAdded"]) == (True, 100, 3)
    assert (failed["isErrored"], failed["errorMessage"]) == (True, "It does not answer.")
    assert (fetching["progress"], fetching["isCompleted"], fetching["isErrored"]) == (25, False, False)
    assert [one["id"] for one in told("?orderBy=requested")] == [complete["id"], failed["id"], fetching["id"]]
    assert told("?status=FetchError") == [failed]
    assert told("?dataType=accounts") == [fetching]
    assert program.call("GET", "data/history?dataType=bills").status_code == 400
    assert program.call("GET", f"data/history/{2**70}").status_code == 404
    assert program.call("GET", "data/history/x").status_code == 404


def test_the_history_counts_no_further_than_it_lists(
    program: Program, books: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        a_sync(books)
    monkeypatch.setattr("portal.api.views.syncs.CAP", 3)
    page = read(program.call("GET", "data/history?pageSize=2&page=2"))
    assert (page["totalResults"], len(page["results"]), "next" in page["_links"]) == (3, 1, False)
    assert paging.CAP == 10_000


def test_the_status_of_all_data(program: Program, books: Connection, told: list[str]) -> None:
    first = a_sync(books)
    latest = a_sync(books, SyncState.FETCH_ERROR)
    statuses = read(program.call("GET", "dataStatus"))
    assert list(statuses) == told
    ended = first.ended_at
    assert ended is not None
    assert statuses["suppliers"] == {
        "dataType": "suppliers",
        "currentStatus": "FetchError",
        "lastSuccessfulSync": ended.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "latestSyncId": str(latest.pk),
        "latestSuccessfulSyncId": str(first.pk),
    }
    assert statuses["taxRates"]["currentStatus"] == "Initial"
    assert (
        read(program.call("GET", f"connections/{books.pk}"))["lastSync"] == statuses["suppliers"]["lastSuccessfulSync"]
    )


def test_the_status_costs_the_same_however_many_syncs_there_were(program: Program, books: Connection) -> None:
    def queries() -> int:
        program.call("GET", "dataStatus")
        with CaptureQueriesContext(database) as captured:
            program.call("GET", "dataStatus")
        return len(captured)

    a_sync(books)
    one = queries()
    for _ in range(5):
        a_sync(books)
    assert queries() == one


# --- schedules -------------------------------------------------------------------------------------------------------


def test_schedules_are_told_and_changed(program: Program, books: Connection, told: list[str]) -> None:
    before = read(program.call("GET", "syncSettings"))
    assert (before["companyId"], before["timeZone"]) == (str(program.company.pk), "Europe/London")
    assert [one["dataType"] for one in before["settings"]] == told
    with time_machine.travel(NOW, tick=False):
        body = {
            "settings": [
                {"dataType": "suppliers", "frequency": "weekly", "at": "06:30", "weekday": "Friday"},
                {"dataType": "accounts", "frequency": "off"},
            ]
        }
        changed = program.call("PUT", "syncSettings", body)
    assert changed.status_code == 200
    suppliers, accounts, *others = read(changed)["settings"]
    assert suppliers == {
        "dataType": "suppliers", "frequency": "weekly", "at": "06:30", "weekday": "Friday", "day": 1,
        "syncSchedule": 168, "nextSync": "2026-11-27T06:30:00.000Z",
    }  # fmt: skip
    assert (accounts["frequency"], accounts["syncSchedule"], accounts["nextSync"]) == ("off", 0, None)
    assert others == before["settings"][2:]
    assert AuditEvent.objects.filter(verb="sync.scheduled", who__startswith="API token").count() == 2


@pytest.mark.parametrize(
    ("settings", "details"),
    [
        ([], [("settings", "It must have 1 or more.")]),
        ("daily", [("settings", "It must be a list.")]),
        ([{"dataType": "suppliers", "frequency": "yearly", "at": "24:00", "day": 0}],
         [("settings[0].frequency", "It must be one of off, hourly, daily, weekly, monthly."),
          ("settings[0].at", "It must be a time such as 06:30."),
          ("settings[0].day", "It must be a whole number from 1 to 31.")]),
        ([{"dataType": "suppliers", "frequency": "off"}, {"dataType": "suppliers", "frequency": "daily"}],
         [("settings[1].dataType", "It is there twice.")]),
        ([{"frequency": "off", "hours": 3}],
         [("settings[0].dataType", "It is missing."), ("settings[0].hours", "There is no member of this name.")]),
    ],
)  # fmt: skip
def test_schedules_that_are_wrong_change_nothing(
    program: Program, books: Connection, settings: Any, details: list[tuple[str, str]]
) -> None:
    program.call("GET", "syncSettings")
    before = list(SyncSchedule.objects.order_by("pk").values())
    response = program.call("PUT", "syncSettings", {"settings": settings})
    assert (response.status_code, read(response)["details"]) == (
        400, error(400, "", *details)["details"],
    )  # fmt: skip
    assert list(SyncSchedule.objects.order_by("pk").values()) == before


# --- reference data --------------------------------------------------------------------------------------------------


@pytest.fixture
def records(books: Connection) -> list[Record]:
    """Six suppliers, one of them archived, in another order of change than of code."""
    a_sync(books)
    made = []
    for position, code in enumerate(["C", "A", "B", "E", "D", "F"]):
        changed_at = NOW + timedelta(days=position)
        details = {"tax_number": "GB1", "email": f"{code}@example.org"}
        made.append(a_record(books, code, changed_at=changed_at, is_active=code != "E", details=details))
    return made


def codes(program: Program, query: str = "") -> tuple[list[str], str | None]:
    told = read(program.call("GET", f"data/suppliers{query}"))
    return [one["code"] for one in told["results"]], told["next"]


def test_a_record_as_it_is_told(program: Program, records: list[Record]) -> None:
    assert read(program.call("GET", "data/suppliers?code=A"))["results"] == [
        {
            "id": "id-A",
            "code": "A",
            "name": "Supplier A",
            "status": "Active",
            "category": "",
            "details": {"taxNumber": "GB1", "email": "A@example.org"},
            "modifiedDate": "2026-11-21T12:00:00.000Z",
        }
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "ABCDEF"),
        ("?orderBy=-code", "FEDCBA"),
        ("?orderBy=modifiedDate", "CABEDF"),
        ("?orderBy=-modifiedDate", "FDEBAC"),
        ("?status=Active", "ABCDF"),
        ("?isActive=false", "E"),
        ("?isActive=false&status=Active", ""),
        ("?modifiedSince=2026-11-23T12:00:00Z", "DEF"),
        ("?modifiedSince=2026-11-23T14:00:00%2B02:00&orderBy=modifiedDate", "EDF"),
        ("?category=Department", ""),
        ("?code=a", ""),
    ],
)
def test_records_are_filtered_and_ordered(program: Program, records: list[Record], query: str, found: str) -> None:
    assert codes(program, query) == (list(found), None)


@pytest.mark.parametrize("order", ["code", "-code", "modifiedDate", "-modifiedDate"])
def test_every_record_comes_once_however_the_list_is_cut(program: Program, records: list[Record], order: str) -> None:
    Record.objects.filter(code__in="AB").update(changed_at=NOW)  # as good as at the same time
    whole, _ = codes(program, f"?orderBy={order}")
    for limit in (1, 2, 4, 6):
        seen, cursor = codes(program, f"?orderBy={order}&limit={limit}")
        while cursor:
            more, cursor = codes(program, f"?orderBy={order}&limit={limit}&after={cursor}")
            seen += more
        assert seen == whole


def test_a_cursor_of_other_filters_is_refused(program: Program, records: list[Record]) -> None:
    sentence = "It must be what an answer gave as next, asked for with the same filters and order."
    for query in ("after=x", f"after={2**64}", "after=-1", f"isActive=false&after={records[0].pk}"):
        response = program.call("GET", f"data/suppliers?{query}")
        assert (response.status_code, read(response)) == (
            400, error(400, "The query has errors.", ("after", sentence)),
        )  # fmt: skip


def test_a_list_that_was_never_read_is_not_told_as_empty(program: Program, books: Connection) -> None:
    response = program.call("GET", "data/suppliers")
    sentence = "This has not been read yet: sync it first, with data/queue."
    assert (response.status_code, read(response)) == (409, error(409, sentence))
    a_sync(books, SyncState.FETCH_ERROR)
    assert program.call("GET", "data/suppliers").status_code == 409
    a_sync(books)
    assert codes(program) == ([], None)


def test_what_was_read_stays_readable_after_the_end(program: Program, books: Connection, records: list[Record]) -> None:
    Connection.objects.filter(pk=books.pk).update(status=Status.UNLINKED, external_company_name="Northgate")
    assert codes(program)[0] == list("ABCDEF")
    assert read(program.call("GET", "data/info"))["companyName"] == "Northgate"
    assert "suppliers" in read(program.call("GET", "dataStatus"))
    assert program.call("POST", "data/queue/suppliers").status_code == 409


def test_times_without_an_offset_are_refused(program: Program, records: list[Record]) -> None:
    sentence = "It must be a time with its offset, such as 2026-11-20T14:03:00Z."
    for text in ("2026-11-20", "2026-11-20T14:03:00", "2026-02-30T14:03:00Z", "0001-01-01T00:00:00%2B14:00"):
        response = program.call("GET", f"data/suppliers?modifiedSince={text}")
        assert (response.status_code, read(response)["details"]) == (
            400, [{"field": "modifiedSince", "message": sentence}],
        )  # fmt: skip


def test_nothing_is_known_of_a_company_that_was_never_linked(program: Program, books: Connection) -> None:
    Connection.objects.filter(pk=books.pk).update(status=Status.PENDING_AUTH)
    response = program.call("GET", "data/info")
    sentence = "Nothing is known of the company over there yet: link it first."
    assert (response.status_code, read(response)) == (409, error(409, sentence))
