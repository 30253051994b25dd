"""What is done at fixed times. Rooms register their jobs when the applications are ready.

register(Job("postings.reconcile", Daily(at=time(2, 30)), reconcile, lease=timedelta(hours=1)))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.timetable.slots import Rule

UTC_ZONE: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done once for each slot of `rule`, whose local times are those of `zone`.

    `run` takes the slot (aware UTC). It runs on a thread of its own, without a database transaction around it, in
    whichever process was first. It is called again for the same slot when it raised, or when its process died and
    `lease` has run out: what it does must bear that. It must end within `lease`.

    Of the slots that were missed while nothing ran, the newest is made up and the older ones are not; with
    `make_up=False` none is, once it is later than half a period. A job that is new to the database begins with its
    next slot.
    """

    name: str
    rule: Rule
    run: Callable[[datetime], None]
    lease: timedelta = timedelta(minutes=10)
    zone: ZoneInfo = UTC_ZONE
    make_up: bool = True


_jobs: dict[str, Job] = {}


def register(job: Job) -> None:
    """Put a job on the timetable. Raises `ValueError` when another one has its name."""
    if _jobs.setdefault(job.name, job) != job:
        raise ValueError(f"Two jobs are called {job.name}.")


def jobs() -> tuple[Job, ...]:
    """Everything on the timetable, by name."""
    return tuple(_jobs[name] for name in sorted(_jobs))
