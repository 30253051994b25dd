"""A company on the demo accounting system, whose postings can be brought into any state."""

from __future__ import annotations

import pytest

from tests.desk.scene import Scene, a_demo_scene


@pytest.fixture
def demo(db: None) -> Scene:
    """In London, which is an hour ahead of UTC in summer."""
    return a_demo_scene(name="Harbour Street Studios Ltd")
