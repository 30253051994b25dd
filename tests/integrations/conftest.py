"""Fixtures of the tests of connectors and of what they stand on."""

from __future__ import annotations

import pytest

from tests.outgoing import Calls


@pytest.fixture
def calls() -> Calls:
    """Counts the write checks and keeps the exchanges of the requests under test."""
    return Calls()
