"""The vendors' rate limits, kept over all workers together: a token bucket per connection and per installation.

The bucket is sized so that what it lets through in any window stays within the limit: capacity + rate * window =
limit. Buckets live in Redis, on Redis's clock; without Redis in the process. While a configured Redis is away each
process goes on at a quarter of the rate, which four processes may do together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from integrations.base import AccountingSystem, Limits
from integrations.errors import Retryable
from portal.connections.models import Connection

CAPACITY_SHARE = 0.03
WAITS_AT_MOST_SECONDS = 5.0
ALONE_SHARE = 0.25
REDIS_TIMEOUT_SECONDS = 0.5
TAKE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1e6
local capacity, rate, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or capacity, tonumber(kept[2]) or now
tokens = math.min(capacity, tokens + math.max(0, now - at) * rate)
local wait = math.max(0, (1 - tokens) / rate)
if wait <= most then tokens = tokens - 1 end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity / rate + most + 60) * 1000))
return tostring(wait)
"""


class LimitUsedUp(Retryable):
    """Our own word, not the vendor's: it was not even asked."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`capacity` calls at once, `rate` calls a second from then on."""

    capacity: float
    rate: float

    @classmethod
    def of(cls, limits: Limits) -> Bucket | None:
        """The bucket that keeps a limit, or None where there is none."""
        if limits.requests is None:
            return None
        capacity = max(1.0, limits.requests * CAPACITY_SHARE)
        return cls(capacity, max(limits.requests - capacity, limits.requests * 0.5) / limits.seconds)


class Buckets:
    """Buckets of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, float]] = {}

    def take(self, name: str, bucket: Bucket, most: float) -> float:
        """Seconds until one's call may go out. Its place is taken when that is at most `most`, else nothing is."""
        with self._lock:
            now = self._clock()
            tokens, at = self._kept.get(name, (bucket.capacity, now))
            tokens = min(bucket.capacity, tokens + (now - at) * bucket.rate)
            wait = max(0.0, (1 - tokens) / bucket.rate)
            self._kept[name] = (tokens - 1 if wait <= most else tokens, now)
            return wait


class SharedBuckets:
    """The same in Redis, for all processes; when Redis is away, slowly on one's own."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._take = self._client.register_script(TAKE)
        self._alone = Buckets()

    def take(self, name: str, bucket: Bucket, most: float) -> float:
        """Like `Buckets.take`."""
        try:
            wait = self._take(keys=[f"postroom:limit:{name}"], args=[bucket.capacity, bucket.rate, most])
            return float(wait)
        except redis.RedisError:
            return self._alone.take(name, Bucket(1.0, bucket.rate * ALONE_SHARE), most)


@cache
def _buckets(url: str) -> Buckets | SharedBuckets:
    return SharedBuckets(url) if url else Buckets()


def permit(
    connection: Connection, connector: type[AccountingSystem], sleep: Callable[[float], None] = time.sleep
) -> Callable[[], None]:
    """What to call before each request: waits some seconds for the limit, or raises `Retryable` that uses up no try."""

    def wait_for_the_limit() -> None:
        for name, limits in (
            (f"connection:{connection.pk}", connector.limits),
            (f"app:{connector.metadata.slug}", connector.app_limits),
        ):
            bucket = Bucket.of(limits) if limits else None
            if bucket is not None:
                _wait(name, bucket, sleep)

    return wait_for_the_limit


def _wait(name: str, bucket: Bucket, sleep: Callable[[float], None]) -> None:
    wait = _buckets(settings.REDIS_URL).take(name, bucket, WAITS_AT_MOST_SECONDS)
    if wait > WAITS_AT_MOST_SECONDS:
        raise Retryable(
            "The vendor's rate limit is used up for now; it goes on by itself.", retry_after=wait, free=True
        )
    if wait > 0:
        sleep(wait)
