"""The access token of a connection: read, and renewed once for all workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.errors import Unauthorised
from integrations.http import Outbound

if TYPE_CHECKING:
    from portal.connections.models import Connection


class StoredAccess:
    """An `Access` that reads and renews `AccessGrant`. No lock and no transaction is held over a request."""

    def __init__(self, connection: Connection, outbound: Outbound) -> None:
        self._connection, self._outbound = connection, outbound

    def token(self) -> str:
        """One that is good for a while yet."""
        raise Unauthorised("There is no access token yet.")

    def renewed(self, refused: str) -> str:
        """Another one than `refused`."""
        raise Unauthorised("There is no access token yet.")
