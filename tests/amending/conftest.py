"""A live company on the built-in ledger, and a source of sales invoices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from portal.connections import registry
from portal.reference.rules import to_json
from tests.amending.scene import SALES, Scene
from tests.amending.sold_there import SLUG, SoldThere, Till
from tests.factories import CompanyFactory, EndpointFactory, LedgerConnectionFactory, SourceConnectionFactory


@pytest.fixture
def till(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    """A fresh source behind the integration `soldthere`."""
    settings.SOURCES = [*settings.SOURCES, "tests.amending.sold_there.SoldThere"]
    monkeypatch.setattr(SoldThere, "till", Till())
    registry.sources.cache_clear()
    yield SoldThere.till
    registry.sources.cache_clear()


@pytest.fixture
def scene(db: None, till: Till) -> Scene:
    """The invoice S1 with the order PO-1, due on 20 December, is posted."""
    company = CompanyFactory.create(name="Northgate Training Ltd")
    books = LedgerConnectionFactory.create(company=company, mapping=to_json(SALES))
    source = SourceConnectionFactory.create(company=company, integration=SLUG, external_company_id="")
    EndpointFactory.create(connection=source)
    made = Scene(till, source, books)
    till.put("S1")
    made.settle()
    assert made.in_books() == made.at_source()
    return made
