"""The doorbell of this room: a Celery message is only a nudge; what is due stands in the database."""

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

from portal.postings.tasks import ring as ring_posting
from portal.settlements import reading

logger = logging.getLogger(__name__)

# Reading may take long, and others wait for the same threads: so many of them at most.
READS_AT_ONCE: Final = max(1, settings.WORKER_THREADS // 8)
_room = threading.BoundedSemaphore(READS_AT_ONCE)


@shared_task(name="settlements.read")
def read_settlements(connection_id: str) -> None:
    """Read what is due of a connection. Running it twice, late or for nothing does no harm; without room it is rung
    again."""
    if not _room.acquire(blocking=False):
        return
    try:
        reading.perform(connection_id, ring_posting)
    finally:
        _room.release()


def look(_slot: datetime) -> None:
    """For the timetable: new readers, and a nudge for each that is due."""
    now = timezone.now()
    reading.ensure(now)
    for connection_id in reading.due(now):
        try:
            read_settlements.apply_async((connection_id,), retry=False)
        except (OSError, KombuError, RedisError):
            logger.warning("The nudge for settlements could not be sent; it will be rung for again.")
            return
