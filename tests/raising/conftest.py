"""A live company, linked to the built-in ledger and to a source that takes transactions."""

from __future__ import annotations

import pytest

from portal.connections import registry
from portal.connections.models import Connection
from portal.tenants.models import Company
from tests.factories import CompanyFactory, LedgerConnectionFactory, SourceConnectionFactory
from tests.raising.fake_source import SLUG, FakeSource, Trays


@pytest.fixture
def trays(monkeypatch: pytest.MonkeyPatch) -> Trays:
    """A fresh source behind the integration `fakesource`."""
    known = {**registry.sources(), SLUG: FakeSource()}
    monkeypatch.setattr(registry, "sources", lambda: known)
    monkeypatch.setattr(FakeSource, "trays", Trays())
    monkeypatch.setattr(FakeSource, "can", FakeSource.can)
    monkeypatch.setattr(FakeSource, "offers", FakeSource.offers)
    return FakeSource.trays


@pytest.fixture
def company(db: None) -> Company:
    """In sterling."""
    made: Company = CompanyFactory.create(name="Northgate Training Ltd")
    return made


@pytest.fixture
def source(company: Company, trays: Trays) -> Connection:
    """The company's link to the source, with raising switched on."""
    return link_source(company)


@pytest.fixture
def books(company: Company) -> Connection:
    """The company's books, and the place of what is mirrored."""
    made: Connection = LedgerConnectionFactory.create(company=company)
    return made


def link_source(company: Company, **settings: str) -> Connection:
    """Link a company to the fake source; `settings` replace those that a working connection has."""
    whole = {"base_url": "http://127.0.0.1:9", "raise_transactions": "yes", **settings}
    made: Connection = SourceConnectionFactory.create(
        company=company, integration=SLUG, settings=whole, secrets={"security_key": "a-key-for-tests"}
    )
    return made
