"""A transaction that was never seen, with its number, posting and history, in one statement on PostgreSQL.

It does the whole of it or nothing at all; then `accept`, which is the readable rule, decides.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

from django.db import IntegrityError
from django.utils import timezone

from integrations.content import content_hash, to_json
from integrations.documents import Document
from ledger.fields import ten_thousandths
from portal import prepared
from portal.connections.models import Connection
from portal.postings.destination import Destination
from portal.postings.models import Posting, Transaction
from portal.postings.rows import Columns
from portal.postings.statements import TAKE_NEW
from portal.postings.turns import turn

AMOUNTS: Final = ("net", "tax", "gross")

_POSTING: Final = Columns(Posting, "posting")
_TRANSACTION: Final = Columns(Transaction, "transaction")
_CONNECTION: Final = Columns(Connection, "connection")
# The columns are those of the models.
READ_NEW: Final = f"""
SELECT {_POSTING.sql}, {_TRANSACTION.sql}, {_CONNECTION.sql}
FROM postings_posting AS posting
JOIN postings_transaction AS transaction ON transaction.id = posting.transaction_id
JOIN connections_connection AS connection ON connection.id = posting.connection_id
WHERE posting.id = %(posting_id)s
"""  # noqa: S608


class New(NamedTuple):
    """The ids of what was written, and the portal's own number."""

    posting_id: int
    transaction_id: int
    number: str


def take_new(
    document: Document,
    destination: Destination,
    received_at: datetime,
    *,
    statement: LiteralString = TAKE_NEW,
    answered: bool = False,
    **more: Any,
) -> New | None:
    """Take a document in, if nothing speaks against it. None: nothing was written, let `accept` decide.

    `statement` may write more beside it, from the values in `more`. With `answered` the number counts as told.
    """
    if not prepared.can_run():
        return None
    values = {**_values(document, destination, received_at), "answered": answered, **more}
    try:
        with turn(destination.company_id), prepared.refusable():
            row = prepared.run(statement, values)
    except IntegrityError:  # another delivery of it was first, by a moment
        return None
    return None if row is None else New(*row)


def read_new(new: New) -> Posting:
    """The posting that `take_new` wrote, with its transaction and connection."""
    row = prepared.run(READ_NEW, {"posting_id": new.posting_id}) or ()
    first, second = len(_POSTING), len(_POSTING) + len(_TRANSACTION)
    posting = _POSTING.read(row[:first])
    posting.transaction = _TRANSACTION.read(row[first:second])
    posting.connection = _CONNECTION.read(row[second:])
    return posting


def _values(document: Document, destination: Destination, received_at: datetime) -> dict[str, Any]:
    fields = content_fields(document)
    return {
        **fields,
        **{name: ten_thousandths(fields[name]) for name in AMOUNTS},
        "content": json.dumps(fields["content"]),
        "company_id": destination.company_id,
        "connection_id": destination.connection_id,
        "kept": destination.kept,
        "source": document.source,
        "kind": document.kind.value,
        "external_id": document.external_id,
        "identity": document.identity,
        "received_at": received_at,
        "now": timezone.now(),
    }


def content_fields(document: Document) -> dict[str, Any]:
    """The columns of a transaction that follow from its content, and change with it."""
    return {
        "content": to_json(document),
        "content_hash": content_hash(document),
        "source_number": document.number[:100],
        "order_number": document.order_number[:100],
        "supplier_reference": document.supplier_reference[:100],
        "supplier_name": document.party.name[:200],
        "currency": document.currency,
        "net": document.net,
        "tax": document.tax,
        "gross": document.gross,
        "document_date": document.date,
    }
