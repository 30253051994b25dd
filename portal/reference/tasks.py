"""The doorbell of the reference sync: a Celery message is only a nudge, and the runner finds its run by itself."""

from __future__ import annotations

import logging

from celery import shared_task
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from portal.reference.sync import runner

logger = logging.getLogger(__name__)


@shared_task(name="reference.sync")
def look_for_runs(_run_id: int) -> None:
    """Wake the runner of this worker. Doing it twice, late or for nothing does no harm."""
    runner.ring()


def ring(run_id: int) -> None:
    """Nudge a worker for a run that waits. A nudge may be lost: every runner looks by itself every few seconds."""
    try:
        look_for_runs.apply_async((run_id,), retry=False)
    except (OSError, KombuError, RedisError):
        logger.warning("The nudge for sync %s could not be sent; a runner will find it.", run_id)
