"""Mappings and their tables for staff."""

from __future__ import annotations

from portal.reference.admin.codes import MappedCodeAdmin
from portal.reference.admin.mappings import CodeMappingAdmin

__all__ = ["CodeMappingAdmin", "MappedCodeAdmin"]
