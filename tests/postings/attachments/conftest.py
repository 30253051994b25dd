"""The paper desk and the shelved books, registered beside the real ones, and a company linked to both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from portal.connections import registry
from tests.factories import DemoConnectionFactory, SourceConnectionFactory, StaffFactory
from tests.postings.attachments.papers import Desk, PaperDesk, Shelf, ShelvedBooks
from tests.postings.attachments.scene import START, Scene
from tests.postings.fake_books import Books


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[Scene]:
    """Fresh systems on both sides."""
    books = {**registry.accounting_systems(), "fake": ShelvedBooks}
    sources = {**registry.sources(), "papers": PaperDesk()}
    monkeypatch.setattr(registry, "accounting_systems", lambda: books)
    monkeypatch.setattr(registry, "sources", lambda: sources)
    monkeypatch.setattr(ShelvedBooks, "books", Books())
    monkeypatch.setattr(ShelvedBooks, "shelf", Shelf())
    monkeypatch.setattr(PaperDesk, "desk", Desk())
    with time_machine.travel(START, tick=False) as clock:
        linked = DemoConnectionFactory.create(integration="fake", settings={}, secrets={})
        settings = {"base_url": "http://127.0.0.1:9"}
        source = SourceConnectionFactory.create(company=linked.company, integration="papers", settings=settings)
        yield Scene(PaperDesk.desk, ShelvedBooks.shelf, source, linked, clock)


@pytest.fixture
def staff(db: None) -> User:
    """Somebody on staff."""
    user: User = StaffFactory.create(username="sam")
    return user


@pytest.fixture
def browser(client: Client, staff: User) -> Client:
    """A browser in which a superuser is logged in."""
    client.force_login(staff)
    return client
