"""A transaction as a payment or a refund, with what it settles.

The property names are not public (README); that a credit note is one of the methods is seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from integrations.accessplanit import marks
from integrations.accessplanit.customers import customer
from integrations.accessplanit.limits import LONGEST_NAME, LONGEST_REFERENCE, LONGEST_TEXT
from integrations.accessplanit.names import INVOICE, TRANSACTION
from integrations.accessplanit.rows import Row
from integrations.accessplanit.terms import Reading, folded
from integrations.accessplanit.values import SOURCE, check_kind, currency, external_id, made, money
from integrations.base import Expected
from integrations.content import plain
from integrations.documents import Allocation, Customer, Document, Kind, Line
from integrations.errors import Malformed, NotDue

_ZERO: Final = Decimal(0)


def read(
    record: Row, allocations: Sequence[Row], invoices: Sequence[Row], reading: Reading, expected: Expected
) -> Document:
    """The document of a transaction. `allocations` are its links to invoices, none where the record itself names the
    invoice; `invoices` are the heads of those.

    Raises `NotDue` for what moves no money (a credit note used as a method), was entered by Postroom or is from before
    the start, and `Malformed`.
    """
    fields, id_ = reading.fields, record.id()
    method = record.text(fields["transaction.method"], LONGEST_REFERENCE)
    reference = record.text(fields["transaction.reference"], LONGEST_TEXT)
    _check_is_money(method, reference, reading)
    when = made(record, TRANSACTION, reading)
    heads = {one.id().lower(): one for one in invoices}
    code = _currency(record, heads, reading, expected.base_currency)
    told = _amount(record, code, reading)
    kind, gross = _kind(record, told, reading), abs(told)
    check_kind(kind, expected.kind)
    settles = _allocations(record, allocations, heads, told, code, reading)
    return Document(
        kind=kind,
        source=SOURCE,
        external_id=external_id(TRANSACTION, id_),
        identity=external_id(TRANSACTION, id_),
        number=id_,
        party=_party(record, heads, reading),
        currency=code,
        base_currency=expected.base_currency,
        net=gross,
        tax=_ZERO,
        gross=gross,
        lines=(_line(id_, reference or method or kind.label, method, gross),),
        date=when.day,
        created_at=when.at,
        allocations=settles,
    )


def settled(record: Row, allocations: Sequence[Row], reading: Reading) -> tuple[str, ...]:
    """The ids of the invoices that a transaction settles, each once. Raises `Malformed` for one that is no id."""
    name = reading.fields["allocation.invoice"]
    linked = [one.id(name) for one in allocations]
    own = reading.fields["transaction.invoice"]
    return tuple(dict.fromkeys(linked or ([record.id(own)] if record.has(own) else [])))


def _check_is_money(method: str, reference: str, reading: Reading) -> None:
    """A credit note that balances an invoice is told again by its own feed; here it would be booked as cash."""
    if folded(method) in reading.no_money:
        raise NotDue(f"It was settled by {method}, so no money was moved.", field="method", for_good=True)
    if marks.is_marked(reference):
        message = "It was entered in accessplanit by Postroom, so the books have it already."
        raise NotDue(message, field="reference", for_good=True)


def _amount(record: Row, code: str, reading: Reading) -> Decimal:
    name = reading.fields["transaction.amount"]
    told = money(record, name, code, reading)
    if told is None:
        raise Malformed(f"The transaction has no amount in {name}. Name the right field.", field=name)
    if not told:
        raise NotDue("It comes to 0, so there is nothing to book.", field=name, for_good=True)
    return told


def _kind(record: Row, told: Decimal, reading: Reading) -> Kind:
    if reading.refund_words is None:
        return Kind.REFUND if told < 0 else Kind.PAYMENT
    word = record.text(reading.fields["transaction.type"], LONGEST_NAME)
    return Kind.REFUND if folded(word) in reading.refund_words else Kind.PAYMENT


def _currency(record: Row, heads: Mapping[str, Row], reading: Reading, otherwise: str) -> str:
    """Its own, else that of its invoices. Raises `Malformed` where they are several: nothing tells a rate."""
    name = reading.fields["transaction.currency"]
    codes = {currency(one, "CurrencyCode", otherwise) for one in heads.values()}
    if own := currency(record, name, "") if record.has(name) else "":
        codes.add(own)
    if len(codes) > 1:
        raise Malformed(f"It settles in {' and '.join(sorted(codes))} at once.", field="CurrencyCode")
    return codes.pop() if codes else currency(record, name, otherwise)


def _party(record: Row, heads: Mapping[str, Row], reading: Reading) -> Customer:
    """Whose invoices are settled; where none is known, whom the record itself names."""
    parties = [customer(one, reading) for one in heads.values()]
    if len({(one.code, one.name if one.code is None else "") for one in parties}) > 1:
        who = " and ".join(sorted({one.name for one in parties}))
        raise Malformed(f"It settles invoices of several customers at once: {who}."[:500], field="TargetID")
    return parties[0] if parties else customer(record, reading)


def _line(id_: str, description: str, method: str, gross: Decimal) -> Line:
    return Line(
        number=1,
        description=description,
        net=gross,
        tax=_ZERO,
        gross=gross,
        item_code=method,
        external_id=id_.lower(),
    )


def _allocations(
    record: Row, rows: Sequence[Row], heads: Mapping[str, Row], told: Decimal, code: str, reading: Reading
) -> tuple[Allocation, ...]:
    """What is settled, invoice by invoice. An allocation without an amount stands for the whole if it is alone."""
    amounts: dict[str, Decimal] = dict.fromkeys((one.lower() for one in settled(record, rows, reading)), _ZERO)
    if not rows:
        amounts = dict.fromkeys(amounts, abs(told))
    for row in rows:
        amount = _settled_by(row, told, code, reading, is_alone=len(rows) == 1)
        amounts[row.id(reading.fields["allocation.invoice"]).lower()] += amount
    if (together := sum(amounts.values(), _ZERO)) > abs(told):
        message = f"It settles {plain(together)}, but comes to {plain(abs(told))} only."
        raise Malformed(message, field="allocations")
    return tuple(_allocation(id_, amount, heads.get(id_), code, reading) for id_, amount in amounts.items() if amount)


def _settled_by(row: Row, told: Decimal, code: str, reading: Reading, *, is_alone: bool) -> Decimal:
    name = reading.fields["allocation.amount"]
    amount = money(row, name, code, reading)
    if amount is None and not is_alone:
        raise Malformed(f"It settles several invoices, and one of them without an amount in {name}.", field=name)
    if amount is None:
        return abs(told)
    if amount < 0 < told and reading.refund_words is None:
        raise Malformed(f"A payment of {plain(told)} settles {plain(amount)}.", field=name)
    return abs(amount)


def _allocation(id_: str, amount: Decimal, head: Row | None, code: str, reading: Reading) -> Allocation:
    """An invoice whose total is below zero is a credit note with us."""
    total = money(head, "Amount", code, reading) if head else None
    is_credit = total is not None and total < 0
    return Allocation(
        kind=Kind.SALES_CREDIT_NOTE if is_credit else Kind.SALES_INVOICE,
        external_id=external_id(INVOICE, id_),
        amount=amount,
        number=head.code("Reference", LONGEST_REFERENCE) if head else "",
    )
