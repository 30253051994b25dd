"""The sync over real HTTP into the stand-in for iCompleat: bad rows, faults, and keys that end in the middle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from django.utils import timezone

from integrations.icompleat import sandbox
from integrations.reference import Record, RecordKind
from integrations.sandbox import Server, Store, mount
from portal.connections.models import Connection, Status
from portal.connections.setup import save_source
from portal.reference.sync.asking import ask
from portal.reference.sync.models import SourceList, SyncChange, SyncRun, SyncState
from portal.reference.sync.running import perform
from tests.factories import DemoConnectionFactory
from tests.reference.sync.far_ends import FakeSystem

pytestmark = pytest.mark.django_db
TENANT, COMPANY, KEY = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in (1, 2, 3))
SUPPLIER = RecordKind.SUPPLIER
CHUNK = 100


def a_supplier(number: int, **options: Any) -> Record:
    values: dict[str, Any] = {"code": f"S{number:05}", "name": f"Supplier {number}", "external_id": str(number)}
    return Record(kind=SUPPLIER, **{**values, **options})


@dataclass(frozen=True)
class Far:
    """The books, the portal's connections, and iCompleat with its switches."""

    url: str
    books: Connection
    source: Connection

    def control(self, method: str, path: str, body: object = None) -> Any:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, f"{self.url}/icompleat/control/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def fault(self, **knobs: object) -> None:
        self.control("PUT", "faults", knobs)

    def know(self, records: Iterable[Record]) -> list[Record]:
        FakeSystem.shelf.put(SUPPLIER, known := list(records))
        return known

    def sync(self, run: SyncRun | None = None) -> SyncRun:
        """A new run, or one that waits for its time, as far as it comes now."""
        run = run or ask(self.books, SUPPLIER)
        SyncRun.objects.filter(pk=run.pk).update(next_try_at=timezone.now())
        assert perform(run.pk)
        run.refresh_from_db()
        return run

    def there(self) -> dict[str, str]:
        """Code and name of every row over there."""
        return {row["Code"]: row["Name"] for row in self.control("GET", f"companies/{COMPANY}/lists/suppliers")["rows"]}

    def wrote(self) -> list[tuple[str, int]]:
        """Every request that wrote a supplier, with its status, since the last look; the oldest first."""
        calls = self.control("GET", "calls?limit=1000")["calls"]
        self.control("DELETE", "calls")
        return [(one["method"], one["status"]) for one in calls if one["method"] != "GET" and "supplier" in one["path"]]


@pytest.fixture
def far(far_ends: None) -> Iterator[Far]:
    books = DemoConnectionFactory.create(integration="fakebooks", settings={}, secrets={})
    with Server(mount({"icompleat": sandbox.build(store := Store("icompleat"))})) as server:
        settings = {
            "base_url": f"{server.url}/icompleat", "tenant_id": TENANT, "company_id": COMPANY,
            "requests_per_minute": "600",
        }  # fmt: skip
        source = save_source(books.company, "icompleat", settings, {"security_key": KEY}, "tests")
        made = Far(server.url, books, source)
        made.control("PUT", f"tenants/{TENANT}", {"name": "Northgate", "security_key": KEY})
        company = {"name": "Northgate Ltd", "base_currency": "GBP", "tenant_id": TENANT}
        made.control("PUT", f"companies/{COMPANY}", company)
        made.fault(limit_per_minute=0)
        yield made
    store.close()


def names(records: Iterable[Record]) -> dict[str, str]:
    return {one.code: one.name for one in records}


def refusals(run: SyncRun) -> dict[str, str]:
    return dict(SyncChange.objects.filter(run=run, change="refused").values_list("code", "reason"))


def test_bad_rows_are_named_and_the_rest_goes_on(far: Far) -> None:
    known = far.know(
        [
            *(a_supplier(number) for number in range(1, 121)),
            a_supplier(200, name="N" * 300),
            a_supplier(201, code="s00001", name="The first one again"),
            a_supplier(202, code="A/B", name="With a slash"),
            a_supplier(203, code="", name="Without a code"),
        ]
    )
    run = far.sync()
    assert (run.state, run.refused) == (SyncState.COMPLETE, 3)
    assert far.there() == names(one for one in known if one.external_id not in {"200", "201", "203"})
    told = refusals(run)
    assert set(told) == {"S00200", "s00001", ""}
    assert "255" in told["S00200"]
    assert "Supplier 1" in told["s00001"]
    assert "no code" in told[""]
    far.wrote()
    again = far.sync()
    assert (again.state, again.calls, far.wrote()) == (SyncState.COMPLETE, 0, [])


