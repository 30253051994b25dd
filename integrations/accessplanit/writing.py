"""What is written back: a payment or a refund as a transaction, and changes of an invoice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from integrations.accessplanit import answers, marks
from integrations.accessplanit.client import Client
from integrations.accessplanit.limits import LONGEST_ORDER_NUMBER, LONGEST_REFERENCE
from integrations.accessplanit.moments import written_day
from integrations.accessplanit.names import INVOICE, TRANSACTION
from integrations.accessplanit.query import Query, contains
from integrations.accessplanit.rows import Row
from integrations.accessplanit.terms import Reading, Terms
from integrations.accessplanit.values import currency, external_id, in_their_unit, money
from integrations.amendments import Amendment
from integrations.documents import Document, IdempotencyKey, Kind, Posted
from integrations.errors import Malformed, Misconfigured, Rejected

_MOST_FOUND = 50


def enter(client: Client, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
    """Enter a payment or a refund on the one invoice that it settles. Raises as `System.post`.

    The invoice is read first: its id is written with its own letters, and one that is gone is refused.
    """
    if len(document.allocations) != 1:
        message = "A payment is entered in accessplanit on exactly one invoice. Split it, or enter it there by hand."
        raise Rejected(message, field="allocations")
    invoice = client.one(INVOICE, bare_id(INVOICE, document.allocations[0].external_id))
    fields = body(with_method(document, client.terms), answers.id_of(invoice), key, reference, client.terms.reading)
    id_, _ = client.create(TRANSACTION, fields)
    return Posted(external_id=external_id(TRANSACTION, id_), number=id_)


def with_method(document: Document, terms: Terms) -> Document:
    """The document with a method in accessplanit's word: its own, else that of its bank account, else the usual one."""
    lines = (
        replace(line, item_code=line.item_code or terms.methods.get((line.account_code or "").lower(), terms.method))
        for line in document.lines
    )
    return replace(document, lines=tuple(lines))


def body(
    document: Document, invoice_id: str, key: IdempotencyKey, reference: str, reading: Reading
) -> Mapping[str, Any]:
    """The transaction to make: a pure function. A refund has a negative amount, or says its type, as the setting is."""
    names, line = reading.fields, document.lines[0] if document.lines else None
    is_refund = document.kind is Kind.REFUND
    amount = -document.gross if is_refund and reading.refund_words is None else document.gross
    day = document.day
    told: dict[str, Any] = {
        names["transaction.date"]: written_day(day) if day else None,
        names["transaction.amount"]: in_their_unit(amount, document.currency, reading),
        names["transaction.method"]: line.item_code if line else "",
        names["transaction.reference"]: marks.marked(reference, key),
        names["transaction.invoice"]: invoice_id,
        names["transaction.type"]: _refund_word(reading) if is_refund else "",
    }
    return {name: value for name, value in told.items() if name and value not in (None, "")}


def ours(client: Client, *, key: IdempotencyKey) -> tuple[Posted, ...]:
    """All transactions whose reference has our key. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
    name = client.terms.reading.fields["transaction.reference"]
    mark = marks.mark(key)
    rows = client.rows(TRANSACTION, Query(where=(contains(name, mark),), top=_MOST_FOUND))
    found = [row for row in rows if isinstance(row, Mapping)]
    return tuple(_posted(row, client.terms.reading) for row in found if _has(row, name, mark) and answers.id_of(row))


def amend(client: Client, external: str, changes: Amendment) -> None:
    """Write an order number, a due date or a posted number into an invoice. Raises as `FedSource.amend`."""
    if not external.startswith(f"{INVOICE}-"):
        raise Rejected("Only invoices can be changed in accessplanit.", field="external_id")
    fields = changed(changes, client.terms.posted_number)
    if not fields:
        return
    invoice = client.one(INVOICE, bare_id(INVOICE, external))
    client.update(INVOICE, answers.id_of(invoice), fields)


def changed(changes: Amendment, posted_number: str) -> Mapping[str, Any]:
    """The properties to write. Raises `Rejected` for an order number that is too long, `Misconfigured` for a posted
    number without a field for it."""
    if len(changes.order_number or "") > LONGEST_ORDER_NUMBER:
        message = f"An order number has at most {LONGEST_ORDER_NUMBER} characters in accessplanit. Shorten it."
        raise Rejected(message, field="order_number")
    if changes.posted_number is not None and not posted_number:
        message = "The posted number has no field in accessplanit. Enter the name of a custom field in the settings."
        raise Misconfigured(message, field="posted_number_field")
    told = {
        "PONumber": changes.order_number,
        "DateDue": written_day(changes.due_date) if changes.due_date else None,
        posted_number: changes.posted_number,
    }
    return {name: value for name, value in told.items() if value is not None}


def bare_id(feed: str, external: str) -> str:
    """The id without the feed's name in front, whether it has it or not."""
    return external.removeprefix(f"{feed}-")


def _refund_word(reading: Reading) -> str:
    """Any of the words; empty where the sign says it."""
    return min(reading.refund_words or ("",)).capitalize()


def _has(row: Mapping[str, Any], name: str, mark: str) -> bool:
    try:
        return mark.lower() in Row(row).text(name, LONGEST_REFERENCE).lower()
    except Malformed:
        return False


def _posted(row: Mapping[str, Any], reading: Reading) -> Posted:
    id_ = answers.id_of(row)
    code, amount = _told_money(row, reading)
    return Posted(external_id=external_id(TRANSACTION, id_), number=id_, gross=amount, currency=code)


def _told_money(row: Mapping[str, Any], reading: Reading) -> tuple[str | None, Decimal | None]:
    """What it says of its amount, without the sign; None for what it does not."""
    record, names = Row(row), reading.fields
    try:
        code = currency(record, names["transaction.currency"], "")
    except Malformed:
        return None, None
    try:
        amount = money(record, names["transaction.amount"], code, reading)
    except Malformed:
        return code, None
    return code, None if amount is None else abs(amount)
