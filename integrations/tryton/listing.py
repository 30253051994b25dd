"""What Tryton tells of its books since a moment: documents of ours, and customers' money, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from integrations.documents import Allocation, Customer, Document, Kind, Line, Settled, Written
from integrations.tryton import mapping, marks, money
from integrations.tryton.client import PAGE_SIZE, Client
from integrations.tryton.kinds import BOOKS, MONEY, MOVES, Book, book
from integrations.tryton.naming import own
from integrations.tryton.words import amount, day, instant, moment, part, word

# Where money moves: what the wizard for paying writes, and what statements of a bank do.
_JOURNALS: Final = ("cash", "statement")
_ZERO: Final = Decimal("0.00")

Record = Mapping[str, Any]


def written_since(client: Client, since: datetime) -> Iterator[Written]:
    """Every document in the books with a key of ours, by when Tryton last wrote it: invoices, orders, payments."""
    for kind in (Kind.INVOICE, Kind.PURCHASE_ORDER, Kind.PAYMENT):
        shelf = book(kind)
        domain = [own(client), ["description", "like", marks.ANY], _lately(since)]
        for one in client.search(shelf.model, domain, shelf.fields):
            if told := written(one, shelf):
                yield told


def written(record: Record, shelf: Book) -> Written | None:
    """A document of a listing; None where it is not ours, or not in the books.

    The entry of an invoice has the description of the invoice, and is no document of its own.
    """
    mark = marks.read(word(record.get("description")))
    if mark is None or mark[1] not in BOOKS or book(mark[1]) is not shelf or not mapping.is_booked(record, mark[1]):
        return None
    reference, kind, key = mark
    return Written(key=key, posted=mapping.posted(record, kind), kind=kind, reference=reference)


def settled_since(client: Client, since: datetime) -> Iterator[Settled]:
    """Every posted entry of a cash or statement journal that moved what a customer owes, and was not taken back."""
    domain = [own(client), ["state", "=", "posted"], ["journal.type", "in", [*_JOURNALS]], _lately(since)]
    page: list[Record] = []
    for one in client.search(MOVES, domain, book(Kind.PAYMENT).fields):
        page.append(one)
        if len(page) == PAGE_SIZE:
            yield from _standing(client, page)
            page = []
    yield from _standing(client, page)


def _lately(since: datetime) -> list[Any]:
    at = moment(since)
    return ["OR", ["create_date", ">=", at], ["write_date", ">=", at]]


def _standing(client: Client, page: Sequence[Record]) -> Iterator[Settled]:
    """Without those that another entry cancels, and without those others."""
    if not page:
        return
    origins = [f"{MOVES},{one['id']}" for one in page]
    cancelling = client.search(MOVES, [own(client), ["origin", "in", origins]], ("origin",))
    cancelled = {word(one.get("origin")) for one in cancelling}
    for one, origin in zip(page, origins, strict=True):
        is_cancelling = word(one.get("origin")).startswith(f"{MOVES},")
        if origin not in cancelled and not is_cancelling and (told := settled(one)):
            yield told


def settled(record: Record) -> Settled | None:
    """An entry as a payment or a refund; None for one that moved nothing that a customer owes."""
    currency = money.currency_of(record)
    owed = sum((money.moved(one, currency) for one in money.receivable(record)), Decimal(0))
    written_at = instant(record.get("write_date")) or instant(record.get("create_date"))
    if not owed or written_at is None:
        return None
    mark = marks.read(word(record.get("description")))
    kind = Kind.PAYMENT if owed < 0 else Kind.REFUND
    key = mark[2] if mark and mark[1] in MONEY else ""
    return Settled(document=_document(record, kind, abs(owed), written_at), written_at=written_at, key=key)


def _document(record: Record, kind: Kind, gross: Decimal, written_at: datetime) -> Document:
    currency, own_currency = money.currency_of(record), word(part(record, "company", "currency", "code"))
    base = abs(sum((money.moved(one, "") for one in money.receivable(record)), Decimal(0)))
    return Document(
        kind=kind,
        source="tryton",
        external_id=str(record["id"]),
        identity=str(record["id"]),
        number=word(record.get("number")),
        party=_customer(record),
        currency=currency,
        base_currency=own_currency,
        net=gross,
        tax=_ZERO,
        gross=gross,
        base_net=base,
        base_tax=_ZERO,
        base_gross=base,
        lines=tuple(_line(place, one, currency, kind) for place, one in enumerate(money.bank(record), 1)),
        title=word(record.get("description")),
        date=day(record.get("date")),
        created_at=written_at,
        allocations=tuple(_allocations(record, currency)),
    )


def _customer(record: Record) -> Customer:
    told = next((one for one in money.receivable(record) if one.get("party")), {})
    return Customer(code=word(part(told, "party", "code")) or None, name=word(part(told, "party", "name")))


def _line(place: int, line: Record, currency: str, kind: Kind) -> Line:
    """A payment is a debit of the bank, a refund a credit."""
    sign = 1 if kind is Kind.PAYMENT else -1
    told, base = sign * money.moved(line, currency), sign * money.moved(line, "")
    return Line(
        number=place,
        description=word(line.get("description")),
        net=told,
        tax=_ZERO,
        gross=told,
        account_code=word(part(line, "account", "code")) or None,
        base_net=base,
        base_tax=_ZERO,
    )


def _allocations(record: Record, currency: str) -> Iterator[Allocation]:
    for line in money.receivable(record):
        invoice = line.get("invoice_payment")
        if isinstance(invoice, Mapping) and invoice.get("type") == "out":
            is_credit = (amount(invoice.get("total_amount")) or 0) < 0
            external_id = str(invoice["id"])
            yield Allocation(
                kind=Kind.SALES_CREDIT_NOTE if is_credit else Kind.SALES_INVOICE,
                external_id=external_id,
                amount=abs(money.moved(line, currency)),
                number=word(invoice.get("reference")) or word(invoice.get("number")),
                posted_as=external_id,
            )