@pytest.mark.parametrize("is_named", [True, False])
def test_a_row_that_icompleat_refuses_is_found_whether_it_says_which_or_not(far: Far, is_named: bool) -> None:
    known = far.know(a_supplier(number) for number in range(1, 151))
    far.fault(refused_codes="S00042 S00149", nameless_refusals=not is_named)
    run = far.sync()
    assert (run.state, set(refusals(run))) == (SyncState.COMPLETE, {"S00042", "S00149"})
    assert far.there() == names(one for one in known if one.code not in {"S00042", "S00149"})


def test_a_changed_row_whose_code_has_a_slash_goes_with_the_whole_list(far: Far) -> None:
    far.know([*(a_supplier(number) for number in range(1, 20)), a_supplier(20, code="A/B")])
    far.sync()
    far.wrote()
    known = far.know([*(a_supplier(number) for number in range(1, 20)), a_supplier(20, code="A/B", name="Renamed")])
    run = far.sync()
    assert (run.state, far.there()) == (SyncState.COMPLETE, names(known))
    assert far.wrote() == [("POST", 200)]


@pytest.mark.parametrize("chunk", [1, 2, 3])
@pytest.mark.parametrize("fault", ["chunk_error", "chunk_error_stored", "chunk_drop", "chunk_drop_stored"])
def test_a_refresh_that_breaks_off_at_any_chunk_begins_again_with_the_first(far: Far, fault: str, chunk: int) -> None:
    known = far.know(a_supplier(number) for number in range(1, 251))
    far.fault(**{fault: chunk})
    run = far.sync()
    assert run.state == SyncState.PROCESSING_QUEUED
    assert run.next_try_at is not None
    assert (run.next_try_at - timezone.now()).total_seconds() <= 60
    assert "goes on by itself" in run.message
    assert SourceList.objects.get(connection=far.source).is_incomplete
    tokens = len(far.wrote())
    assert tokens <= chunk
    far.sync(run)
    assert (run.state, far.there()) == (SyncState.COMPLETE, names(known))
    assert [status for _, status in far.wrote()] == [200, 200, 200]
    assert not SourceList.objects.get(connection=far.source).is_incomplete


def test_a_token_that_was_forgotten_begins_the_refresh_again(far: Far) -> None:
    known = far.know(a_supplier(number) for number in range(1, 251))
    far.fault(forget_continuation=1)
    run = far.sync()
    assert run.state == SyncState.PROCESSING_QUEUED
    far.sync(run)
    assert (run.state, far.there()) == (SyncState.COMPLETE, names(known))


@pytest.mark.parametrize("status", [429, 403, 200])
def test_a_limit_in_the_middle_is_waited_for_and_nothing_begins_again(
    far: Far, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def nap(seconds: float) -> None:
        waits.append(seconds)
        far.fault(limit_per_minute=0)

    monkeypatch.setattr("portal.reference.sync.leases.time.sleep", nap)
    monkeypatch.setattr("portal.reference.sync.leases.since_boot", lambda: sum(waits))
    known = far.know(a_supplier(number) for number in range(1, 251))
    far.fault(limit_per_minute=3, limit_status=status)
    run = far.sync()
    assert (run.state, run.tries, far.there()) == (SyncState.COMPLETE, 0, names(known))
    assert waits
    assert [status for _, status in far.wrote()].count(200) >= 3


def test_a_key_that_is_revoked_in_the_middle_stops_the_source_and_the_page_says_what_is_left(far: Far) -> None:
    known = far.know(a_supplier(number) for number in range(1, 251))
    far.fault(chunk_error=2)
    run = far.sync()
    new_key = far.control("POST", f"tenants/{TENANT}/key")["security_key"]
    far.sync(run)
    far.source.refresh_from_db()
    far.books.refresh_from_db()
    assert (run.state, far.source.status, far.books.status) == (
        SyncState.AUTH_ERROR,
        Status.DEAUTHORISED,
        Status.LINKED,
    )
    assert "incomplete" in run.message
    save_source(far.books.company, "icompleat", far.source.settings, {"security_key": new_key}, "tests")
    Connection.objects.filter(pk=far.source.pk).update(status=Status.LINKED)
    after = far.sync()
    assert (after.state, far.there()) == (SyncState.COMPLETE, names(known))


@pytest.mark.parametrize(
    "changed,state",
    [
        ({"company_id": "00000000-0000-4000-8000-000000000009"}, SyncState.PROCESSING_ERROR),
        ({"tenant_id": "00000000-0000-4000-8000-000000000009"}, SyncState.AUTH_ERROR),
    ],
)
def test_a_wrong_company_or_tenant_says_so_and_changes_nothing(far: Far, changed: dict[str, str], state: str) -> None:
    before = far.there()
    save_source(far.books.company, "icompleat", {**far.source.settings, **changed}, {}, "tests")
    far.know(a_supplier(number) for number in range(1, 5))
    run = far.sync()
    assert run.state == state
    assert run.message
    assert far.there() == before
