"""The nudge: it arrives, and a broker that is gone or frozen costs little and is then left alone."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import redis
from kombu import Connection
from pytest_django import Settings

from portal.celery import app
from portal.connections.resting import Resting
from portal.postings import tasks
from tests.servers import Redis


@pytest.fixture
def broker(settings: Settings, redis_server: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """Celery's application publishes to a real Redis protocol server."""
    monkeypatch.setattr(tasks, "bell", Resting(60))
    before = app.conf.broker_url, app.conf.broker_transport_options
    app.conf.update(broker_url=redis_server.url, broker_transport_options={"visibility_timeout": 3600})
    tasks._producers.cache_clear()
    yield redis_server
    tasks._producers.cache_clear()
    app.conf.update(broker_url=before[0], broker_transport_options=before[1])


def test_a_nudge_reaches_the_broker_with_nothing_but_an_id(broker: Redis) -> None:
    tasks.ring(4711)
    assert redis.Redis.from_url(broker.url).llen("post") == 1
    with Connection(broker.url) as connection:
        message = connection.SimpleQueue("post").get(timeout=5)
        assert (message.headers["task"], message.payload[0]) == ("postings.run", [4711])
        message.ack()
    assert not tasks.bell.is_resting


def test_a_frozen_broker_costs_some_seconds_once(broker: Redis) -> None:
    tasks.ring(1)
    with broker.frozen():
        started = time.monotonic()
        tasks.ring(2)
        first = time.monotonic() - started
        assert tasks.bell.is_resting
        tasks.ring(3)
        second = time.monotonic() - started - first
    assert first < 15
    assert second < 5


def test_a_broker_that_is_gone_raises_nothing(broker: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    app.conf.update(broker_url="redis://127.0.0.1:9/0")
    tasks._producers.cache_clear()
    started = time.monotonic()
    tasks.ring(1)
    assert tasks.bell.is_resting
    assert time.monotonic() - started < 15
