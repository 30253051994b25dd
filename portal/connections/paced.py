"""Requests that belong to no posting, at the vendor's pace: lists, lookups, reference data, files."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from integrations.errors import Retryable
from integrations.http import Outbound, nothing
from portal.connections.limits import InFlight, LimitUsedUp, Turn, turn
from portal.connections.models import Connection
from portal.connections.places import Scope
from portal.connections.registry import system
from portal.connections.services import outbound_terms
from portal.idle import give_back_connection

PATIENCE_SECONDS: Final = 300.0
LONGEST_NAP_SECONDS: Final = 10.0
NO_ROOM: Final = "The vendor's limits are used up by other calls; it is tried at another time."

TakeTurn = Callable[[], AbstractContextManager[Turn | None]]

_asked: list[InFlight] = []


@dataclass(slots=True)
class Waiting:
    """How whoever waits for the limits waits: `keep` before each request and each nap, `patience_seconds` in all."""

    keep: Callable[[], None] = nothing
    patience_seconds: float = PATIENCE_SECONDS
    sleep: Callable[[float], None] = time.sleep
    waited: float = 0.0

    def wait(self, seconds: float) -> None:
        """Sleep for a while. Raises `Retryable` when patience is at its end, and what `keep` raises."""
        nap = min(max(seconds, 0.1), LONGEST_NAP_SECONDS)
        if self.waited + nap > self.patience_seconds:
            raise Retryable(NO_ROOM, retry_after=seconds, free=True)
        self.sleep(nap)
        self.waited += nap
        self.keep()


def tell_who_calls(in_flight: InFlight) -> None:
    """For a room whose rows know who is in mid-call: it is asked when Redis has lost its memory."""
    _asked.append(in_flight)


@contextmanager
def paced(
    connection: Connection,
    keep: Callable[[], None],
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    **terms: Any,
) -> Iterator[Outbound]:
    """The terms on which a connection is asked: each request keeps the vendor's limits, over all workers together, and
    holds a place among those who call at once only for its own length. No database connection is held meanwhile.

    `keep` is called before each request and during each wait, and may raise. Waiting for the limits takes
    `patience_seconds` in all at most, then `Retryable` is raised. `terms` are further members of `Outbound`; a `record`
    among them is called, too.
    """
    connector = system(connection.integration)
    waiting = Waiting(keep, patience_seconds, sleep)
    with paced_by(lambda: turn(connection.pk, connector, uuid.uuid4(), _who_calls), waiting, **terms) as outbound:
        yield outbound


@contextmanager
def paced_by(take_turn: TakeTurn, waiting: Waiting, **terms: Any) -> Iterator[Outbound]:
    """The same for any way of taking a turn."""
    place = _Place(take_turn, waiting)
    told = terms.pop("record", None)

    def record(exchange: Any) -> None:
        place.give_back()
        if told is not None:
            told(exchange)

    try:
        yield outbound_terms(permit=place.take, record=record, **terms)
    finally:
        place.give_back()


@dataclass(slots=True)
class _Place:
    """A place for one request after the other, waiting for a free one for as long as patience lasts."""

    take_turn: TakeTurn
    waiting: Waiting
    held: ExitStack = field(default_factory=ExitStack)

    def take(self) -> None:
        self.give_back()
        self.waiting.keep()
        while (seconds := self._refused()) is not None:
            self.waiting.wait(seconds)
        give_back_connection()

    def give_back(self) -> None:
        self.held.close()

    def _refused(self) -> float | None:
        """None with a place in hand, else how many seconds to wait before asking again."""
        granted = self.held.enter_context(self.take_turn())
        give_back_connection()
        try:
            if granted is not None:
                granted.permit()
                return None
        except LimitUsedUp as error:
            self.give_back()
            return error.retry_after or 1.0
        self.give_back()
        return 1.0


def _who_calls(scope: Scope) -> Iterable[uuid.UUID]:
    return [holder for in_flight in _asked for holder in in_flight(scope)]
