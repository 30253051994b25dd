"""The source that takes transactions."""

from __future__ import annotations

from tests.raising.conftest import trays

__all__ = ["trays"]
