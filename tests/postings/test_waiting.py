"""Waiting for the number: woken in the process, woken through Redis, and never woken at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from portal.intake import waiting as intake_waiting
from portal.postings import waiting
from portal.postings.waiting import CHANNEL, announce, wait_until, waiters
from tests.servers import Redis

LONG_SECONDS = 20.0


def start(target: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def until(condition: Callable[[], bool], seconds: float = LONG_SECONDS) -> None:
    """Wait for a condition with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        threading.Event().wait(0.005)


class Settled:
    """A posting that a test settles."""

    def __init__(self) -> None:
        self.done, self.asked = False, 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.done


@pytest.fixture
def no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a wake-up can end the wait."""
    monkeypatch.setattr(waiting, "POLL_SECONDS", LONG_SECONDS)


@pytest.fixture
def through_redis(settings: Settings, redis_server: Redis) -> Iterator[None]:
    """The waiter's process and the worker's process share nothing but Redis."""
    settings.REDIS_URL = redis_server.url
    yield
    waiting._clients.clear()


def test_an_announcement_wakes_every_waiter_of_that_posting(no_poll: None) -> None:
    settled, results = Settled(), []
    threads = [start(lambda: results.append(wait_until(7, settled, LONG_SECONDS, _nothing))) for _ in range(3)]
    until(lambda: settled.asked == 3 and len(waiters._events.get(7, ())) == 3)
    announce(8)
    settled.done = True
    announce(7)
    for thread in threads:
        thread.join(LONG_SECONDS)
    assert results == [True, True, True]
    assert 7 not in waiters._events


def test_a_lost_announcement_costs_one_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.01)
    settled, results = Settled(), []
    thread = start(lambda: results.append(wait_until(7, settled, LONG_SECONDS, _nothing)))
    until(lambda: settled.asked > 2)
    settled.done = True
    thread.join(LONG_SECONDS)
    assert results == [True]


def test_the_wait_ends_at_its_deadline() -> None:
    assert wait_until(7, lambda: False, 0.05, _nothing) is False


def test_an_announcement_through_redis_wakes_a_waiter_in_another_process(
    no_poll: None, through_redis: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled, results = Settled(), []
    thread = start(lambda: results.append(wait_until(7, settled, LONG_SECONDS, _nothing)))
    client = waiting._publisher()
    until(lambda: client.pubsub_numsub(CHANNEL)[0][1] >= 1)
    until(lambda: settled.asked >= 1)
    settled.done = True
    client.publish(CHANNEL, 7)
    thread.join(LONG_SECONDS)
    assert results == [True]


def test_a_dead_redis_does_not_disturb_an_announcement(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    announce(7)
    waiting._clients.clear()


def test_at_most_half_of_the_threads_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_waiting, "slots", threading.BoundedSemaphore(1))
    asked = []
    monkeypatch.setattr(intake_waiting, "wait_until", lambda *args: asked.append(args[0]))
    assert intake_waiting.slots.acquire(blocking=False)
    rung: list[int] = []
    intake_waiting.wait_for(7, 5, lambda _: True, rung.append)
    assert (asked, rung) == ([], [7])
    intake_waiting.slots.release()
    intake_waiting.wait_for(7, 5, lambda _: True)
    assert asked == [7]


def _nothing() -> None:
    """Nothing to give up while sleeping."""
