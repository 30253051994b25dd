"""The rows of a connection's mapping tables, as a document needs them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.db.models import Q, QuerySet

from integrations.documents import Document
from portal.connections.models import Connection, Side
from portal.reference import mapping
from portal.reference.families import DIMENSION, REVENUE
from portal.reference.gaps import Gap
from portal.reference.models import FOR_A_LABEL, MappedCode
from portal.reference.resolving import Key, Resolver, Rows
from portal.reference.rules import BACK, Rules, from_json
from portal.reference.sold import MOST_LABEL_ROWS

# Below what SQLite takes as parameters of one statement; a document stays far below it.
CODES_AT_ONCE: Final = 10_000


@dataclass(frozen=True)
class Codes:
    """What one connection does with codes: its rules, and those rows of its tables that were asked for."""

    rules: Rules
    rows: Rows

    @cached_property
    def resolver(self) -> Resolver:
        """What becomes of each code by itself."""
        return Resolver(self.rules, self.rows)

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
    is looked up in a table. Raises `Misconfigured` when the stored rules cannot be read.

    What goes back to a source without rules goes as it is: nobody maps codes of the books for it.
    """
    goes_back = connection.side == Side.SOURCE and not connection.mapping
    rules = BACK if goes_back else from_json(connection.mapping)
    return Codes(rules, rows_for(connection.pk, *mapping.needs(document, rules)))


def rows_for(connection_id: uuid.UUID, keys: Collection[Key], labels: Collection[str] = frozenset()) -> dict[Key, str]:
    """The accounting codes of these (family, source code) pairs; those that the tables lack are not in it. Of the
    families in `labels` the rows for a part of a label, too: the first so many, which is all of them.

    The index on (connection, family, source code) answers, so a long table costs what a short one does.
    """
    families = sorted({family for family, _ in keys})
    codes = sorted({code for _, code in keys})
    of_connection = MappedCode.objects.filter(connection_id=connection_id)
    for_labels = of_connection.filter(FOR_A_LABEL, family__in=sorted(labels)).order_by()
    found = _read(for_labels[:MOST_LABEL_ROWS]) if labels else {}
    for start in range(0, len(codes), CODES_AT_ONCE):
        some = codes[start : start + CODES_AT_ONCE]
        found |= _read(of_connection.filter(family__in=families, source_code__in=some))
    return found


def label_rows(connection_id: uuid.UUID) -> QuerySet[MappedCode]:
    """The rows of a connection for a part of a label; an index of their own answers."""
    of_sales = Q(family=REVENUE) | Q(family__startswith=DIMENSION)
    return MappedCode.objects.filter(of_sales, FOR_A_LABEL, connection_id=connection_id).order_by()


def _read(rows: QuerySet[MappedCode]) -> dict[Key, str]:
    return {(family, code): sent for family, code, sent in rows.values_list("family", "source_code", "accounting_code")}
