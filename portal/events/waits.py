"""The kinds of things that wait for a person. Rooms register them when the applications are ready.

A kind brings its own questions: which things have begun to wait, and which of those that we know still do. Both are
asked once a minute and read what is open only, never a whole log. Nothing is written where the work is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that waits since `since` (aware UTC). `title` is one line without amounts and secrets, `path` its
    staff page.

    A customer's matter has the ids of tenant and company, too. Their members are told `desk_title`, which says which
    one it is and nothing of what an outside system said, and the page `desk_path`.
    """

    subject_id: str
    title: str
    path: str
    since: datetime
    tenant_id: UUID | None = None
    company_id: UUID | None = None
    desk_path: str = ""
    desk_title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToMembers:
    """How a kind is told to members of the company that it is a matter of. `one` and `many` stand after a number.

    `list_path(company_id)` is the page with all of them. What is told `once` is not told again after a day.
    """

    one: str
    many: str
    advice: str
    list_path: Callable[[UUID], str]
    owners_only: bool = False
    once: bool = False


Begins = Callable[[datetime, frozenset[str]], Iterable[Found]]
Still = Callable[[datetime, frozenset[str]], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A kind of waiting. `one` and `many` stand after a number: "1 posting held", "12 postings held".

    `begins(now, known)` gives what waits at `now` and is not among the `known` subjects, the longest waiting first;
    `still(now, known)` gives the subjects that wait no less than before. `list_path()` is the staff list of all.
    Without `members` no customer is told; without `to_staff` no staff.
    """

    kind: str
    one: str
    many: str
    advice: str
    list_path: Callable[[], str]
    begins: Begins
    still: Still
    members: ToMembers | None = None
    to_staff: bool = True


_waits: dict[str, Wait] = {}


def register(wait: Wait) -> None:
    """Let this kind be watched. Raises `ValueError` when another one has its name."""
    if _waits.setdefault(wait.kind, wait) != wait:
        raise ValueError(f"Two kinds of waiting are called {wait.kind}.")


def waits() -> tuple[Wait, ...]:
    """Every kind, in the order in which mails name them: as they were registered."""
    return tuple(_waits.values())
