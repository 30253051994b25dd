"""The vendors' limits: what goes out in any window and at once stays within them, and uses most of what they allow."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from integrations.metadata import Limits
from portal.connections import limits
from portal.connections.limits import LATE_SECONDS, LimitUsedUp, Turn, turn
from portal.connections.places import Bucket, Buckets, Places, Said, Scope, Word, scopes_of
from portal.connections.shared_places import SINCE, SharedPlaces
from tests.postings.fake_books import FakeBooks
from tests.servers import Redis

HUGE = 1_000_000


class Clock:
    """A clock that a test moves; sleeping moves it too."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def a_scope(at_once: int = HUGE, requests: int | None = None, seconds: float = 1.0, name: str = "a") -> Scope:
    return Scope(name, at_once, Bucket.of(Limits(requests=requests, seconds=seconds)), "fake", uuid.uuid4())


def let_through(rule: Limits, callers: int, seconds: float) -> list[float]:
    """When calls went out, with `callers` that always want to call."""
    bucket, clock = Bucket.of(rule), Clock()
    assert bucket is not None
    buckets, times = Buckets(clock), []
    free_at = [0.0] * callers
    while min(free_at) < seconds:
        caller = free_at.index(min(free_at))
        clock.now = max(clock.now, free_at[caller])
        wait = buckets.take({"a": bucket}, most=5.0)
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


class TestATurn:
    """When the first request, and each further one, may go out."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    def a_turn(self, clock: Clock, scope: Scope, keeper: Places | None = None) -> tuple[Turn, list[float]]:
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            clock.sleep(seconds)

        keeper = keeper or Places(clock)
        said = keeper.enter((scope,), uuid.uuid4(), 5.0)
        assert said.word is Word.GRANTED
        return Turn(keeper, (scope,), said, sleep, clock), slept

    def test_the_first_request_has_its_moment_already(self, clock: Clock) -> None:
        turn, slept = self.a_turn(clock, a_scope(requests=10))
        turn.permit()
        assert slept == []
        turn.permit()
        assert slept == [pytest.approx(1 / 9)]

    def test_what_was_done_meanwhile_is_not_waited_for_again(self, clock: Clock) -> None:
        keeper, scope = Places(clock), a_scope(requests=10)
        self.a_turn(clock, scope, keeper)
        turn, slept = self.a_turn(clock, scope, keeper)
        clock.now += 0.1
        turn.permit()
        assert slept == [pytest.approx(1 / 9 - 0.1)]

    def test_those_who_come_late_do_not_bunch_up(self, clock: Clock) -> None:
        keeper, scope = Places(clock), a_scope(requests=10)
        late = [self.a_turn(clock, scope, keeper) for _ in range(10)]
        clock.now = 1.5
        on_time = []
        for _ in range(9):
            turn, _ = self.a_turn(clock, scope, keeper)
            turn.permit()
            on_time.append(clock.now)
        went = []
        for turn, _ in late:
            turn.permit()
            went.append(clock.now)
        assert fullest_window(sorted(on_time + went), 1.0 - 1e-6) <= 10

    def test_who_comes_a_little_late_goes_at_once_where_there_is_room(self, clock: Clock) -> None:
        turn, slept = self.a_turn(clock, a_scope(requests=10))
        clock.now += LATE_SECONDS + 0.001
        turn.permit()
        assert slept == []

    def test_a_wait_that_is_too_long_costs_no_try(self, clock: Clock) -> None:
        turn, slept = self.a_turn(clock, replace(a_scope(), bucket=Bucket(1.0, 0.1)))
        turn.permit()
        with pytest.raises(LimitUsedUp) as caught:
            turn.permit()
        assert (caught.value.free, caught.value.retry_after) == (True, pytest.approx(10.0))
        assert slept == []

    def test_a_moment_that_was_forgotten_is_not_used(self, clock: Clock) -> None:
        class Forgetful(Places):
            forgets = True

            def check_in(self, scopes: tuple[Scope, ...], said: Said) -> float | None:
                self.forgets, forgot = False, self.forgets
                return None if forgot else super().check_in(scopes, said)

        keeper, scope = Forgetful(clock), a_scope(requests=10)
        self.a_turn(clock, scope, keeper)
        turn, slept = self.a_turn(clock, scope, keeper)
        turn.permit()
        assert len(slept) == 2


Keep = Callable[[], Places | SharedPlaces]


@pytest.fixture
def flushed(redis_server: Redis) -> Iterator[redis.Redis]:
    """The server behind the shared keeper, empty."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
        yield client


