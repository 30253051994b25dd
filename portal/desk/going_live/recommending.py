"""The schedules that we recommend: once a day, at night, as iCompleat's own connectors do it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time
from typing import Final

from portal.connections.models import Connection
from portal.reference.sync import schedules
from portal.reference.sync.models import Frequency, SyncSchedule

AT: Final = time(0, 0)


def use_recommended(connection: Connection, *, who: str, but: Collection[str] = ()) -> list[str]:
    """Give each kind without a schedule the recommended one, `but` those that are left out; what somebody has set
    stays. Gives their names."""
    schedules.ensure(connection)
    rows = SyncSchedule.objects.filter(connection=connection, frequency=Frequency.OFF).exclude(kind__in=but)
    changed = []
    for schedule in rows.select_related("connection__company__tenant").order_by("kind"):
        schedules.save(schedule, frequency=Frequency.DAILY, at=AT, who=who)
        changed.append(str(schedule.get_kind_display()).lower())
    return changed
