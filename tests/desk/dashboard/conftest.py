"""A company on the demo accounting system, with iCompleat."""

from __future__ import annotations

import pytest

from portal.connections.models import Connection
from tests.desk.scene import Scene, a_demo_scene
from tests.factories import SourceConnectionFactory


@pytest.fixture
def demo(db: None) -> Scene:
    """A member of a tenant with one company on the demo accounting system."""
    return a_demo_scene(name="Harbour Street Studios Ltd")


@pytest.fixture
def source(demo: Scene) -> Connection:
    """The company's link to iCompleat."""
    connection: Connection = SourceConnectionFactory.create(company=demo.company)
    return connection
