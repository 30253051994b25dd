"""A company with all that the API tells of, and programs of its tenant that call."""

from __future__ import annotations

import pytest

from portal.api.models import Scope
from portal.api.tokens import issue
from portal.connections.models import Connection
from portal.tenants.models import Company
from tests.api.calling import Program
from tests.raising.conftest import books, company, source, trays  # noqa: F401 - the same world


@pytest.fixture
def program(company: Company, source: Connection) -> Program:  # noqa: F811
    """A program with a token for everything."""
    _, clear = issue(company.tenant, "The shop", list(Scope), who="tests")
    return Program(company, clear)


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which syncs a worker was nudged for."""
    ids: list[int] = []
    monkeypatch.setattr("portal.reference.tasks.ring", ids.append)
    return ids
