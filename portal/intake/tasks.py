"""The doorbell of the dry runs before go-live: a Celery message is only a nudge with a company's id."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import cache
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import KombuError
from kombu.pools import ProducerPool, Producers
from redis.exceptions import RedisError

from portal.celery import app
from portal.connections.resting import Resting
from portal.intake.before_live.keeping import forget_old
from portal.intake.before_live.making import companies_due, make_due
from portal.postings.tasks import BOUNDED, PRODUCER_WITHIN_SECONDS, REST_SECONDS

logger = logging.getLogger(__name__)

bell = Resting(REST_SECONDS)


@shared_task(name="intake.dry_runs")
def make_dry_runs(company_id: str) -> None:
    """Make what is due of a company. Running it twice, late or for nothing does no harm."""
    make_due(UUID(company_id))


def ring(company_id: UUID) -> None:
    """Nudge a worker for the dry runs of a company. A nudge may be lost: the timetable rings again.

    A source waits for its answer meanwhile: a broker that hangs costs a second or two, and is then left alone for some.
    """
    if bell.is_resting:
        return
    try:
        with _producers().acquire(block=True, timeout=PRODUCER_WITHIN_SECONDS) as producer:
            make_dry_runs.apply_async((company_id.hex,), producer=producer, retry=False)
    except (OSError, KombuError, RedisError):
        bell.rest()
        logger.warning("The nudge for the dry runs of %s could not be sent; it will be rung for again.", company_id)


def make_dry_runs_due(_slot: datetime) -> None:
    """For the timetable: a nudge for each company with something to make; what has had its time is forgotten."""
    now = timezone.now()
    forget_old(now)
    for company_id in companies_due(now):
        ring(company_id)


@cache
def _producers() -> ProducerPool:
    """Connections of the bell's own, with time limits."""
    connection = app.connection_for_write(transport_options=BOUNDED)
    pool: ProducerPool = Producers(limit=2)[connection]
    return pool
