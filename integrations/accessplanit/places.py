"""How far a feed was read, as the opaque text that leads to the next page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from integrations.accessplanit.limits import LONGEST_NAME
from integrations.accessplanit.rows import Row
from integrations.errors import Malformed
from integrations.exact import from_json, to_json

_MOST: Final = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The end of what was read, in an order by `moment` (a property's name) and id.

    `at` is the moment of the last record as the platform wrote it (empty: from the very beginning), `count` how many
    records at or after `at` were read, `last` the id of the last one. `phase` counts the questions of one pass;
    `by_id`: the platform takes the id as the second part of the order.
    """

    moment: str
    at: str
    count: int = 0
    last: str = ""
    phase: int = 0
    by_id: bool = True

    def text(self) -> str:
        """For `from_text`."""
        return to_json(asdict(self))

    def after(self, rows: Sequence[Any], *, again: bool) -> Place:
        """Behind these rows. `again`: they began with what was read before."""
        written = [moment_of(row, self.moment) or self.at for row in rows]
        at = written[-1] if written else self.at
        same = sum(1 for one in written if one == at)
        count = same if again or at != self.at else self.count + same
        return replace(self, at=at, count=count, last=id_of(rows[-1]) if rows else self.last)


def from_text(text: str, moment: str) -> Place | None:
    """None for a text that is none, or that belongs to another order: then everything is read from the start."""
    try:
        told = from_json(text)
        place = Place(**told)
    except (ValueError, TypeError):
        return None
    texts = (place.at, place.last, place.moment)
    numbers = (place.count, place.phase)
    is_sound = all(isinstance(one, str) for one in texts) and all(
        type(one) is int and 0 <= one < _MOST for one in numbers
    )
    return place if is_sound and place.moment == moment and isinstance(place.by_id, bool) else None


def moment_of(row: Any, name: str) -> str:
    """The moment of a row as it was written, empty where there is none."""
    return _text(row, name)


def id_of(row: Any) -> str:
    """The id of a row, empty where there is none."""
    return _text(row, "ID")


def _text(row: Any, name: str) -> str:
    try:
        return Row(row).text(name, LONGEST_NAME) if isinstance(row, dict) else ""
    except Malformed:
        return ""
