"""A live company on the built-in ledger, and a source that is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from portal.connections import registry
from portal.connections.models import Connection
from portal.tenants.models import Company
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    EndpointFactory,
    LedgerConnectionFactory,
    SourceConnectionFactory,
)
from tests.intake.feeds.fed_source import SLUG, FakeFed, Shelf
from tests.postings.fake_books import Books, FakeBooks


@pytest.fixture
def shelf(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """A fresh source behind the integration `fedsource`."""
    settings.SOURCES = [*settings.SOURCES, "tests.intake.feeds.fed_source.FakeFed"]
    monkeypatch.setattr(FakeFed, "shelf", Shelf())
    registry.sources.cache_clear()
    yield FakeFed.shelf
    registry.sources.cache_clear()


@pytest.fixture
def company(db: None) -> Company:
    """In sterling."""
    made: Company = CompanyFactory.create(name="Northgate Training Ltd")
    LedgerConnectionFactory.create(company=made)
    return made


@pytest.fixture
def source(company: Company, shelf: Shelf) -> Connection:
    """The company's link to the source, with an open address."""
    made: Connection = SourceConnectionFactory.create(company=company, integration=SLUG, external_company_id="")
    EndpointFactory.create(connection=made)
    return made


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Books:
    """An accounting system that is not inside: what goes there waits for a worker."""
    known = {**registry.accounting_systems(), "fake": FakeBooks}
    monkeypatch.setattr(registry, "accounting_systems", lambda: known)
    monkeypatch.setattr(FakeBooks, "books", Books())
    monkeypatch.setattr(FakeBooks, "can", FakeBooks.can)
    return FakeBooks.books


@pytest.fixture
def outside(db: None, books: Books, shelf: Shelf) -> Connection:
    """The link to the source of a company that keeps its books there."""
    company = CompanyFactory.create(name="Northgate Training Ltd")
    DemoConnectionFactory.create(company=company, integration="fake", settings={}, secrets={})
    made: Connection = SourceConnectionFactory.create(company=company, integration=SLUG, external_company_id="")
    EndpointFactory.create(connection=made)
    return made
