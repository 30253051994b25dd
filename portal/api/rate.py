"""How often one token may call: sixty requests in any minute, over all web processes together.

The requests of this minute and of the one before are counted, and the latter's share that lies within the last sixty
seconds is taken as even. Where the counter cannot be reached nobody is turned away.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

LIMIT: Final = 60
MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a token may still do. `wait` is 0 where this request may go on, else the seconds until the next one may;
    from `reset_at` on nothing that was counted until now counts any more."""

    remaining: int
    reset_at: datetime
    wait: int = 0

    def headers(self) -> dict[str, str]:
        """As every answer tells it."""
        return {
            "X-Rate-Limit-Limit": str(LIMIT),
            "X-Rate-Limit-Remaining": str(self.remaining),
            "X-Rate-Limit-Reset": self.reset_at.isoformat().replace("+00:00", "Z"),
        }


def take(token_id: int, clock: Callable[[], float] = time.time) -> Allowance:
    """Count one request more, unless it is one too many."""
    minute, passed = divmod(clock(), MINUTE)
    reset_at = datetime.fromtimestamp((minute + 2) * MINUTE, UTC)
    try:
        before = cache.get(_name(token_id, minute - 1), 0)
        now = _counted(_name(token_id, minute))
    except (OSError, RedisError):
        logger.warning("Requests to the API are not counted: the cache cannot be reached.")
        return Allowance(LIMIT, reset_at)
    used = before * (1 - passed / MINUTE) + now
    if used <= LIMIT:
        return Allowance(math.floor(LIMIT - used), reset_at)
    _given_back(_name(token_id, minute))
    return Allowance(0, reset_at, _until(before, now - 1, passed))


def _name(token_id: int, minute: float) -> str:
    return f"api-rate:{token_id}:{int(minute)}"


def _counted(name: str) -> int:
    cache.add(name, 0, timeout=3 * MINUTE)
    return int(cache.incr(name))


def _given_back(name: str) -> None:
    """A request that was turned away does not count."""
    try:
        cache.decr(name)
    except (OSError, RedisError, ValueError):
        logger.warning("A request to the API that was turned away stays counted.")


def _until(before: int, now: int, passed: float) -> int:
    """When one request more would fit: in this minute, as the one before moves away, else in the next."""
    if now >= LIMIT:
        return _seconds(MINUTE + MINUTE * (1 - (LIMIT - 1) / now) - passed)
    return _seconds(MINUTE * (1 - (LIMIT - 1 - now) / before) - passed)


def _seconds(exactly: float) -> int:
    return max(1, math.ceil(exactly))
