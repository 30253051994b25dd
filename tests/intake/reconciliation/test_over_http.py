"""The connector and the stand-in over real HTTP: what was approved and never sent is found, and received; what was
deleted there is found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.icompleat.sandbox import build
from integrations.sandbox import Server, Store, mount
from ledger.models import Entry
from portal.connections.models import Connection, Status
from portal.intake.models import Delivery, SourceDifference, SourceRun
from portal.intake.reconciliation import repairs, run
from portal.intake.reconciliation.leases import ask
from tests.factories import CompanyFactory, EndpointFactory, LedgerConnectionFactory, SourceConnectionFactory
from tests.intake.reconciliation.played import counts, found

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
COMPANY = "6a0ef3a5-0d1c-4f2b-9a53-2f5bb0f2c8d1"


class There:
    """The stand-in with one company that sends nowhere."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/icompleat"
        self.control("PUT", f"companies/{COMPANY}", {"name": "Northgate Training Ltd", "base_currency": "GBP"})
        (self.tenant,) = self.control("GET", "tenants")["tenants"]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/control/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def approved(self, sample: str = "invoice") -> str:
        """A transaction that somebody approved, and that reached nobody."""
        made = self.control("POST", f"companies/{COMPANY}/transactions", {"sample": sample})["id"]
        assert self.control("POST", f"transactions/{made}/approve")["journal_number"] == ""
        return str(made).lower()

    def connection(self) -> Connection:
        company = CompanyFactory.create(live_at=datetime(2020, 1, 1, tzinfo=UTC))  # its samples are dated
        LedgerConnectionFactory.create(company=company)
        linked: Connection = SourceConnectionFactory.create(
            company=company,
            external_company_id=COMPANY,
            settings={"base_url": self.url, "tenant_id": self.tenant["id"], "company_id": COMPANY},
            secrets={"security_key": self.tenant["security_key"]},
        )
        EndpointFactory.create(connection=linked)
        return linked


@pytest.fixture
def there(tmp_path: Path) -> Iterator[There]:
    store = Store("icompleat", tmp_path)
    with Server(mount({"icompleat": build(store)})) as server:
        yield There(server.url)
    store.close()


def reconciled(source: Connection) -> SourceRun:
    """A run an hour from now: by then everything has had the time to come."""
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        made = ask(source)
        run.perform(made.pk)
    made.refresh_from_db()
    return made


def test_found_received_and_booked_then_deleted_there_and_found_again(there: There, staff: User) -> None:
    source = there.connection()
    ids = [there.approved() for _ in range(3)]
    first = reconciled(source)
    assert (first.state, counts(first)) == ("finished", {"read": 3, "compared": 3, "never_received": 3})
    assert found() == {("never_received", each) for each in ids}
    first_pk = SourceDifference.objects.order_by("pk")[0].pk
    for one in SourceDifference.objects.select_related("connection__company").order_by("pk"):
        told = repairs.receive(one, user=staff, why="It was never sent.", ring=lambda *_: None)
        assert told == f"Received as P-00000{one.pk - first_pk + 1}."
    assert Entry.objects.count() == 3
    assert set(Delivery.objects.values_list("origin", "verdict")) == {("read_back", "accepted")}
    assert counts(reconciled(source)) == {"read": 3, "compared": 3}
    for step in ("return", "delete"):
        there.control("POST", f"transactions/{ids[0]}/{step}")
    assert counts(reconciled(source)) == {"read": 3, "compared": 3, "deleted": 1}
    assert found() == {("deleted", ids[0])}


def test_a_key_that_was_replaced_deauthorises_the_connection(there: There) -> None:
    source = there.connection()
    there.control("POST", f"tenants/{there.tenant['id']}/key")
    made = reconciled(source)
    assert (made.state, found()) == ("unread", set())
    assert Connection.objects.get(pk=source.pk).status == Status.DEAUTHORISED
