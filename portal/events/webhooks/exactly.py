"""How payloads are kept: JSON in which an amount is a number with exactly the digits that it has."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from integrations.exact import from_json, to_json


class ExactEncoder(json.JSONEncoder):
    """Writes Decimals as plain numbers; refuses floats."""

    def encode(self, o: Any) -> str:
        """The text of a whole value."""
        return to_json(o)


class ExactDecoder(json.JSONDecoder):
    """Reads numbers as int or Decimal."""

    def decode(self, s: str, *_: Any) -> Any:
        """The value of a whole text."""
        return from_json(s)


def instant(at: datetime | None) -> str | None:
    """A time as messages tell it, in UTC: `2026-11-20T14:03:00.000Z`."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
