"""Where a company keeps documents that its own accounting system cannot take: numbered memo entries, any kind."""

from __future__ import annotations

from integrations.documents import Document, IdempotencyKey, Kind, Posted
from integrations.metadata import Abilities, Metadata
from ledger.connector import BuiltInLedger, posted
from ledger.services import keep_memo


class MemoBook(BuiltInLedger):
    """The built-in ledger as a register: nothing is booked, everything gets a number. Not offered for linking."""

    metadata = Metadata(
        slug="memo",
        name="Postroom memo entries",
        summary="Numbered entries for documents that the accounting system cannot take.",
        monogram="PM",
    )
    can = Abilities(
        kinds=frozenset(Kind),
        transactional=True,
        lookup_complete=True,
        quiet_seconds=0,
        lists=True,
        attaches=frozenset(Kind),
    )

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        """Keep the document as a memo entry; the same key gives the same entry. Raises like `BuiltInLedger.post`."""
        self._must_be_inside_a_transaction()
        return posted(keep_memo(self._books(), document, key, reference, unknown=self._unknown(document.kind)))
