"""A person accepts that a kind of reference data cannot be told: it is tried no more, and the checklist goes on."""

from __future__ import annotations

from integrations.reference import RecordKind
from portal.desk.syncing import Overview
from portal.reference.sync import schedules
from portal.reference.sync.models import Frequency


def leave_out(overview: Overview, kind: str, *, who: str) -> str:
    """Have a kind whose latest run ended badly read no more by itself. Gives its name; empty where there is no such
    kind, or nothing to accept. Any other schedule takes that back."""
    row = next((row for row in overview.rows if row.status.kind.value == kind and row.is_stuck), None)
    schedule = row.status.schedule if row else None
    if row is None or schedule is None:
        return ""
    if not row.is_off:
        weekday, day = schedule.weekday, schedule.day
        schedules.save(schedule, frequency=Frequency.OFF, at=schedule.at, weekday=weekday, day=day, who=who)
    return row.status.label


def kinds_left_out(overview: Overview) -> set[RecordKind]:
    """Those that a person has accepted."""
    return {row.status.kind for row in overview.rows if row.is_left_out}
