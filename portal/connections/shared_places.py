"""Places and buckets in Redis, for all processes together.

Redis may lose everything at any time, and no limit may break by that. It remembers since when it remembers: while that
is younger than a place can be old, the database is asked first who is in mid-call, and a bucket begins empty. Whoever
waits for a moment that Redis has forgotten meanwhile waits anew. While Redis is away each process goes on with one call
at once and a quarter of the rate, which four processes may do together.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.connections.places import Bucket, Places, Said, Scope, Word
from portal.connections.resting import Resting

ALONE_SHARE = 0.25
REDIS_TIMEOUT_SECONDS = 0.5
RESTS_SECONDS = 5.0
# Longer than a claim's lease (120 s) and than any attempt: nobody calls on a place that has run out.
HELD_SECONDS = 150
SINCE = "postroom:limit:since"

# KEYS: since, then five for each scope. ARGV: holder (empty: a further request of a call that has its places), how long
# a place is held, how long the caller would wait, the request's entry in the count; then at once, capacity, rate (0:
# none), window and most in a window of each scope.
ENTER = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local since = redis.call('GET', KEYS[1])
if not since then
    since = string.format('%.6f', now)
    redis.call('SET', KEYS[1], since)
end
local age = now - tonumber(since)
local holder, held, most, entry = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local scopes = (#KEYS - 1) / 5
local wait, kept = 0, {}

local function until_room(sent, window, fits)
    redis.call('ZREMRANGEBYSCORE', sent, '-inf', now - window)
    local count = redis.call('ZCARD', sent)
    if count < fits then return 0 end
    return tonumber(redis.call('ZRANGE', sent, count - fits, count - fits, 'WITHSCORES')[2]) + window - now
end

local function refuse(word)
    if holder ~= '' then
        for i = 0, scopes - 1 do redis.call('SET', KEYS[5 * i + 4], '1', 'EX', 3600) end
    end
    return {word, tostring(wait), since}
end

for i = 0, scopes - 1 do
    local places, told, bucket, sent = KEYS[5 * i + 2], KEYS[5 * i + 3], KEYS[5 * i + 5], KEYS[5 * i + 6]
    local at_once, capacity = tonumber(ARGV[5 * i + 5]), tonumber(ARGV[5 * i + 6])
    local rate, window, fits = tonumber(ARGV[5 * i + 7]), tonumber(ARGV[5 * i + 8]), tonumber(ARGV[5 * i + 9])
    if holder ~= '' then
        if age < held and redis.call('EXISTS', told) == 0 then return {'forgot', '0', since} end
        redis.call('ZREMRANGEBYSCORE', places, '-inf', now)
        if redis.call('ZCARD', places) >= at_once then return refuse('full') end
    end
    if rate > 0 then
        local found = redis.call('HMGET', bucket, 'tokens', 'at')
        local fresh = capacity
        if age < window then fresh = (1 / rate <= most) and 0 or 1 end
        local tokens, at = tonumber(found[1]) or fresh, tonumber(found[2]) or now
        tokens = math.min(capacity, tokens + math.max(0, now - at) * rate)
        wait = math.max(wait, (1 - tokens) / rate, until_room(sent, window, fits))
        kept[i] = tokens
    end
end
if wait > most then return refuse('late') end
for i = 0, scopes - 1 do
    if kept[i] then
        local capacity, rate = tonumber(ARGV[5 * i + 6]), tonumber(ARGV[5 * i + 7])
        redis.call('HSET', KEYS[5 * i + 5], 'tokens', tostring(kept[i] - 1), 'at', string.format('%.6f', now))
        redis.call('PEXPIRE', KEYS[5 * i + 5], math.ceil((capacity / rate + most + 60) * 1000))
        if wait == 0 then
            redis.call('ZADD', KEYS[5 * i + 6], now, entry)
            redis.call('PEXPIRE', KEYS[5 * i + 6], math.ceil(tonumber(ARGV[5 * i + 8]) * 1000))
        end
    end
    if holder ~= '' then
        redis.call('ZADD', KEYS[5 * i + 2], now + held, holder)
        redis.call('EXPIRE', KEYS[5 * i + 2], held + 60)
    end
end
return {'granted', tostring(wait), since}
"""

# Right before a request goes out that had to wait or comes late. KEYS: since, and the count of each scope with a rate.
# ARGV: since when Redis remembered as it granted, the entry, and window and most of each. Seconds to wait, -1: forgot.
CHECK_IN = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return '-1' end
local time = redis.call('TIME')
local now, entry, wait = time[1] + time[2] / 1e6, ARGV[2], 0
for i = 2, #KEYS do
    local window, fits = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - window)
    redis.call('ZREM', KEYS[i], entry)
    local count = redis.call('ZCARD', KEYS[i])
    if count >= fits then
        local first = redis.call('ZRANGE', KEYS[i], count - fits, count - fits, 'WITHSCORES')[2]
        wait = math.max(wait, tonumber(first) + window - now)
    end
