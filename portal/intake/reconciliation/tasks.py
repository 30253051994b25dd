"""The doorbell of reconciliations with sources: a Celery message is only a nudge with a run's id."""

from __future__ import annotations

import logging
from datetime import datetime

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from portal.intake.reconciliation.due import due_runs
from portal.intake.reconciliation.run import perform_where_there_is_room

logger = logging.getLogger(__name__)


@shared_task(name="intake.reconcile")
def run_source_reconciliation(run_id: int) -> None:
    """Do a reconciliation that waits. Running it twice, late or for nothing does no harm."""
    perform_where_there_is_room(run_id)


def ring(run_id: int) -> None:
    """Nudge a worker for a run that waits. A nudge may be lost: the timetable rings again."""
    try:
        run_source_reconciliation.apply_async((run_id,), retry=False)
    except (OSError, KombuError, RedisError):
        logger.warning("The nudge for source reconciliation %s could not be sent; it will be rung for again.", run_id)


def reconcile_sources_due(_slot: datetime) -> None:
    """For the timetable: a nudge for each connection that is due, so that one that hangs delays no other."""
    for run_id in due_runs(timezone.now()):
        ring(run_id)
