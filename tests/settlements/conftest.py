"""A shop with nothing in its till."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from portal.connections import registry
from tests.factories import SALES_AS_THEY_COME, CompanyFactory, LedgerConnectionFactory, SourceConnectionFactory
from tests.settlements.shop import Shop
from tests.settlements.till import NOON, SLUG, Drawer, Till


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def installed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The till is a source that anybody may link."""
    settings.SOURCES = [*settings.SOURCES, "tests.settlements.till.Till"]
    monkeypatch.setattr(Till, "drawer", Drawer())
    registry.sources.cache_clear()
    yield
    registry.sources.cache_clear()


@pytest.fixture
def shop(db: None, installed: None, clock: time_machine.Traveller) -> Shop:
    company = CompanyFactory.create(name="Northgate Training Ltd", live_at=timezone.now() - timedelta(days=90))
    ledger = LedgerConnectionFactory.create(company=company, mapping=SALES_AS_THEY_COME)
    till = SourceConnectionFactory.create(company=company, integration=SLUG, external_company_id="")
    return Shop(ledger, till)
