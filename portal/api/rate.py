"""How often one token may call: sixty requests in any minute, over all web processes together.

The requests of this minute and of the one before are counted, and the latter's share that lies within the last sixty
seconds is taken as even. Where the counter cannot be reached nobody is turned away.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Final

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

LIMIT: Final = 60
MINUTE: Final = 60


def seconds_to_wait(token_id: int, clock: Callable[[], float] = time.time) -> int:
    """0 when this request may go on, and then it is counted. Else the whole seconds until the next one may."""
    minute, passed = divmod(clock(), MINUTE)
    try:
        before = cache.get(_name(token_id, minute - 1), 0)
        now = _counted(_name(token_id, minute))
    except (OSError, RedisError):
        logger.warning("Requests to the API are not counted: the cache cannot be reached.")
        return 0
    if before * (1 - passed / MINUTE) + now <= LIMIT:
        return 0
    _given_back(_name(token_id, minute))
    return _until(before, now - 1, passed)


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
