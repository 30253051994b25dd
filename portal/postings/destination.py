"""Where the documents of one company go."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Self

from portal.connections.models import Connection
from portal.connections.registry import system


@dataclass(frozen=True, slots=True)
class Destination:
    """A company's accounting connection, for one document.

    `kept`: the system cannot take this kind, so it becomes a memo entry.
    """

    company_id: uuid.UUID
    connection_id: uuid.UUID
    integration: str
    kept: bool = False

    @classmethod
    def of(cls, connection: Connection, *, kept: bool = False) -> Self:
        """The destination behind an accounting connection."""
        return cls(connection.company_id, connection.pk, connection.integration, kept)

    @property
    def books_inside(self) -> bool:
        """Whether it needs no call: a memo entry, or a connector that books in our own database transaction."""
        return self.kept or system(self.integration).can.transactional
