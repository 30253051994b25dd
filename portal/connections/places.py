"""Places and buckets of one process: how many may call at once, and how often."""

from __future__ import annotations

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from integrations.base import System
from integrations.metadata import Limits

CAPACITY_SHARE = 0.03
# Of a window this share stays free: between our count and the vendor's lies the way there, which is not always as long.
SPARE_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Bucket:
    """`capacity` calls at once, `rate` calls a second from then on: that paces whoever waits.

    And never more than `most` that really went out in any `window` seconds: those who come late do not bunch up.
    """

    capacity: float
    rate: float
    window: float = 60.0
    most: int = 1_000_000

    @classmethod
    def of(cls, limits: Limits) -> Bucket | None:
        """The bucket that keeps a limit, or None where there is none."""
        if limits.requests is None:
            return None
        capacity = max(1.0, limits.requests * CAPACITY_SHARE)
        rate = max(limits.requests - capacity, limits.requests * 0.5) / limits.seconds
        return cls(capacity, rate, limits.seconds, limits.requests - int(limits.requests * SPARE_SHARE))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a vendor counts together: the calls of one connection, or those of all connections of the installation.

    `connection_id` is None for the installation's, and for what several connections of one `group` share;
    `integration` is the connector's slug.
    """

    name: str
    at_once: int
    bucket: Bucket | None
    integration: str = ""
    connection_id: uuid.UUID | None = None
    group: str = ""


@lru_cache(maxsize=4096)
def _scopes(
    connection_id: uuid.UUID, group: str, slug: str, limits: Limits, app_limits: Limits | None
) -> tuple[Scope, ...]:
    own = (
        Scope(f"group:{group}", limits.at_once, Bucket.of(limits), slug, group=group)
        if group
        else Scope(f"connection:{connection_id}", limits.at_once, Bucket.of(limits), slug, connection_id)
    )
    if app_limits is None:
        return (own,)
    return own, Scope(f"app:{slug}", app_limits.at_once, Bucket.of(app_limits), slug)


def scopes_of(
    connection_id: uuid.UUID, connector: type[System], *, group: str = "", limits: Limits | None = None
) -> tuple[Scope, ...]:
    """What counts for a call of this connection: its own scope or its group's, then the installation's if there is one.

    `limits` None: what the connector says.
    """
    return _scopes(connection_id, group, connector.metadata.slug, limits or connector.limits, connector.app_limits)


class Word(Enum):
    """What a keeper says to somebody who wants to call."""

    GRANTED = "granted"
    FULL = "full"
    """As many call already as may at once."""
    LATE = "late"
    """The rate allows it only later than the caller wants to wait."""
    FORGOT = "forgot"
    """The keeper has lost its memory and must be told first who is in mid-call."""


@dataclass(frozen=True, slots=True)
class Said:
    """The keeper's word, how many seconds until the call may go out, and since when the keeper remembers.

    `entry` names the request in the keeper's count; a request that need not wait is counted already.
    """

    word: Word
    wait: float = 0.0
    since: str = ""
    entry: str = ""


class Buckets:
    """Token buckets of this process. Not for several threads at once: `Places` holds the lock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, float]] = {}
        self._sent: defaultdict[str, dict[str, float]] = defaultdict(dict)

    def take(self, wanted: Mapping[str, Bucket], most: float, entry: str = "") -> float:
        """Seconds until one's call may go out by all these buckets, by name. A place in each is taken when that is at
        most `most`, else in none; a call that need not wait is counted."""
        now = self._clock()
        tokens = {name: self._tokens(name, bucket, now) for name, bucket in wanted.items()}
        waits = [max(0.0, (1 - tokens[name]) / bucket.rate) for name, bucket in wanted.items()]
        wait = max([*waits, self._until_there_is_room(wanted, entry, now)], default=0.0)
        if wait <= most:
            self._kept.update({name: (left - 1, now) for name, left in tokens.items()})
            if not wait:
                self._count(wanted, entry, now)
        return wait

    def check_in(self, wanted: Mapping[str, Bucket], entry: str) -> float:
        """Count a call that goes out now; seconds to wait first where a window is full."""
        now = self._clock()
        wait = self._until_there_is_room(wanted, entry, now)
        if not wait:
            self._count(wanted, entry, now)
        return wait

    def _until_there_is_room(self, wanted: Mapping[str, Bucket], entry: str, now: float) -> float:
        wait = 0.0
        for name, bucket in wanted.items():
            sent = self._sent[name]
            for old in [one for one, at in sent.items() if at <= now - bucket.window]:
                del sent[old]
            times = sorted(at for one, at in sent.items() if one != entry)
            if len(times) >= bucket.most:
                wait = max(wait, times[-bucket.most] + bucket.window - now)
        return wait

    def _count(self, wanted: Mapping[str, Bucket], entry: str, now: float) -> None:
        for name in wanted:
            self._sent[name][entry or f"{len(self._sent[name])} {now}"] = now

    def _tokens(self, name: str, bucket: Bucket, now: float) -> float:
        tokens, at = self._kept.get(name, (bucket.capacity, now))
        return min(bucket.capacity, tokens + (now - at) * bucket.rate)


