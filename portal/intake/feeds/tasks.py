"""The doorbells of feeds: a Celery message is only a nudge; what is due stands in the database."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Final

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from portal.amending.tasks import ring_due as ring_amendments
from portal.intake.feeds import hints, leases, reading, setting_up, taking
from portal.postings.tasks import ring as ring_posting

logger = logging.getLogger(__name__)

# Reading may take long, and others wait for the same threads: so many of them at most.
READS_AT_ONCE: Final = max(1, settings.WORKER_THREADS // 4)
_room = threading.BoundedSemaphore(READS_AT_ONCE)


@shared_task(name="intake.read_feed")
def read_feed(reader_id: int) -> None:
    """Read what is due of a feed. Running it twice, late or for nothing does no harm; without room it is rung again."""
    if not _room.acquire(blocking=False):
        return
    try:
        if reading.perform(reader_id, ring_posting):
            ring_amendments()
    finally:
        _room.release()


@shared_task(name="intake.follow_hints")
def follow_hints(connection_id: str) -> None:
    """Read the records that were hinted at. Running it twice, late or for nothing does no harm."""
    if hints.follow(connection_id, ring_posting):
        ring_amendments()


def ring_reader(reader_id: int) -> None:
    """Nudge a worker for a feed. A nudge may be lost: the timetable rings again."""
    _send(read_feed, reader_id)


def ring_hints(connection_id: str, *, after_seconds: float = 0) -> None:
    """Nudge a worker for a connection's hints, in so many seconds."""
    _send(follow_hints, connection_id, countdown=after_seconds)


def look(_slot: datetime) -> None:
    """For the timetable: new readers, a nudge for each that is due, and whatever was kept and still is to be taken."""
    now = timezone.now()
    setting_up.ensure_all(now)
    for reader_id in leases.due(now):
        ring_reader(reader_id)
    for connection_id in hints.connections_hinted(now):
        ring_hints(connection_id)
    taking.take_left(now, ring_posting)
    taking.take_again(now, ring_posting)


def _send(task: object, argument: object, **terms: object) -> None:
    try:
        task.apply_async((argument,), retry=False, **terms)  # type: ignore[attr-defined]
    except (OSError, KombuError, RedisError):
        logger.warning("The nudge for %s could not be sent; it will be rung for again.", argument)
