"""How the accounting system is asked: the connector's own list and lookup, on the terms of its connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from uuid import UUID

from integrations.base import AccountingSystem, Link
from integrations.documents import Customer, Document, IdempotencyKey, Kind, Posted, Supplier, Written
from integrations.http import Outbound
from ledger.memo_book import MemoBook
from portal.connections.memo import SETTING as MEMO_BOOKS
from portal.connections.models import Connection
from portal.connections.paced import paced
from portal.connections.services import abilities, connector_of
from portal.postings.content import document_of
from portal.postings.inside import connector_for
from portal.postings.models import Posting
from portal.postings.outcome import booked
from portal.postings.reconciliation.compare import Told

# All pages together. Each single request has the usual limits of its own.
LISTING_SECONDS: Final = 1800.0


def listed(connection: Connection, since: datetime, keep: Callable[[], None]) -> Iterator[Written]:
    """Everything with a key of ours that was written at or after `since`: in the system, then in the memo books.

    `keep` is called before each request. Raises what the connector raises, and what `keep` raises.
    """
    with paced(connection, keep, deadline_seconds=LISTING_SECONDS) as outbound:
        for system in _systems(connection, outbound):
            yield from system.written_since(since)


def can_find(connection: Connection) -> bool:
    """Whether one key can be looked up there."""
    return abilities(connection).lookup


def found(
    connection: Connection, key: UUID, posting: Posting | None, hint: Told, keep: Callable[[], None]
) -> list[Told]:
    """What stands there with this key now. Without a posting the lookup goes by what was told of the document (`hint`).

    Raises what the connector raises: then nothing is known.
    """
    document = document_of(posting) if posting is not None else stand_in(hint)
    with paced(connection, keep) as outbound:
        systems = _systems(connection, outbound) if posting is None else [connector_for(posting, outbound)]
        return [told(one) for system in systems for one in system.find(document, key=IdempotencyKey(str(key)))]


def _systems(connection: Connection, outbound: Outbound) -> Iterator[AccountingSystem]:
    """The system itself, and the memo books beside it where something was kept."""
    yield connector_of(connection, outbound)
    if MEMO_BOOKS in connection.settings:
        yield MemoBook(Link(settings={"books": connection.settings[MEMO_BOOKS]}))


def told(posted: Posted, kind: Kind | None = None, reference: str = "") -> dict[str, str]:
    """One document as text: what was told of it, and nothing else."""
    words = {"number": posted.number, "kind": kind.value if kind else "", "reference": reference}
    given = {name: one for name, one in words.items() if one}
    return {"external_id": posted.external_id[:200], **given, **booked(posted)}


def stand_in(hint: Told) -> Document:
    """A document with what a listing told of it, to look up a key that is no posting's."""
    currency, kind = hint.get("currency", ""), Kind(hint.get("kind", Kind.INVOICE))
    party = Customer if kind.is_sale else Supplier
    return Document(
        kind=kind,
        source="",
        external_id="",
        identity="",
        number=hint.get("reference", ""),
        party=party(code=hint.get("supplier_code"), name=""),
        currency=currency,
        base_currency=currency,
        net=_amount(hint.get("net")),
        tax=_amount(hint.get("tax")),
        gross=_amount(hint.get("gross")),
        lines=(),
    )


def _amount(text: str | None) -> Decimal:
    try:
        return Decimal(text or 0)
    except InvalidOperation:
        return Decimal(0)
