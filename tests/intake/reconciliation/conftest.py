"""A company that is live, its source, and its accounting system that nobody calls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from portal.connections import registry
from portal.connections.models import Connection
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    EndpointFactory,
    LedgerConnectionFactory,
    SourceConnectionFactory,
    StaffFactory,
)
from tests.intake.reconciliation.lists import NOW
from tests.intake.reconciliation.scripted_source import ScriptedSource, There


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> There:
    """A fresh source in iCompleat's place."""
    known = {"icompleat": ScriptedSource()}
    monkeypatch.setattr(registry, "sources", lambda: known)
    monkeypatch.setattr("portal.intake.reconciliation.asking.sources", lambda: known)
    monkeypatch.setattr(ScriptedSource, "there", There())
    return ScriptedSource.there


@pytest.fixture
def source(there: There, db: None) -> Connection:
    """Its connection, with an endpoint for all kinds; the company is live for 100 days."""
    return a_source(books=DemoConnectionFactory)


@pytest.fixture
def on_ledger(there: There, db: None) -> Connection:
    """The same for a company on the built-in ledger."""
    return a_source(books=LedgerConnectionFactory)


@pytest.fixture
def staff(db: None) -> User:
    """Somebody on staff."""
    user: User = StaffFactory.create(username="sam")
    return user


def a_source(books: type) -> Connection:
    company = CompanyFactory.create(name="Northgate Training Ltd", live_at=NOW - timedelta(days=100))
    books.create(company=company)  # type: ignore[attr-defined]
    linked: Connection = SourceConnectionFactory.create(
        company=company,
        external_company_id="northgate",
        settings={"base_url": "http://127.0.0.1:9"},
        secrets={"security_key": "key-of-the-tests"},
    )
    EndpointFactory.create(connection=linked)
    return linked
