"""Connections, their conformance runs, what the installation has at vendors, and endpoints for staff."""

from __future__ import annotations

from portal.connections.admin.conformance import ConformanceAdmin
from portal.connections.admin.connections import ConnectionAdmin
from portal.connections.admin.endpoints import EndpointAdmin
from portal.connections.admin.installation import IntegrationSettingsAdmin

__all__ = ["ConformanceAdmin", "ConnectionAdmin", "EndpointAdmin", "IntegrationSettingsAdmin"]
