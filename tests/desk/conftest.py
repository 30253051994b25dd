"""One organisation and its member."""

from __future__ import annotations

import pytest

from tests.desk.scene import Scene, a_demo_scene, a_scene


@pytest.fixture
def scene(db: None) -> Scene:
    """A member of a tenant with one company on the built-in ledger."""
    return a_scene(name="Northgate Training Ltd")


@pytest.fixture
def demo(db: None) -> Scene:
    """A member of a tenant with one company on the demo accounting system."""
    return a_demo_scene(name="Harbour Street Studios Ltd")
