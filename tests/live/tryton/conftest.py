"""A running Tryton for the whole session, put back to its furnished state for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.tryton.connector import Tryton
from tests.live.tryton import rig
from tests.live.tryton.ledger import Ledger
from tests.live.tryton.ledger import system as linked


@pytest.fixture(scope="session")
def running() -> Iterator[rig.Server]:
    with rig.running() as server:
        yield server


@pytest.fixture
def server(running: rig.Server) -> rig.Server:
    running.reset(rig.furnished())
    return running


@pytest.fixture
def books(server: rig.Server) -> Ledger:
    return Ledger(server)


@pytest.fixture
def system(server: rig.Server) -> Tryton:
    return linked(server)
