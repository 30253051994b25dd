"""A record with all that belongs to it, as the body of a delivery (read by `mapping.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from integrations.accessplanit import payments
from integrations.accessplanit.answers import NoModule, NotShown, NotUnderstood
from integrations.accessplanit.client import Client
from integrations.accessplanit.names import ALLOCATION, CREDIT_NOTE_ITEM, INVOICE, ITEM, TRANSACTION
from integrations.accessplanit.query import Query, equals
from integrations.accessplanit.rows import Row
from integrations.errors import Malformed, Missing, Rejected, Retryable
from integrations.exact import to_json
from integrations.feeds import Head

# `$top` is always given: a default of the platform would cut the list.
_PARTS_A_PAGE: Final = 1_000
_MOST_PAGES: Final = 500
_MOST_PARTS: Final = 5_000
_MOST_INVOICES: Final = 200
_ITEM_INVOICE: Final = "InvoiceID"


def body(client: Client, head: Head) -> bytes:
    """The body. Raises `Retryable`, `Unauthorised`, `Misconfigured`, `Rejected` for what is too large to be one."""
    parts = _OF[head.feed](client, head.row) if head.feed in _OF else _credit_note(client, head.row)
    return to_json({"feed": head.feed, "record": head.row, **parts}).encode(errors="replace")


def _invoice(client: Client, record: Mapping[str, Any]) -> dict[str, Any]:
    return {"items": parts_of(client, ITEM, _ITEM_INVOICE, record)}


def _credit_note(client: Client, record: Mapping[str, Any]) -> dict[str, Any]:
    if not client.terms.modules[CREDIT_NOTE_ITEM]:
        return {"items": []}
    name = client.terms.reading.fields["credit_note_item.credit_note"]
    return {"items": parts_of(client, CREDIT_NOTE_ITEM, name, record)}


def of_transaction(client: Client, record: Mapping[str, Any]) -> dict[str, Any]:
    """Its links to invoices, and the heads of those: they know the customer."""
    allocations = _links(client, record)
    try:
        ids = payments.settled(Row(record), [Row(one) for one in allocations], client.terms.reading)
    except Malformed:
        # `parse` says what is wrong; without the heads it is told all the same.
        ids = ()
    if len(ids) > _MOST_INVOICES:
        raise Rejected(f"It settles {len(ids)} invoices; at most {_MOST_INVOICES} are read.", field=TRANSACTION)
    heads = [found for id_ in ids if (found := _invoice_head(client, id_)) is not None]
    return {"allocations": allocations, "invoices": heads}


_OF: Final = {INVOICE: _invoice, TRANSACTION: of_transaction}


def _links(client: Client, record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The links' own module goes first. Where it is not there, or not shown, the record's own invoice has to do."""
    fields = client.terms.reading.fields
    if not client.terms.modules[ALLOCATION]:
        return []
    try:
        return parts_of(client, ALLOCATION, fields["allocation.transaction"], record)
    except (NotShown, NoModule, NotUnderstood):
        if Row(record).has(fields["transaction.invoice"]):
            return []
        raise


def parts_of(client: Client, module: str, name: str, record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All rows of a module that belong to a record: until there are no more, since a short page proves nothing.

    Raises `Retryable` for a row of another record.
    """
    id_ = Row(record).id()
    found: list[Mapping[str, Any]] = []
    for _ in range(_MOST_PAGES):
        query = Query(where=(equals(name, id_),), order=("ID",), top=_PARTS_A_PAGE, skip=len(found))
        rows = _rows(client, module, query)
        found += _checked(rows, name, id_)
        if not rows:
            return found
        if len(found) > _MOST_PARTS:
            break
    raise Rejected(f"The record {id_} has more than {len(found):,} parts.", field=module)


def _rows(client: Client, module: str, query: Query) -> list[Any]:
    try:
        return client.rows(module, query)
    except NotUnderstood:
        return client.rows(module, Query(where=query.where, top=query.top, skip=query.skip))


def _checked(rows: list[Any], name: str, id_: str) -> list[Mapping[str, Any]]:
    """Raises `Retryable` where a row says that it belongs to another record: the filter was not heeded."""
    for row in rows:
        if not isinstance(row, Mapping):
            raise Retryable("accessplanit told a part of a record that cannot be read. It will be tried again.")
        owner = Row(row).text(name, 200)
        if owner and owner.lower() != id_.lower():
            raise Retryable(f"accessplanit told a part of record {owner[:64]} as one of {id_}. It will be tried again.")
    return list(rows)


def _invoice_head(client: Client, id_: str) -> Mapping[str, Any] | None:
    """None where the invoice is gone, or the user does not see it."""
    try:
        return client.one(INVOICE, id_)
    except Missing:
        return None
