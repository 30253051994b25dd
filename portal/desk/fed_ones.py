"""Which connections are to sources that are read, and do not send."""

from __future__ import annotations

from integrations.feeds import FedSource
from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration, source


def is_fed(connection: Connection) -> bool:
    """Whether this connection is read by us; False for an accounting system, and where it is no longer installed."""
    try:
        return isinstance(source(connection.integration), FedSource)
    except UnknownIntegration:
        return False
