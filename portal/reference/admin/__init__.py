"""Mappings and their tables, and the reference sync, for staff."""

from __future__ import annotations

from portal.reference.admin.codes import MappedCodeAdmin
from portal.reference.admin.mappings import CodeMappingAdmin
from portal.reference.admin.records import RecordAdmin, SourceListAdmin
from portal.reference.admin.schedules import SyncScheduleAdmin
from portal.reference.admin.syncs import SyncRunAdmin

__all__ = [
    "CodeMappingAdmin", "MappedCodeAdmin", "RecordAdmin", "SourceListAdmin", "SyncRunAdmin", "SyncScheduleAdmin",
]  # fmt: skip
