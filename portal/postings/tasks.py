"""The doorbell: a Celery message is only a nudge with a posting's id."""

from __future__ import annotations

import logging
from functools import cache
from uuid import UUID

from celery import shared_task
from django.conf import settings
from kombu.exceptions import KombuError
from kombu.pools import ProducerPool, Producers
from redis.exceptions import RedisError

from portal.celery import app
from portal.connections.resting import Resting
from portal.postings import nudges, work
from portal.postings.due import Where
from portal.postings.tally import tally

logger = logging.getLogger(__name__)

BOUNDED = {
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
    "retry_on_timeout": False,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
}
PRODUCER_WITHIN_SECONDS = 1
REST_SECONDS = 5.0

bell = Resting(REST_SECONDS)


@shared_task(name=nudges.TASK, base=nudges.Nudged)
def run_posting(posting_id: int, connection_id: str = "", integration: str = "") -> None:
    """Bring one posting a step further. Running it twice, late or for nothing does no harm.

    Where it goes is told where the caller knows it, and saves a look; what is told wrongly makes this do nothing.
    """
    tally.add(by_nudge=work.run(posting_id, Where(UUID(connection_id), integration) if connection_id else None))


def ring(posting_id: int, where: Where | None = None) -> None:
    """Nudge a worker after the commit. A nudge may be lost: the sweep finds the row.

    `where` it goes saves the worker a look. A broker that hangs costs a caller some seconds at most, and for five
    seconds after that nobody rings.
    """
    if bell.is_resting:
        return
    told = () if where is None or where.kept else (where.connection_id.hex, where.integration)
    try:
        with _producers().acquire(block=True, timeout=PRODUCER_WITHIN_SECONDS) as producer:
            nudges.publish(producer, settings.CELERY_TASK_DEFAULT_QUEUE, posting_id, *told)
    except (OSError, KombuError, RedisError):
        bell.rest()
        logger.warning("The nudge for posting %s could not be sent; the sweep will find it.", posting_id)


@cache
def _producers() -> ProducerPool:
    """Connections of the bell's own: the worker's wait for messages, these must not wait."""
    connection = app.connection_for_write(transport_options=BOUNDED)
    pool: ProducerPool = Producers(limit=settings.WEB_THREADS)[connection]
    return pool
