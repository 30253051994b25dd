"""What the ledger's tests share."""

from __future__ import annotations

import pytest

from ledger.models import Books
from ledger.services import open_books
from tests.environment import database_kind

# Triggers are PostgreSQL's: on SQLite there is nothing to test, models and services are the only guard there.
collect_ignore = [] if database_kind() == "postgres" else ["test_triggers.py"]


@pytest.fixture
def books(db: None) -> Books:
    """Fresh books in sterling."""
    return open_books("Northgate Training Ltd", "GBP")
