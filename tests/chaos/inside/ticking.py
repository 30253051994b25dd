"""A job on the timetable that only says that it ran: whether each slot is run exactly once is read at the end."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from django.apps import apps

VARIABLE = "CHAOS_TICKS"
JOB = "chaos.tick"
EVERY = timedelta(seconds=2)
LEASE = timedelta(seconds=6)


def register_job(path: str) -> None:
    """Register it, where there is a timetable. Each run appends its slot (ISO, UTC) to the file at `path`."""
    if not apps.is_installed("portal.timetable"):
        return
    from portal.timetable.registry import Job, register
    from portal.timetable.slots import Every

    def tick(slot: datetime) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, f"{slot.isoformat()}\n".encode())
        os.close(descriptor)

    register(Job(JOB, Every(EVERY), tick, lease=LEASE))
