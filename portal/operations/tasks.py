"""What Celery's beat rings. The timetable itself (portal/timetable) is kept by every worker, with or without beat."""

from __future__ import annotations

from celery import shared_task

from portal.operations.heartbeat import leave_sign
from portal.operations.models import Part
from portal.operations.timekeeping import ring


@shared_task(name="operations.tick")
def tick() -> None:
    """Prove the whole way from beat through the broker to a worker, and let that worker look at the timetable."""
    leave_sign(Part.SCHEDULE, "beat")
    ring()