end
if wait == 0 then
    for i = 2, #KEYS do
        redis.call('ZADD', KEYS[i], now, entry)
        redis.call('PEXPIRE', KEYS[i], math.ceil(tonumber(ARGV[2 * i - 1]) * 1000))
    end
end
return tostring(wait)
"""

# KEYS: places and left of each scope. ARGV: holder. Whether somebody was turned away.
LEAVE = """
local left = 0
for i = 1, #KEYS, 2 do
    redis.call('ZREM', KEYS[i], ARGV[1])
    left = left + redis.call('EXISTS', KEYS[i + 1])
end
return left
"""


class SharedPlaces:
    """The keeper for all processes of an installation; see `Places` for what each method does."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._enter = self._client.register_script(ENTER)
        self._leave = self._client.register_script(LEAVE)
        self._check_in = self._client.register_script(CHECK_IN)
        self._away = Resting(RESTS_SECONDS)
        self._alone = Places()

    def enter(self, scopes: tuple[Scope, ...], holder: uuid.UUID, most: float) -> Said:
        """A place in each scope and one in line, or nothing."""
        said = self._asked(scopes, holder.hex, most)
        if said is None:
            return self._alone.enter(_alone(scopes), holder, most)
        if said.word is Word.GRANTED:
            self._alone.hold(scopes, holder)
        return said

    def take(self, scopes: tuple[Scope, ...], most: float) -> Said:
        """A place in line for one more request."""
        said = self._asked(scopes, "", most)
        return self._alone.take(_alone(scopes), most) if said is None else said

    def leave(self, scopes: tuple[Scope, ...], holder: uuid.UUID) -> bool:
        """Give the places back. What Redis does not hear of runs out there by itself."""
        left = self._alone.leave(scopes, holder)
        if self._away.is_resting:
            return left
        keys = [key for scope in scopes for key in (_key(scope, "places"), _key(scope, "left"))]
        try:
            return bool(self._leave(keys=keys, args=[holder.hex])) or left
        except redis.RedisError:
            self._away.rest()
            return left

    def nothing_left(self, scopes: tuple[Scope, ...]) -> None:
        """Nobody waits any more."""
        self._alone.nothing_left(scopes)
        if not self._away.is_resting:
            try:
                self._client.delete(*(_key(scope, "left") for scope in scopes))
            except redis.RedisError:
                self._away.rest()

    def check_in(self, scopes: tuple[Scope, ...], said: Said) -> float | None:
        """Count a request right before it goes out. What Redis said is not kept by anybody while it is away."""
        if not said.since:
            return self._alone.check_in(_alone(scopes), said)
        if self._away.is_resting:
            return None
        limited = [(scope, scope.bucket) for scope in scopes if scope.bucket]
        keys = [SINCE, *(_key(scope, "sent") for scope, _ in limited)]
        numbers = [number for _, bucket in limited for number in (bucket.window, bucket.most)]
        try:
            left = float(self._check_in(keys=keys, args=[said.since, said.entry, *numbers]))
        except redis.RedisError:
            self._away.rest()
            return None
        return None if left < 0 else left

    def tell(self, holders: Mapping[Scope, Iterable[uuid.UUID]]) -> None:
        """Write down who is in mid-call by the database, beside those who took a place meanwhile."""
        try:
            now = float(self._client.time()[0])
            with self._client.pipeline() as pipe:
                for scope, calling in holders.items():
                    if places := {holder.hex: now + HELD_SECONDS for holder in calling}:
                        pipe.zadd(_key(scope, "places"), places)
                        pipe.expire(_key(scope, "places"), HELD_SECONDS + 60)
                    pipe.set(_key(scope, "told"), "1", ex=HELD_SECONDS + 60)
                pipe.execute()
        except redis.RedisError:
            self._away.rest()

    def _asked(self, scopes: tuple[Scope, ...], holder: str, most: float) -> Said | None:
        if self._away.is_resting:
            return None
        parts = ("places", "told", "left", "bucket", "sent")
        keys = [SINCE, *(_key(scope, part) for scope in scopes for part in parts)]
        entry, numbers = uuid.uuid4().hex, [number for scope in scopes for number in _numbers(scope)]
        args: list[str | float] = [holder, HELD_SECONDS, most, entry, *numbers]
        try:
            word, wait, since = self._enter(keys=keys, args=args)
        except redis.RedisError:
            self._away.rest()
            return None
        return Said(Word(word.decode()), float(wait), since.decode(), entry)


def _numbers(scope: Scope) -> tuple[float, float, float, float, int]:
    bucket = scope.bucket or Bucket(0, 0)
    return scope.at_once, bucket.capacity, bucket.rate, bucket.window, bucket.most


def _key(scope: Scope, what: str) -> str:
    return f"postroom:limit:{scope.name}:{what}"


def _alone(scopes: tuple[Scope, ...]) -> tuple[Scope, ...]:
    """What a process may do on its own."""
    return tuple(
        replace(scope, at_once=1, bucket=scope.bucket and Bucket(1.0, scope.bucket.rate * ALONE_SHARE))
        for scope in scopes
    )
