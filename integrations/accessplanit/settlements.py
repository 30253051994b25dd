"""What is entered on an invoice already, asked fresh: so that a payment that somebody typed in is not entered again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from integrations.accessplanit import payments, whole
from integrations.accessplanit.answers import NoModule, NotShown, NotUnderstood, id_of
from integrations.accessplanit.client import Client
from integrations.accessplanit.names import ALLOCATION, INVOICE, TRANSACTION
from integrations.accessplanit.rows import Row
from integrations.accessplanit.values import money
from integrations.accessplanit.writing import bare_id
from integrations.base import Expected
from integrations.documents import Document, Kind, Settled
from integrations.errors import Missing, NotDue

# How much of an invoice a payment may settle, and how much of it a refund may take back.
_ROOM: Final = {Kind.PAYMENT: "Outstanding", Kind.REFUND: "AmountPaid"}
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_TOLD: Final = (NotShown, NoModule, NotUnderstood)


def of(client: Client, document: Document) -> tuple[Settled, ...]:
    """The payments and refunds on the invoices that a document settles, without those that we entered and those that
    move no money. Raises as `System.settlements_of`, and `Malformed` for one that cannot be read."""
    rows: dict[str, Mapping[str, Any]] = {}
    for invoice in _invoices(client, document):
        rows |= {id_of(row).lower(): row for row in _transactions(client, invoice)}
    return tuple(found for row in rows.values() if (found := _settled(client, row, document)) is not None)


def room(client: Client, document: Document) -> Mapping[str, Decimal]:
    """What of each invoice is open, or paid; without those that do not tell it. Raises as `of`."""
    name, reading = _ROOM[document.kind], client.terms.reading
    told = {
        one.posted_as: money(
            Row(client.one(INVOICE, bare_id(INVOICE, one.posted_as))), name, document.currency, reading
        )
        for one in document.allocations
    }
    return {posted_as: amount for posted_as, amount in told.items() if amount is not None}


def _invoices(client: Client, document: Document) -> Iterator[Mapping[str, Any]]:
    for external_id in dict.fromkeys(one.posted_as for one in document.allocations):
        yield client.one(INVOICE, bare_id(INVOICE, external_id))


def _transactions(client: Client, invoice: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """By the links' own module and by the record's own invoice, since nobody knows which of the two is kept. Raises
    what the first one raises where neither is told."""
    refusal = None
    for ask in (_linked, _own):
        try:
            yield from ask(client, invoice)
        except _NOT_TOLD as error:
            if refusal is not None:
                raise refusal from error
            refusal = error


def _linked(client: Client, invoice: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    fields = client.terms.reading.fields
    links = whole.parts_of(client, ALLOCATION, fields["allocation.invoice"], invoice)
    ids = dict.fromkeys(Row(one).id(fields["allocation.transaction"]) for one in links)
    return [row for id_ in ids if (row := _transaction(client, id_)) is not None]


def _own(client: Client, invoice: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    name = client.terms.reading.fields["transaction.invoice"]
    if not name:
        raise NoModule("Transactions have no field for their invoice. Enter it under Names of fields.", field="fields")
    return whole.parts_of(client, TRANSACTION, name, invoice)


def _transaction(client: Client, id_: str) -> Mapping[str, Any] | None:
    """None where it was deleted, and its link is left."""
    try:
        return client.one(TRANSACTION, id_)
    except Missing:
        return None


def _settled(client: Client, row: Mapping[str, Any], document: Document) -> Settled | None:
    parts = whole.of_transaction(client, row)
    allocations, invoices = ([Row(one) for one in parts[name]] for name in ("allocations", "invoices"))
    expected = Expected(company_id="", base_currency=document.base_currency)
    try:
        found = payments.read(Row(row), allocations, invoices, client.terms.reading, expected)
    except NotDue:
        return None
    there = tuple(replace(one, posted_as=one.external_id) for one in found.allocations)
    return Settled(document=replace(found, allocations=there), written_at=found.created_at or _LONG_AGO)