class Places:
    """Who calls now, by scope, in this process alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._buckets = Buckets(clock)
        self._held: defaultdict[str, set[uuid.UUID]] = defaultdict(set)
        self._left: set[str] = set()

    def enter(self, scopes: tuple[Scope, ...], holder: uuid.UUID, most: float) -> Said:
        """Take a place in each scope and a place in line for the first request, or nothing at all."""
        with self._lock:
            if any(len(self._held[scope.name]) >= scope.at_once for scope in scopes):
                return self._refused(scopes, Said(Word.FULL))
            said = self._in_line(scopes, most)
            if said.word is not Word.GRANTED:
                return self._refused(scopes, said)
            for scope in scopes:
                self._held[scope.name].add(holder)
            return said

    def take(self, scopes: tuple[Scope, ...], most: float) -> Said:
        """A place in line for one more request of somebody who calls already."""
        with self._lock:
            return self._in_line(scopes, most)

    def hold(self, scopes: tuple[Scope, ...], holder: uuid.UUID) -> None:
        """Note a place that somebody else granted."""
        with self._lock:
            for scope in scopes:
                self._held[scope.name].add(holder)

    def leave(self, scopes: tuple[Scope, ...], holder: uuid.UUID) -> bool:
        """Give the places back. True when somebody was turned away meanwhile."""
        with self._lock:
            for scope in scopes:
                self._held[scope.name].discard(holder)
            return any(scope.name in self._left for scope in scopes)

    def nothing_left(self, scopes: tuple[Scope, ...]) -> None:
        """Nobody waits any more."""
        with self._lock:
            self._left.difference_update(scope.name for scope in scopes)

    def check_in(self, scopes: tuple[Scope, ...], said: Said) -> float | None:
        """Count a request that had to wait, or comes late, right before it goes out.

        Seconds to wait first where a window is full; None: what was said is forgotten, take a new turn.
        """
        with self._lock:
            return self._buckets.check_in(_buckets(scopes), said.entry)

    def tell(self, holders: Mapping[Scope, Iterable[uuid.UUID]]) -> None:
        """Who is in mid-call: this process knows."""

    def _in_line(self, scopes: tuple[Scope, ...], most: float) -> Said:
        entry = uuid.uuid4().hex
        wait = self._buckets.take(_buckets(scopes), most, entry)
        return Said(Word.GRANTED if wait <= most else Word.LATE, wait, entry=entry)

    def _refused(self, scopes: tuple[Scope, ...], said: Said) -> Said:
        self._left.update(scope.name for scope in scopes)
        return said


def _buckets(scopes: tuple[Scope, ...]) -> dict[str, Bucket]:
    return {scope.name: scope.bucket for scope in scopes if scope.bucket}