def known(client: redis.Redis, since: float = 1.0) -> None:
    """Let Redis have remembered for long."""
    client.set(SINCE, f"{since:.6f}")


@pytest.fixture(params=["in the process", "in Redis"])
def keep(request: pytest.FixtureRequest, redis_server: Redis, flushed: redis.Redis) -> Keep:
    """What makes a keeper: each is a process of its own on the same places."""
    if request.param == "in the process":
        one = Places()
        return lambda: one
    known(flushed)
    return lambda: SharedPlaces(redis_server.url)


class TestPlaces:
    """How many call at once, in both shapes."""

    def test_as_many_as_may_and_no_more_whatever_the_process(self, keep: Keep) -> None:
        scopes, holders = (a_scope(at_once=2),), [uuid.uuid4() for _ in range(3)]
        words = [keep().enter(scopes, holder, 5.0).word for holder in holders]
        assert words == [Word.GRANTED, Word.GRANTED, Word.FULL]
        keep().leave(scopes, holders[0])
        assert keep().enter(scopes, holders[2], 5.0).word is Word.GRANTED

    def test_the_installations_limit_counts_all_connections(self, keep: Keep) -> None:
        app = a_scope(at_once=2, name="app:fake")
        one, other = (a_scope(at_once=2, name="one"), app), (a_scope(at_once=2, name="other"), app)
        assert keep().enter(one, uuid.uuid4(), 5.0).word is Word.GRANTED
        assert keep().enter(other, uuid.uuid4(), 5.0).word is Word.GRANTED
        assert keep().enter(other, uuid.uuid4(), 5.0).word is Word.FULL

    def test_who_finishes_hears_that_somebody_was_turned_away(self, keep: Keep) -> None:
        scopes, first = (a_scope(at_once=1),), uuid.uuid4()
        keep().enter(scopes, first, 5.0)
        keep().enter(scopes, uuid.uuid4(), 5.0)
        assert keep().leave(scopes, first) is True
        keep().nothing_left(scopes)
        assert keep().leave(scopes, first) is False

    def test_who_would_wait_too_long_takes_nothing(self, keep: Keep) -> None:
        scopes = (replace(a_scope(at_once=5), bucket=Bucket(1.0, 0.1)),)
        assert keep().enter(scopes, uuid.uuid4(), 5.0).word is Word.GRANTED
        late = keep().enter(scopes, uuid.uuid4(), 5.0)
        assert (late.word, late.wait) == (Word.LATE, pytest.approx(10.0, abs=1.0))
        assert keep().enter(scopes, uuid.uuid4(), 60.0).word is Word.GRANTED

    def test_two_buckets_are_both_asked_before_either_is_used(self, keep: Keep) -> None:
        own = replace(a_scope(name="own"), bucket=Bucket(5.0, 0.001))
        app = replace(a_scope(name="app"), bucket=Bucket(1.0, 0.001))
        assert keep().enter((own, app), uuid.uuid4(), 5.0).word is Word.GRANTED
        assert [keep().enter((own, app), uuid.uuid4(), 5.0).word for _ in range(9)] == [Word.LATE] * 9
        assert [keep().take((own,), 5.0).word for _ in range(5)] == [Word.GRANTED] * 4 + [Word.LATE]


