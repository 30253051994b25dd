"""The rows of a connection's mapping tables, as a document needs them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from integrations.documents import Document
from portal.connections.models import Connection
from portal.reference import mapping
from portal.reference.gaps import Gap
from portal.reference.mapping import Key, Rows
from portal.reference.models import MappedCode
from portal.reference.rules import Rules, from_json

# Below what SQLite takes as parameters of one statement; a document stays far below it.
CODES_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Codes:
    """What one connection does with codes: its rules, and those rows of its tables that were asked for."""

    rules: Rules
    rows: Rows

    def mapped(self, document: Document) -> Document:
        """The document in the accounting system's codes. Raises `Misconfigured` for a code that is missing."""
        return mapping.mapped(document, self.rules, self.rows)

    def as_far_as_known(self, document: Document) -> Document:
        """The same, with what is missing left out."""
        return mapping.mapped_as_far_as_known(document, self.rules, self.rows)

    def gaps(self, document: Document) -> tuple[Gap, ...]:
        """Every code that is missing."""
        return mapping.gaps(document, self.rules, self.rows)


def codes_for(connection: Connection, document: Document) -> Codes:
    """The rules of a connection as they are now, with the rows that `document` needs: one query, or none where nothing
    is looked up in a table. Raises `Misconfigured` when the stored rules cannot be read."""
    rules = from_json(connection.mapping)
    return Codes(rules, rows_for(connection.pk, mapping.codes_to_look_up(document, rules)))


def rows_for(connection_id: uuid.UUID, keys: Collection[Key]) -> dict[Key, str]:
    """The accounting codes of these (family, source code) pairs; those that the tables lack are not in it.

    The index on (connection, family, source code) answers, so a long table costs what a short one does.
    """
    families = sorted({family for family, _ in keys})
    codes = sorted({code for _, code in keys})
    found: dict[Key, str] = {}
    for start in range(0, len(codes), CODES_AT_ONCE):
        rows = MappedCode.objects.filter(
            connection_id=connection_id, family__in=families, source_code__in=codes[start : start + CODES_AT_ONCE]
        )
        found |= {
            (family, code): sent for family, code, sent in rows.values_list("family", "source_code", "accounting_code")
        }
    return found
