"""The doorbells of amendments: a Celery message is only a nudge; what is due stands in the database."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Final
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from portal.amending import reading, running
from portal.amending.due import due_postings

logger = logging.getLogger(__name__)

# Both sides may be slow, and others wait for the same threads: so many at most.
_room: Final = threading.BoundedSemaphore(max(1, settings.WORKER_THREADS // 4))


@shared_task(name="amending.match")
def match(posting_id: int) -> None:
    """Look at both sides of one invoice. Running it twice, late or for nothing does no harm; without room it is rung
    again."""
    if not _room.acquire(blocking=False):
        return
    try:
        running.perform(posting_id)
    finally:
        _room.release()


@shared_task(name="amending.read_books")
def read_books(connection_id: str) -> None:
    """Ask one accounting system what was changed there. Running it twice, late or for nothing does no harm."""
    if reading.perform(UUID(connection_id)):
        ring_due()


def ring_due() -> None:
    """Nudge a worker for each invoice that is due. A nudge may be lost: the timetable rings again."""
    for posting_id in due_postings(timezone.now()):
        _send(match, posting_id)


def look(_slot: datetime) -> None:
    """For the timetable: a nudge for whatever is due."""
    for connection_id in reading.due_readers(timezone.now()):
        _send(read_books, str(connection_id))
    ring_due()


def _send(task: object, argument: object) -> None:
    try:
        task.apply_async((argument,), retry=False)  # type: ignore[attr-defined]
    except (OSError, KombuError, RedisError):
        logger.warning("The nudge for %s could not be sent; it will be rung for again.", argument)
