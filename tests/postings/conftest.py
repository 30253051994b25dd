"""The fake accounting system, registered beside the real ones."""

from __future__ import annotations

import pytest

from portal.connections import registry
from portal.connections.models import Connection
from tests.factories import DemoConnectionFactory
from tests.postings.fake_books import Books, FakeBooks


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Books:
    """A fresh outside system behind the integration `fake`."""
    known = {**registry.accounting_systems(), "fake": FakeBooks}
    monkeypatch.setattr(registry, "accounting_systems", lambda: known)
    monkeypatch.setattr(FakeBooks, "books", Books())
    monkeypatch.setattr(FakeBooks, "can", FakeBooks.can)
    return FakeBooks.books


@pytest.fixture
def connection(books: Books, db: None) -> Connection:
    """A company linked to the fake accounting system."""
    linked: Connection = DemoConnectionFactory.create(integration="fake", settings={}, secrets={})
    return linked