class TestRedisLosesItsMemory:
    def test_a_process_that_died_holds_its_place_for_a_while_only(
        self, redis_server: Redis, flushed: redis.Redis
    ) -> None:
        known(flushed)
        scopes, keeper = (a_scope(at_once=1),), SharedPlaces(redis_server.url)
        keeper.enter(scopes, uuid.uuid4(), 5.0)
        flushed.zadd("postroom:limit:a:places", {uuid.uuid4().hex: 1.0})
        assert keeper.enter(scopes, uuid.uuid4(), 5.0).word is Word.FULL
        assert flushed.zcard("postroom:limit:a:places") == 1

    def test_it_asks_who_is_in_mid_call(
        self, redis_server: Redis, flushed: redis.Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(FakeBooks, "limits", Limits(at_once=3))
        settings.REDIS_URL = redis_server.url
        connection_id, asked = uuid.uuid4(), []
        calling = [uuid.uuid4(), uuid.uuid4()]

        def in_flight(scope: Scope) -> list[uuid.UUID]:
            asked.append(scope.connection_id)
            return calling

        with turn(connection_id, FakeBooks, uuid.uuid4(), in_flight) as first:
            assert first is not None
            with turn(connection_id, FakeBooks, uuid.uuid4(), in_flight) as second:
                assert second is None
        assert asked == [connection_id]
        (scope,) = scopes_of(connection_id, FakeBooks)
        limits._keeper(redis_server.url).leave((scope,), calling[0])
        with turn(connection_id, FakeBooks, uuid.uuid4(), in_flight) as third:
            assert third is not None

    def test_a_bucket_begins_empty_and_what_was_promised_is_forgotten(
        self, redis_server: Redis, flushed: redis.Redis
    ) -> None:
        known(flushed)
        keeper, scopes = SharedPlaces(redis_server.url), (a_scope(requests=10, seconds=1.0),)
        promised = keeper.take(scopes, 5.0)
        assert (promised.wait, keeper.check_in(scopes, promised)) == (0.0, 0.0)
        flushed.flushall()
        assert keeper.check_in(scopes, promised) is None
        again = keeper.take(scopes, 5.0)
        assert again.wait == pytest.approx(1 / 9)
        assert keeper.check_in(scopes, again) == 0.0

    def test_a_full_window_makes_whoever_comes_late_wait(self, redis_server: Redis, flushed: redis.Redis) -> None:
        known(flushed)
        scopes = (replace(a_scope(), bucket=Bucket(100.0, 100.0, window=30.0, most=3)),)
        keeper, other = SharedPlaces(redis_server.url), SharedPlaces(redis_server.url)
        said = [each.take(scopes, 60.0) for each in (keeper, other, keeper, other)]
        assert [one.wait for one in said[:3]] == [0.0, 0.0, 0.0]
        assert said[3].wait == pytest.approx(30.0, abs=2.0)
        assert other.check_in(scopes, said[0]) == 0.0
        assert other.check_in(scopes, said[3]) == pytest.approx(30.0, abs=2.0)


def test_processes_share_a_bucket_through_redis(redis_server: Redis, flushed: redis.Redis) -> None:
    known(flushed)
    scopes = (replace(a_scope(name="shared"), bucket=Bucket(5.0, 0.001)),)
    workers = [SharedPlaces(redis_server.url) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda n: workers[n % 4].take(scopes, 1.0), range(40)))
    assert sum(one.word is Word.GRANTED for one in said) == 5


def test_without_redis_a_process_goes_on_slowly_with_one_call_at_once() -> None:
    alone = SharedPlaces("redis://127.0.0.1:9/0")
    scopes, first = (replace(a_scope(at_once=16), bucket=Bucket(10.0, 4.0)),), uuid.uuid4()
    granted = alone.enter(scopes, first, 5.0)
    assert (granted.word, granted.wait, granted.since) == (Word.GRANTED, 0.0, "")
    assert alone.enter(scopes, uuid.uuid4(), 5.0).word is Word.FULL
    assert alone.take(scopes, 5.0).wait == pytest.approx(1.0, abs=0.2)
    alone.leave(scopes, first)
    assert alone.enter(scopes, uuid.uuid4(), 5.0).word is Word.GRANTED


def test_calls_that_redis_allowed_count_when_it_is_away(redis_server: Redis, flushed: redis.Redis) -> None:
    known(flushed)
    keeper, scopes, first = SharedPlaces(redis_server.url), (a_scope(at_once=16),), uuid.uuid4()
    assert keeper.enter(scopes, first, 5.0).word is Word.GRANTED
    keeper._away.rest()
    assert keeper.enter(scopes, uuid.uuid4(), 5.0).word is Word.FULL


def test_a_frozen_redis_does_not_hang_a_worker(redis_server: Redis, flushed: redis.Redis) -> None:
    known(flushed)
    shared, scopes = SharedPlaces(redis_server.url), (a_scope(requests=10),)
    assert shared.take(scopes, 5.0).word is Word.GRANTED
    with redis_server.frozen():
        started, done = time.monotonic(), threading.Event()

        def take() -> None:
            shared.take(scopes, 5.0)
            done.set()

        threading.Thread(target=take, daemon=True).start()
        assert done.wait(10)
    assert time.monotonic() - started < 15
