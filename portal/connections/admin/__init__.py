"""Connections, their conformance runs, and endpoints for staff."""

from __future__ import annotations

from portal.connections.admin.conformance import ConformanceAdmin
from portal.connections.admin.connections import ConnectionAdmin
from portal.connections.admin.endpoints import EndpointAdmin

__all__ = ["ConformanceAdmin", "ConnectionAdmin", "EndpointAdmin"]
