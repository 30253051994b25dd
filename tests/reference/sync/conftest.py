"""A company between the fake books and the fake source, and a clock that stands still unless somebody waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from portal.connections import registry
from portal.connections.models import Connection
from portal.reference.sync import asking, leases, schedules
from tests.factories import DemoConnectionFactory, SourceConnectionFactory
from tests.reference.sync.far_ends import FakeSource, FakeSystem, Shelf, There
from tests.reference.sync.scene import Scene

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    """It stands at noon; waiting moves it."""
    with time_machine.travel(NOON, tick=False) as traveller:
        monkeypatch.setattr(leases, "since_boot", lambda: datetime.now(UTC).timestamp())
        monkeypatch.setattr("portal.reference.sync.leases.time.sleep", traveller.shift)
        yield traveller


@pytest.fixture
def far_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two connectors, registered beside the real ones, with empty memories."""
    systems = {**registry.accounting_systems(), "fakebooks": FakeSystem}
    known = {**registry.sources(), "fakesource": FakeSource()}
    for module in (registry, asking):
        monkeypatch.setattr(module, "accounting_systems", lambda: systems)
        monkeypatch.setattr(module, "sources", lambda: known)
    monkeypatch.setattr(schedules, "accounting_systems", lambda: systems)
    monkeypatch.setattr(FakeSystem, "shelf", Shelf())
    monkeypatch.setattr(FakeSource, "there", There())
    monkeypatch.setattr(FakeSource, "offers", FakeSource.offers)
    leases.stopping.clear()


@pytest.fixture
def books(far_ends: None, db: None) -> Connection:
    """The company's accounting connection."""
    linked: Connection = DemoConnectionFactory.create(integration="fakebooks", settings={}, secrets={})
    return linked


@pytest.fixture
def source(books: Connection) -> Connection:
    """Its source, set up to take reference data."""
    linked: Connection = SourceConnectionFactory.create(
        company=books.company, integration="fakesource", settings={"company_id": "theirs"}
    )
    return linked


@pytest.fixture
def scene(books: Connection, source: Connection, clock: time_machine.Traveller) -> Scene:
    """All of it together."""
    return Scene(books=books, source=source, clock=clock, shelf=FakeSystem.shelf, there=FakeSource.there)
