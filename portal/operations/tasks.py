"""What the schedule starts."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command

from portal.operations.heartbeat import leave_sign
from portal.operations.models import Part


@shared_task(name="operations.tick")
def tick() -> None:
    """Prove the whole way from the schedule through the broker to a worker: `/readyz` looks for its sign."""
    leave_sign(Part.SCHEDULE, "beat")


@shared_task(name="operations.clear_sessions")
def clear_sessions() -> None:
    """Delete the sessions of people that have run out."""
    call_command("clearsessions")
