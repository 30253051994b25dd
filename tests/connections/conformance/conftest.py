"""Demo Books for conformance runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.connections.conformance.rig import TOKEN, Open, Rig, served


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Serves Demo Books under a plan of faults."""
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    with ExitStack() as stack:
        yield lambda spec: stack.enter_context(served(tmp_path, spec))


@pytest.fixture
def rig(serve: Open) -> Rig:
    """Demo Books in good order."""
    return serve("none")
