"""An invoice with its items as a sales invoice, or as a credit note where its total is below zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from integrations.accessplanit.customers import customer
from integrations.accessplanit.limits import LONGEST_NAME, LONGEST_ORDER_NUMBER, LONGEST_REFERENCE, LONGEST_TEXT
from integrations.accessplanit.merging import merged
from integrations.accessplanit.moments import day
from integrations.accessplanit.names import INVOICE
from integrations.accessplanit.rows import Row, refuse
from integrations.accessplanit.tax import rate_of
from integrations.accessplanit.terms import Reading, folded
from integrations.accessplanit.values import SOURCE, Made, check_kind, currency, external_id, made, money
from integrations.base import Expected
from integrations.content import plain
from integrations.currencies import smallest_unit
from integrations.documents import Document, Kind, Line, Stage
from integrations.errors import Malformed, NotDue

CANCELLED: Final = frozenset({"cancelled", "canceled"})
_ZERO: Final = Decimal(0)


def read(invoice: Row, items: Sequence[Row], reading: Reading, expected: Expected) -> Document:
    """The document of an invoice. A cancelled one has the stage deleted.

    Raises `NotDue` for one that is not committed yet, comes to nothing or is from before the start, and `Malformed`.
    """
    external = external_id(INVOICE, invoice.id())
    status = invoice.text("Status", LONGEST_NAME)
    if not status:
        raise Malformed("The invoice does not say its Status, so nobody knows whether it is final.", field="Status")
    if folded(status) in reading.waits_for:
        raise NotDue(f"The invoice is {status.lower()}: it is not committed yet.", field="Status")
    when = made(invoice, INVOICE, reading)
    code = currency(invoice, "CurrencyCode", expected.base_currency)
    lines = lines_of(invoice, items, code, reading)
    is_cancelled = folded(status) in CANCELLED
    if not is_cancelled:
        check_header(invoice, "Amount", lines, code, reading)
    elif not lines:
        lines = [_as_told(invoice, code, reading)]
    document = document_of(invoice, external, code, when, lines, reading, expected, is_cancelled=is_cancelled)
    return replace(
        document,
        number=invoice.code("Reference", LONGEST_REFERENCE) or invoice.id(),
        order_number=invoice.code("PONumber", LONGEST_ORDER_NUMBER),
        due_date=day(invoice.text("DateDue", LONGEST_NAME)),
        stage=Stage.DELETED if is_cancelled else Stage.APPROVED,
    )


def document_of(
    record: Row,
    external: str,
    code: str,
    when: Made,
    lines: Sequence[Line],
    reading: Reading,
    expected: Expected,
    *,
    is_cancelled: bool = False,
    is_credit: bool = False,
) -> Document:
    """What an invoice and a credit note have in common. `is_credit`: it is one, whatever the sign of its total.

    A total below zero is turned round whole, so that relative signs stay; then negative lines are merged.
    Raises `NotDue` for a total of nothing.
    """
    gross, net = _sum([line.gross for line in lines]), _sum([line.net for line in lines])
    if not gross and not is_cancelled:
        _refuse_nothing(net)
    kind = Kind.SALES_CREDIT_NOTE if is_credit or gross < 0 else Kind.SALES_INVOICE
    check_kind(kind, expected.kind)
    if gross < 0:
        lines = [replace(line, net=-line.net, tax=-line.tax, gross=-line.gross) for line in lines]
    if reading.merges:
        lines = merged(lines, smallest_unit(code))
    return Document(
        kind=kind,
        source=SOURCE,
        external_id=external,
        identity=external,
        number=record.id(),
        party=customer(record, reading),
        currency=code,
        base_currency=expected.base_currency,
        net=_sum([line.net for line in lines]),
        tax=_sum([line.tax for line in lines]),
        gross=_sum([line.gross for line in lines]),
        lines=tuple(lines),
        date=when.day,
        created_at=when.at,
    )


def lines_of(invoice: Row, items: Sequence[Row], code: str, reading: Reading) -> list[Line]:
    """The lines as the items state them. What is only a text, without any amount, is no line. Raises `Malformed`."""
    stated, unit = invoice.amount("TaxRate"), smallest_unit(code)
    lines: list[Line] = []
    for place, item in enumerate(items):
        amount, tax = money(item, "Amount", code, reading), money(item, "Tax", code, reading)
        if amount is None and tax is None:
            continue
        if amount is None:
            raise Malformed(f"Item {place + 1} states a tax, but no Amount.", field=f"items[{place}].Amount")
        # An item without a tax is one without tax: nothing is computed that was not stated.
        tax = _ZERO if tax is None else tax
        net = amount - tax if reading.is_gross else amount
        rate = rate_of(net, tax, stated, reading.rates, unit)
        lines.append(_line(len(lines) + 1, item, net, tax, rate))
    return lines


def check_header(record: Row, name: str, lines: Sequence[Line], code: str, reading: Reading) -> None:
    """Raises `Malformed` without lines, and where they add up to something else than the header states by more than
    one smallest coin a line."""
    if not lines:
        raise Malformed("No items with amounts came with the record, so its tax is not known.", field="items")
    stated = money(record, name, code, reading)
    told = _sum([line.gross if reading.is_gross else line.net for line in lines])
    if stated is not None and abs(stated - told) > smallest_unit(code) * len(lines):
        refuse(name, f"is {plain(stated)}, but the items add up to {plain(told)}")


def _line(number: int, item: Row, net: Decimal, tax: Decimal, rate: str | None) -> Line:
    sold = (item.code("SourceIDType", LONGEST_REFERENCE), item.code("SourceID", LONGEST_REFERENCE))
    return Line(
        number=number,
        description=item.text("DynamicLabel", LONGEST_TEXT) or item.text("Reference", LONGEST_TEXT),
        net=net,
        tax=tax,
        gross=net + tax,
        item_code="/".join(filter(None, sold)),
        external_id=item.code("ID", LONGEST_REFERENCE).lower(),
        tax_code=rate,
    )


def _as_told(invoice: Row, code: str, reading: Reading) -> Line:
    """The one line of a cancelled invoice whose items are gone: only that it is cancelled matters."""
    amount = money(invoice, "Amount", code, reading) or _ZERO
    return Line(number=1, description="Cancelled", net=amount, tax=_ZERO, gross=amount)


def _refuse_nothing(net: Decimal) -> None:
    if net:
        raise Malformed(f"The total is 0, but the net amount is {plain(net)}. Correct the tax.", field="Amount")
    # There may be many of them, and one that gets an amount is told again: it is open then, or was changed.
    raise NotDue("It comes to 0, so there is nothing to book.", field="Amount", for_good=True)


def _sum(amounts: Sequence[Decimal]) -> Decimal:
    return sum(amounts, _ZERO)
