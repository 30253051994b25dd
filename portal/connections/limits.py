"""The vendors' limits, kept over all workers together: calls at once, and requests in any window of time.

Whoever calls holds a *place* of the connection, and one of the installation where the vendor counts that too; it is
given back after the call, and runs out by itself when its worker died. The rate is a token bucket, sized so that what
it lets through in any window stays within the limit: capacity + rate * window = limit. One question answers both,
before anything is claimed: a posting that is refused stays due. Places and buckets live in Redis, on Redis's clock
(`shared_places`); without Redis in the process.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings

from integrations.base import System
from integrations.errors import Retryable
from portal.connections.models import Connection
from portal.connections.places import Places, Said, Scope, Word, scopes_of
from portal.connections.shared_places import SharedPlaces

WAITS_AT_MOST_SECONDS = 5.0
# Who comes this much later than told is counted anew: late ones would bunch up, and a window hold too many.
LATE_SECONDS = 0.02
USED_UP = "The vendor's rate limit is used up for now; it goes on by itself."

InFlight = Callable[[Scope], Iterable[uuid.UUID]]


class LimitUsedUp(Retryable):
    """Our own word, not the vendor's: it was not even asked."""


class Turn:
    """A place among those who may call at once, and the moment from which the first request may go out.

    `left_lying` is true at the end when somebody was turned away meanwhile: whoever finishes looks for more.
    """

    def __init__(
        self,
        keeper: Places | SharedPlaces,
        scopes: tuple[Scope, ...],
        said: Said,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.left_lying = False
        self._keeper, self._scopes = keeper, scopes
        self._sleep, self._clock = sleep, clock
        self._limits_rate = any(scope.bucket for scope in scopes)
        self._next: tuple[Said, float] | None = (said, clock() + said.wait)

    def permit(self) -> None:
        """To be called right before each request: waits some seconds for the rate limit, or raises `LimitUsedUp`."""
        if not self._limits_rate:
            return
        said, at = self._next or self._taken()
        self._next = None
        while (wait := self._left_to_wait(said, at)) != 0:
            said, at = self._taken() if wait is None else (said, self._clock() + wait)

    def _taken(self) -> tuple[Said, float]:
        said = self._keeper.take(self._scopes, WAITS_AT_MOST_SECONDS)
        if said.word is not Word.GRANTED:
            raise LimitUsedUp(USED_UP, retry_after=said.wait, free=True)
        return said, self._clock() + said.wait

    def _left_to_wait(self, said: Said, at: float) -> float | None:
        """Sleep until it is time. Then 0, or some seconds more; None when it was forgotten with all of Redis."""
        if (wait := at - self._clock()) > 0:
            self._sleep(wait)
        if not said.wait and self._clock() - at <= LATE_SECONDS:
            return 0  # it was counted when it was granted
        left = self._keeper.check_in(self._scopes, said)
        if left is not None and left > WAITS_AT_MOST_SECONDS:
            raise LimitUsedUp(USED_UP, retry_after=left, free=True)
        return left


@contextmanager
def turn(
    connection_id: uuid.UUID, connector: type[System], holder: uuid.UUID, in_flight: InFlight
) -> Iterator[Turn | None]:
    """A turn to call for the length of a `with` block, or None: the limits allow no further call now.

    `holder` names the call and is the posting's lease token later. `in_flight` tells which holders of a scope are in
    mid-call by the database: it is asked when Redis has lost its memory.
    """
    with turn_in(_scopes(connection_id, connector), holder, in_flight) as granted:
        yield granted


@contextmanager
def turn_in(scopes: tuple[Scope, ...], holder: uuid.UUID, in_flight: InFlight) -> Iterator[Turn | None]:
    """The same for scopes that are known, such as those of a connection that is not kept yet."""
    keeper = _keeper(settings.REDIS_URL)
    said = keeper.enter(scopes, holder, WAITS_AT_MOST_SECONDS)
    if said.word is Word.FORGOT:
        keeper.tell({scope: in_flight(scope) for scope in scopes})
        said = keeper.enter(scopes, holder, WAITS_AT_MOST_SECONDS)
    if said.word is not Word.GRANTED:
        yield None
        return
    granted = Turn(keeper, scopes, said)
    try:
        yield granted
    finally:
        granted.left_lying = keeper.leave(scopes, holder)


def give_back(connection_id: uuid.UUID, connector: type[System], holder: uuid.UUID) -> None:
    """The place of a holder who is dead: only for whoever knows that its lease has run out."""
    _keeper(settings.REDIS_URL).leave(_scopes(connection_id, connector), holder)


def nothing_left(connection_id: uuid.UUID, connector: type[System]) -> None:
    """Somebody looked: nothing of this connection is due. What is refused in this very moment is found by the sweep."""
    _keeper(settings.REDIS_URL).nothing_left(_scopes(connection_id, connector))


def _scopes(connection_id: uuid.UUID, connector: type[System]) -> tuple[Scope, ...]:
    """The row is read only where the vendor counts by more than the connection."""
    if not connector.limit_by:
        return scopes_of(connection_id, connector)
    rows = Connection.objects.filter(pk=connection_id).values_list("limit_group", "settings")
    group, stored = rows.first() or ("", {})
    return scopes_of(connection_id, connector, group=group, limits=connector.limits_for(stored))


@cache
def _keeper(url: str) -> Places | SharedPlaces:
    return SharedPlaces(url) if url else Places()
