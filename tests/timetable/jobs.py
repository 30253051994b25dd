"""Jobs that write down when they ran, and a registry with nothing else in it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from portal.timetable.registry import Job
from portal.timetable.slots import Rule

UTC_ZONE = ZoneInfo("UTC")


@dataclass
class Diary:
    """What ran, by job and slot. `during` happens inside of each run."""

    ran: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    during: Callable[[datetime], object] = lambda _: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def job(self, name: str, rule: Rule, zone: ZoneInfo = UTC_ZONE, **options: Any) -> Job:
        """A job that writes into this diary."""

        def run(slot: datetime) -> None:
            with self._lock:
                self.ran[name, slot] += 1
            self.during(slot)

        return Job(name, rule, run, zone=zone, **{"lease": timedelta(minutes=10), **options})

    def of(self, name: str) -> list[str]:
        """The slots of one job, in order, as `20 01:30`; one that ran twice stands twice."""
        return [f"{slot:%d %H:%M}" for job, slot in sorted(self.ran.elements()) if job == name]
