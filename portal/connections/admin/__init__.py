"""Connections and endpoints for staff."""

from __future__ import annotations

from portal.connections.admin.connections import ConnectionAdmin
from portal.connections.admin.endpoints import EndpointAdmin

__all__ = ["ConnectionAdmin", "EndpointAdmin"]
