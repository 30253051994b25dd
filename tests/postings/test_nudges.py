"""A nudge in a worker: it is run by a thread of the pool, and whatever comes of it, it is done with."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from portal.postings import nudges


class Message:
    """What kombu hands over."""

    def __init__(self, payload: Any) -> None:
        self.payload = payload
        self.acks = 0

    def ack(self) -> None:
        self.acks += 1


class World:
    """A worker's consumer with a pool that runs at once, and the task's own function."""

    def __init__(self, run: Callable[..., None]) -> None:
        self.taken: set[object] = set()
        pool = SimpleNamespace(apply_async=lambda target, args: target(*args))
        state = SimpleNamespace(active_requests=self.taken)
        consumer = SimpleNamespace(pool=pool, controller=SimpleNamespace(state=state))
        self.handle = nudges.strategy(SimpleNamespace(run=run), None, consumer)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> nudges.Counter:
    counter = nudges.Counter()
    monkeypatch.setattr(nudges, "counter", counter)
    monkeypatch.setattr(nudges, "connections", SimpleNamespace(close_all=lambda: None))
    return counter


def test_it_is_run_with_what_it_says_and_counts_as_active_meanwhile(counted: nudges.Counter) -> None:
    seen: list[tuple[Any, ...]] = []

    def run(*arguments: Any) -> None:
        seen.append((arguments, len(world.taken)))

    world, message = World(run), Message([[7, "c", "demo"], {}, {}])
    world.handle(message, None)
    assert seen == [((7, "c", "demo"), 1)]
    assert (message.acks, len(world.taken), counted.done) == (1, 0, 1)


@pytest.mark.parametrize("error", [OperationalError("Gone."), ZeroDivisionError()])
def test_one_that_fails_is_done_with_too(error: Exception, counted: nudges.Counter) -> None:
    def run(*_: Any) -> None:
        raise error

    world, message = World(run), Message([[7], {}, {}])
    world.handle(message, None)
    assert (message.acks, len(world.taken), counted.done) == (1, 0, 1)


@pytest.mark.parametrize("payload", [None, 7, [], [[1], {}], "abcd"])
def test_one_that_cannot_be_read_is_thrown_away(payload: Any, counted: nudges.Counter) -> None:
    message = Message(payload)
    World(lambda *_: None).handle(message, None)
    assert (message.acks, counted.done) == (1, 0)
