"""A served stand-in, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postings.preview.stand_ins import KINDS, TOKEN, StandIn, served


def _one(slug: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv(KINDS[slug].variable, TOKEN)
    with served(slug, directory) as stand_in:
        yield stand_in


@pytest.fixture(params=sorted(KINDS))
def stand_in(
    request: pytest.FixtureRequest, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StandIn]:
    """Each of them."""
    yield from _one(request.param, tmp_path, monkeypatch)


@pytest.fixture
def demo(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Demo Books alone."""
    yield from _one("demo", tmp_path, monkeypatch)
