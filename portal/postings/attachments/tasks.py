"""The doorbell of handovers: a Celery message is only a nudge with a connection's id."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from portal.postings.attachments.run import hand_over_where_there_is_room, look

logger = logging.getLogger(__name__)


@shared_task(name="postings.hand_over")
def run_handovers(connection_id: str) -> None:
    """Hand over what is due of one connection. Running it twice, late or for nothing does no harm."""
    hand_over_where_there_is_room(UUID(connection_id))


def ring(connection_id: UUID) -> None:
    """Nudge a worker for the files of a connection. A nudge may be lost: the timetable rings again."""
    try:
        run_handovers.apply_async((connection_id.hex,), retry=False)
    except (OSError, KombuError, RedisError):
        logger.warning("The nudge for the files of %s could not be sent; it will be rung for again.", connection_id)


def hand_over_due(_slot: datetime) -> None:
    """For the timetable: a nudge for each connection with files to hand over: one that hangs delays no other."""
    for connection_id in look(timezone.now()):
        ring(connection_id)
