"""What the accounting systems know, when it is read, and every run that read it."""

from __future__ import annotations

from portal.reference.sync.models.records import KIND_CHOICES, Record, SourceList
from portal.reference.sync.models.runs import LEASED_STATES, OPEN_STATES, Change, SyncChange, SyncRun, SyncState
from portal.reference.sync.models.schedules import Frequency, SyncSchedule

__all__ = [
    "KIND_CHOICES", "LEASED_STATES", "OPEN_STATES", "Change", "Frequency", "Record", "SourceList", "SyncChange",
    "SyncRun", "SyncSchedule", "SyncState",
]  # fmt: skip
