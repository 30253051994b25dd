"""How a page looks again by itself: soon while something runs here, ever more rarely while it waits for somebody else.

What is shown is named by a digest, and only what has changed since is sent again, so that a reader's place, and what a
screen reader has said already, stay as they are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict

# In seconds, look by look; the last one of each goes on until the end.
MOVING: Final = (2,)
WAITING: Final = (3, 3, 5, 8, 13, 20, 30, 60)
LONGEST_LOOKS: Final = 900
SHORT: Final = 16


@dataclass(frozen=True, kw_only=True)
class Watch:
    """The next look of a page at `path`. `turn` counts the looks since something changed, `seen` what is on the page;
    `has_changed` says that the part itself is sent again."""

    path: str
    seen: str
    turn: int = 0
    is_moving: bool = False
    is_waiting: bool = False
    has_changed: bool = False

    @property
    def address(self) -> str:
        """What is asked for at the next look."""
        return f"{self.path}{'&' if '?' in self.path else '?'}turn={self.turn}&seen={self.seen}"

    @property
    def is_over(self) -> bool:
        """Whether nobody seems to sit there any more."""
        return self.turn >= LONGEST_LOOKS

    @property
    def looks_again(self) -> bool:
        """Whether there is anything to look for."""
        return (self.is_moving or self.is_waiting) and not self.is_over

    @property
    def delay(self) -> int:
        """Seconds until the next look."""
        delays = MOVING if self.is_moving else WAITING
        return delays[min(self.turn, len(delays) - 1)]


def watch(path: str, shown: object, query: QueryDict, *, is_moving: bool, is_waiting: bool = False) -> Watch:
    """From what is shown now (of values with a plain `repr`), and what the page's own look says of the one before."""
    seen = hashlib.sha256(repr(shown).encode()).hexdigest()[:SHORT]
    has_changed = query.get("seen", "") != seen
    turn = 0 if has_changed else _turn(query.get("turn", ""))
    return Watch(
        path=path, seen=seen, turn=turn, is_moving=is_moving, is_waiting=is_waiting, has_changed=has_changed
    )  # fmt: skip


def _turn(text: str) -> int:
    return min(int(text) + 1, LONGEST_LOOKS) if text.isascii() and text.isdigit() and len(text) < 6 else 0
