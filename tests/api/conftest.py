"""A company whose source takes transactions, and programs of its tenant that call."""

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
