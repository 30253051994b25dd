"""Rate limits: what the buckets let through in any window stays within the limit, and uses most of it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.base import Limits
from integrations.errors import Retryable
from portal.connections import limits
from portal.connections.limits import Bucket, Buckets, SharedBuckets
from tests.servers import Redis


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def let_through(rule: Limits, callers: int, seconds: float) -> list[float]:
    """When calls went out, with `callers` that always want to call."""
    bucket, clock = Bucket.of(rule), Clock()
    assert bucket is not None
    buckets, times = Buckets(clock), []
    free_at = [0.0] * callers
    while min(free_at) < seconds:
        caller = free_at.index(min(free_at))
        clock.now = max(clock.now, free_at[caller])
        wait = buckets.take("a", bucket, most=5.0)
        if wait <= 5.0:
            times.append(clock.now + wait)
        free_at[caller] = clock.now + max(wait, 0.001)
    return sorted(moment for moment in times if moment < seconds)


def fullest_window(times: list[float], seconds: float) -> int:
    """The most calls within any half-open window of that length."""
    most, start = 0, 0
    for end, moment in enumerate(times):
        while times[start] <= moment - seconds:
            start += 1
        most = max(most, end - start + 1)
    return most


@given(requests=st.integers(2, 300), seconds=st.sampled_from([1.0, 10.0, 60.0]), callers=st.integers(1, 20))
def test_no_window_ever_holds_more_than_the_limit(requests: int, seconds: float, callers: int) -> None:
    times = let_through(Limits(requests=requests, seconds=seconds), callers, min(3 * seconds, 60.0))
    assert fullest_window(times, seconds) <= requests


def test_most_of_the_limit_is_used() -> None:
    times = let_through(Limits(requests=100, seconds=1.0), callers=32, seconds=20.0)
    assert 0.95 * 100 * 20 <= len(times) <= 100 * 20


def test_no_limit_needs_no_bucket() -> None:
    assert Bucket.of(Limits()) is None


def test_a_wait_that_is_too_long_takes_no_place_and_costs_no_try(monkeypatch: pytest.MonkeyPatch) -> None:
    buckets = Buckets(Clock())
    monkeypatch.setattr(limits, "_buckets", lambda _: buckets)
    slept: list[float] = []
    bucket = Bucket(1.0, 0.1)
    limits._wait("a", bucket, slept.append)
    with pytest.raises(Retryable) as caught:
        limits._wait("a", bucket, slept.append)
    assert (caught.value.free, caught.value.retry_after) == (True, pytest.approx(10.0))
    assert slept == []


def test_processes_share_a_bucket_through_redis(redis_server: Redis) -> None:
    bucket = Bucket(5.0, 0.001)
    workers = [SharedBuckets(redis_server.url) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda n: workers[n % 4].take("shared", bucket, 1.0), range(40)))
    assert sum(wait == 0.0 for wait in waits) == 5


def test_without_redis_a_process_goes_on_slowly() -> None:
    alone = SharedBuckets("redis://127.0.0.1:9/0")
    bucket = Bucket(10.0, 4.0)
    assert alone.take("a", bucket, 0.0) == 0.0
    assert alone.take("a", bucket, 0.0) == pytest.approx(1.0, abs=0.2)


def test_a_frozen_redis_does_not_hang_a_worker(redis_server: Redis) -> None:
    shared = SharedBuckets(redis_server.url)
    assert shared.take("a", Bucket(10.0, 1.0), 0.0) == 0.0
    with redis_server.frozen():
        started, done = time.monotonic(), threading.Event()

        def take() -> None:
            shared.take("a", Bucket(10.0, 1.0), 0.0)
            done.set()

        threading.Thread(target=take, daemon=True).start()
        assert done.wait(10)
    assert time.monotonic() - started < 15
