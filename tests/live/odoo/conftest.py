"""One Odoo for all tests of this folder; each has books of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.odoo.connector import Odoo as Connector
from tests.live.odoo.seen import RealBooks
from tests.live.odoo.server import Odoo


@pytest.fixture(scope="session")
def odoo() -> Iterator[Odoo]:
    """A running Odoo. The first time on a machine takes two minutes, later ones some ten seconds."""
    with Odoo() as server:
        yield server


@pytest.fixture
def books(odoo: Odoo) -> RealBooks:
    """Empty books in GBP."""
    return RealBooks(odoo, odoo.new_books())


@pytest.fixture
def system(books: RealBooks) -> Connector:
    """The connector, linked to them."""
    return books.system()
