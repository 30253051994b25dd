"""The kinds of things that wait for a person. Rooms register them when the applications are ready.

A kind brings its own questions: which things have begun to wait, and which of those that we know still do. Both are
asked once a minute and read what is open only, never a whole log. Nothing is written where the work is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that waits since `since` (aware UTC). `title` is one line without amounts and secrets, `path` its
    staff page."""

    subject_id: str
    title: str
    path: str
    since: datetime


Begins = Callable[[datetime, frozenset[str]], Iterable[Found]]
Still = Callable[[datetime, frozenset[str]], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A kind of waiting. `one` and `many` stand after a number: "1 posting held", "12 postings held".

    `begins(now, known)` gives what waits at `now` and is not among the `known` subjects, the longest waiting first;
    `still(now, known)` gives the subjects that wait no less than before. `list_path()` is the staff list of all.
    """

    kind: str
    one: str
    many: str
    advice: str
    list_path: Callable[[], str]
    begins: Begins
    still: Still


_waits: dict[str, Wait] = {}


def register(wait: Wait) -> None:
    """Let this kind be watched. Raises `ValueError` when another one has its name."""
    if _waits.setdefault(wait.kind, wait) != wait:
        raise ValueError(f"Two kinds of waiting are called {wait.kind}.")


def waits() -> tuple[Wait, ...]:
    """Every kind, in the order in which mails name them: as they were registered."""
    return tuple(_waits.values())
