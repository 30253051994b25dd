"""One organisation and its member."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.scene import Scene, a_demo_scene, a_scene
from tests.desk.there import There, running


@pytest.fixture
def scene(db: None) -> Scene:
    """A member of a tenant with one company on the built-in ledger."""
    return a_scene(name="Northgate Training Ltd")


@pytest.fixture
def demo(db: None) -> Scene:
    """A member of a tenant with one company on the demo accounting system."""
    return a_demo_scene(name="Harbour Street Studios Ltd")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[There]:
    """iCompleat's stand-in, with one company."""
    with running(tmp_path) as there:
        yield there
