"""accessplanit's stand-in, and a company that is linked to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.connections.models import Connection
from tests.desk.scene import Scene
from tests.desk.sources.platform import KEY, Platform, running
from tests.factories import EndpointFactory, SourceConnectionFactory


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A running stand-in."""
    with running(tmp_path) as platform:
        yield platform


@pytest.fixture
def linked(scene: Scene, platform: Platform) -> Connection:
    """The company's link to it, with an open address."""
    made: Connection = SourceConnectionFactory.create(
        company=scene.company, integration="accessplanit", settings=platform.settings, secrets={"api_key": KEY},
        external_company_id="",
    )  # fmt: skip
    EndpointFactory.create(connection=made)
    return made
