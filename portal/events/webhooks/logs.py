"""The logs that announcements are made of. Rooms register theirs when the applications are ready.

Nothing is written where the work is done: what happened is read from the rows that the work leaves behind anyway.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

TEST: Final = "webhook.test"
PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One thing that happened, without what it costs to tell it. `origin` is the same whenever the row is read;
    `key` is the row's id."""

    origin: str
    type: str
    tenant_id: uuid.UUID
    company_id: uuid.UUID | None
    happened_at: datetime
    key: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which rows of a log are asked for: those after the id `after`, and `again` those that were not done when the mark
    went past them; of these tenants alone."""

    after: int
    again: tuple[int, ...] = ()
    tenants: frozenset[uuid.UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log whose rows have growing ids. `types` are the events that it tells, each with what it says.

    `rows()` are all of its rows and `moment` is the column that says when one was written. `news(span)` gives at most
    `PAGE` of them in the order of their ids; `payloads(keys)` tells the given rows, by id. Where a row changes after it
    was written, `still_open(up_to)` gives those up to an id that are not done, and `waiting(tenants)` what such a row
    tells before it is.
    """

    name: str
    types: Mapping[str, str]
    rows: Callable[[], QuerySet[Any]]
    moment: str
    news: Callable[[Span], Sequence[News]]
    payloads: Callable[[Sequence[int]], Mapping[int, dict[str, Any]]]
    still_open: Callable[[int], Iterable[int]] = lambda _: ()
    waiting: Callable[[frozenset[uuid.UUID], datetime], Sequence[News]] = lambda *_: ()

    def newest(self) -> int:
        """The id of the newest row, 0 without one."""
        return self.rows().order_by("-pk").values_list("pk", flat=True).first() or 0

    def settled(self, after: int, before: datetime) -> int:
        """The newest id beyond `after` of a row written before `before`; `after` where there is none."""
        old = self.rows().filter(pk__gt=after, **{f"{self.moment}__lt": before})
        return old.order_by("-pk").values_list("pk", flat=True).first() or after


_logs: dict[str, Log] = {}


def register(log: Log) -> None:
    """Let this log be read. Raises `ValueError` when another one has its name."""
    if _logs.setdefault(log.name, log) != log:
        raise ValueError(f"Two logs are called {log.name}.")


def logs() -> tuple[Log, ...]:
    """Every log, as they were registered."""
    return tuple(_logs.values())


def event_types() -> dict[str, str]:
    """Every type that can be subscribed to, with what it says. Tests are sent to whoever asks for one."""
    return {name: says for log in logs() for name, says in log.types.items()}
