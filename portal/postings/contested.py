"""Changed content after sending: nothing moves, staff see the difference, the source is told."""

from __future__ import annotations

from datetime import datetime

from integrations.content import content_hash, differences, from_json, to_json
from integrations.documents import Document
from portal.postings.models import Revision, RevisionState, Transaction


def contest(document: Document, transaction: Transaction, received_at: datetime) -> str:
    """Keep the other content, once, and give the reason for the source. Call it inside `atomic`."""
    rows = changed_rows(from_json(transaction.content), document)
    Revision.objects.get_or_create(
        transaction=transaction,
        state=RevisionState.CONTESTED,
        content_hash=content_hash(document),
        defaults={"content": to_json(document), "differences": rows, "received_at": received_at},
    )
    return _reason(transaction, rows)


def changed_rows(before: Document, after: Document) -> list[list[str]]:
    """Field by field: [field, before, after]."""
    return [[d.field, str(d.before), str(d.after)] for d in differences(before, after)]


def _reason(transaction: Transaction, rows: list[list[str]]) -> str:
    field, ours, theirs = rows[0]
    more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    return (
        f"This transaction was already taken as {transaction.answered_number or transaction.number} with other content "
        f"({field}: {ours}, now {theirs}{more}). Nothing was changed in the books; raise a credit note, or ask support."
    )
