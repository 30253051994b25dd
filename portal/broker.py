"""Redis as the broker of nudges: taken is taken.

A message is only a nudge: the row is the queue, and the sweep finds what a lost nudge was for. So nothing is kept of a
message that was taken, which kombu does with two more round trips for each. How many were taken and are not done is
still counted, in memory: a worker takes no more than it has threads for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from kombu.transport import redis, virtual
from redis import Redis


class TakenIsTaken(redis.QoS):
    """Counts what was taken, and leaves Redis alone."""

    restore_at_shutdown = False

    def append(self, message: Any, delivery_tag: str) -> None:
        """One more is taken."""
        virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """One is done."""
        virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """One is not wanted: it is dropped."""
        virtual.QoS.ack(self, delivery_tag)

    def restore_visible(self, *_: Any, **__: Any) -> None:
        """Nothing was kept, so nothing is put back."""

    def restore_unacked(self, *_: Any, **__: Any) -> None:
        """Neither at the end."""
        if self._delivered:
            self._delivered.clear()


class Channel(redis.Channel):
    """A channel that keeps nothing of what was taken, and one client for all that it sends."""

    QoS = TakenIsTaken

    @contextmanager
    def conn_or_acquire(self, client: Redis | None = None) -> Iterator[Redis]:
        """The given client, or the channel's own: kombu makes a new one each time."""
        yield client or self._kept

    @cached_property
    def _kept(self) -> Redis:
        kept: Redis = super()._create_client()  # type: ignore[misc] # the stubs do not know it
        return kept


class Transport(redis.Transport):
    """kombu's Redis transport with such channels: `broker_transport = "portal.broker:Transport"`."""

    Channel = Channel
