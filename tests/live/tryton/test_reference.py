"""What Tryton knows, all the way into iCompleat: over real HTTP to both, by the portal's own sync."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from integrations.icompleat import sandbox
from integrations.reference import RecordKind
from integrations.sandbox import Recorder, Server, Store, mount
from integrations.tryton.connector import Tryton
from portal.connections.models import Connection, Side
from portal.connections.services import connect
from portal.reference.models import SyncRun
from portal.reference.sync.asking import ask
from portal.reference.sync.deciding import confirm
from portal.reference.sync.running import perform
from tests.factories import CompanyFactory, StaffFactory
from tests.live.tryton import rig
from tests.live.tryton.ledger import Ledger, link
from tests.live.tryton.test_tryton import post

pytestmark = [pytest.mark.tryton_live, pytest.mark.django_db(transaction=True)]
TENANT, COMPANY, KEY = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in (1, 2, 3))


@dataclass(frozen=True)
class There:
    """iCompleat: what it holds, and what it was asked to write."""

    url: str
    recorder: Recorder

    def rows(self, name: str) -> dict[str, Any]:
        """The rows of a list by their codes."""
        told = control(self.url, "GET", f"companies/{COMPANY}/lists/{name}")
        return {row["Code"]: row for row in told["rows"]}

    def writes(self) -> list[tuple[str, str]]:
        """Method and path of everything that was written by the API since the last look."""
        seen = [(one.method, one.path) for one in self.recorder.seen if "/api/" in one.path and one.method != "GET"]
        self.recorder.seen.clear()
        return seen


def control(url: str, method: str, path: str, body: dict[str, str] | None = None) -> Any:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(method, f"{url}/icompleat/control/{path}", json=body, timeout=10)
    answer.raise_for_status()
    return answer.json()


@pytest.fixture
def there() -> Iterator[There]:
    recorder = Recorder(sandbox.build(store := Store("icompleat")))
    with Server(mount({"icompleat": recorder})) as server:
        control(server.url, "PUT", f"tenants/{TENANT}", {"name": "Northgate", "security_key": KEY})
        company = {"name": "Northgate Training Ltd", "base_currency": "GBP", "tenant_id": TENANT}
        control(server.url, "PUT", f"companies/{COMPANY}", company)
        yield There(server.url, recorder)
    store.close()


@pytest.fixture
def tryton(server: rig.Server, there: There) -> Connection:
    """A company that keeps its books in Tryton and approves in iCompleat."""
    company, books = CompanyFactory.create(), link(server)
    connect(
        company, "icompleat", side=Side.SOURCE, who="tests", secrets={"security_key": KEY},
        settings={"base_url": f"{there.url}/icompleat", "tenant_id": TENANT, "company_id": COMPANY},
    )  # fmt: skip
    return connect(
        company, "tryton", side=Side.ACCOUNTING, who="tests", settings=dict(books.settings), secrets=dict(books.secrets)
    )


def synchronised(connection: Connection, kind: RecordKind) -> SyncRun:
    run = ask(connection, kind)
    assert perform(run.pk)
    run.refresh_from_db()
    if run.state == "ValidationQueued":  # the stand-in's own handful of rows is more than Tryton has
        confirm(run, StaffFactory.create())
        assert perform(run.pk)
        run.refresh_from_db()
    assert (run.state, run.message) == ("Complete", "")
    return run


def test_a_supplier_that_is_retired_there_disappears_in_icompleat(
    tryton: Connection, there: There, books: Ledger
) -> None:
    for number in range(6):  # one of few would have to be confirmed
        books.rpc.create("party.party", name=f"Supplier {number}", code=f"MORE{number}")
    first = synchronised(tryton, RecordKind.SUPPLIER)
    before = there.rows("suppliers")
    assert first.sent == len(before)
    assert {"CROWN01", "METRO01"} <= before.keys()
    there.writes()

    books.rpc.write("party.party", books.rpc.one("party.party", ["code", "=", "METRO01"]), active=False)
    second = synchronised(tryton, RecordKind.SUPPLIER)
    assert (second.sent, second.deleted, second.unchanged) == (0, 1, len(before) - 1)
    assert [(method, path.rpartition("/")[2]) for method, path in there.writes()] == [("DELETE", "METRO01")]
    assert there.rows("suppliers") == {code: row for code, row in before.items() if code != "METRO01"}


@pytest.mark.parametrize("kind", [RecordKind.SUPPLIER, RecordKind.ACCOUNT, RecordKind.TAX, RecordKind.CURRENCY])
def test_a_bill_that_is_posted_there_pushes_nothing(
    tryton: Connection, there: There, system: Tryton, kind: RecordKind
) -> None:
    synchronised(tryton, kind)
    there.writes()
    post(system)
    again = synchronised(tryton, kind)
    assert (again.sent, again.deleted, again.calls, again.added, again.changed, again.removed) == (0,) * 6
    assert there.writes() == []
