"""Demo Books over real HTTP with a hand in its store, and books whose listing does what a test says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from integrations.demo.sandbox import build
from integrations.sandbox import Server, Store, mount
from portal.connections import registry
from portal.connections.models import Connection
from tests.factories import DemoConnectionFactory, StaffFactory
from tests.postings.fake_books import Books
from tests.postings.reconciliation.listing_books import ListingBooks
from tests.postings.reconciliation.tampering import Tampering

TOKEN = "demo-token-of-the-tests"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """What Demo Books remembers."""
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    kept = Store("demo", tmp_path)
    yield kept
    kept.close()


@pytest.fixture
def demo(store: Store, db: None) -> Iterator[Connection]:
    """A company linked to Demo Books."""
    with Server(mount({"demo": build(store)})) as server:
        yield DemoConnectionFactory.create(
            settings={"base_url": f"{server.url}/demo", "company_id": "harbour-street"}, secrets={"token": TOKEN}
        )


@pytest.fixture
def tampering(store: Store) -> Tampering:
    """A hand in the books that no interface allows."""
    return Tampering(store)


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Books:
    """A fresh outside system behind the integration `fake`, which lists what it holds."""
    known = {**registry.accounting_systems(), "fake": ListingBooks}
    monkeypatch.setattr(registry, "accounting_systems", lambda: known)
    for module in ("leases", "due"):
        monkeypatch.setattr(f"portal.postings.reconciliation.{module}.accounting_systems", lambda: known)
    monkeypatch.setattr(ListingBooks, "books", Books())
    monkeypatch.setattr(ListingBooks, "can", ListingBooks.can)
    monkeypatch.setattr(ListingBooks, "at_listing", None)
    monkeypatch.setattr(ListingBooks, "times", 1)
    return ListingBooks.books


@pytest.fixture
def fake(books: Books, db: None) -> Connection:
    """A company linked to those."""
    linked: Connection = DemoConnectionFactory.create(integration="fake", settings={}, secrets={})
    return linked


@pytest.fixture
def staff(db: None) -> User:
    """Somebody on staff."""
    user: User = StaffFactory.create(username="sam")
    return user
