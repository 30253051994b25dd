"""Wake those who wait for a posting: inside the process, and through Redis for waiters in other processes.

A wake-up is only a hint. Whoever wakes reads the row; a slow poll beside it is the truth when a hint was lost.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.connections.resting import Resting

logger = logging.getLogger(__name__)

CHANNEL = "postroom:settled"
POLL_SECONDS = 0.5
LISTEN_SECONDS = 1.0
RECONNECT_SECONDS = 1.0


class Waiters:
    """Who waits for which posting, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: dict[int, set[threading.Event]] = defaultdict(set)

    def add(self, posting_id: int) -> threading.Event:
        event = threading.Event()
        with self._lock:
            self._events[posting_id].add(event)
        return event

    def remove(self, posting_id: int, event: threading.Event) -> None:
        with self._lock:
            self._events[posting_id].discard(event)
            if not self._events[posting_id]:
                del self._events[posting_id]

    def wake(self, posting_id: int) -> None:
        with self._lock:
            waiting = list(self._events.get(posting_id, ()))
        for event in waiting:
            event.set()


waiters = Waiters()


def announce(posting_id: int) -> None:
    """Tell every waiter that this posting has moved. Never raises: a lost hint costs one poll."""
    waiters.wake(posting_id)
    if not settings.REDIS_URL or publishing.is_resting:
        return
    try:
        _publisher().publish(CHANNEL, posting_id)
    except redis.RedisError:
        publishing.rest()
        logger.warning("A finished posting could not be announced through Redis; waiters will poll.")


def wait_until(posting_id: int, decided: Callable[[], bool], seconds: float, sleeping: Callable[[], None]) -> bool:
    """Wait at most `seconds` until `decided()`; `sleeping()` is called before each pause (to give up a connection)."""
    _listen()
    deadline = time.monotonic() + seconds
    event = waiters.add(posting_id)
    try:
        while not decided():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            sleeping()
            event.wait(min(POLL_SECONDS, left))
            event.clear()
        return True
    finally:
        waiters.remove(posting_id, event)


# --- Redis ---------------------------------------------------------------------------------------------------------

_started = threading.Lock()
_threads: dict[str, threading.Thread] = {}
_clients: dict[str, redis.Redis] = {}
publishing = Resting(seconds=5.0)


def _publisher() -> redis.Redis:
    if "publisher" not in _clients:
        _clients["publisher"] = _client(timeout=1)
    return _clients["publisher"]


def _client(timeout: float) -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=timeout,
        socket_connect_timeout=2,
        health_check_interval=10,
        retry=Retry(NoBackoff(), 0),
    )


def _listen() -> None:
    """One listening thread per web process, started with the first waiter."""
    url = settings.REDIS_URL
    if not url or url in _threads:
        return
    with _started:
        if url not in _threads:
            _threads[url] = threading.Thread(target=_forward, args=(url,), name="settled-listener", daemon=True)
            _threads[url].start()


def _forward(url: str) -> None:
    """Pass announcements on to this process's waiters, for as long as this Redis is the one that is used."""
    while url == settings.REDIS_URL:
        try:
            with _client(timeout=30).pubsub(ignore_subscribe_messages=True) as subscription:
                subscription.subscribe(CHANNEL)
                while url == settings.REDIS_URL:
                    message = subscription.get_message(timeout=LISTEN_SECONDS)
                    if message is not None:
                        waiters.wake(int(message["data"]))
        except redis.RedisError:
            logger.warning("The settled listener lost Redis; it connects again.")
            time.sleep(RECONNECT_SECONDS)
    _threads.pop(url, None)
