"""A server that hears many at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer


@pytest.fixture
def httpserver() -> Iterator[HTTPServer]:
    """Each request on a thread of its own, so that one that hangs holds no other up."""
    with HTTPServer(host="127.0.0.1", threaded=True) as server:
        yield server
