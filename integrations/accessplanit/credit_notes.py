"""A record of the credit notes' own module. None of its names is public: whatever is not there is refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from integrations.accessplanit.invoices import CANCELLED, check_header, document_of, lines_of
from integrations.accessplanit.limits import LONGEST_NAME, LONGEST_REFERENCE, LONGEST_TEXT
from integrations.accessplanit.names import CREDIT_NOTE
from integrations.accessplanit.rows import Row
from integrations.accessplanit.tax import rate_of
from integrations.accessplanit.terms import Reading, folded
from integrations.accessplanit.values import currency, external_id, made, money
from integrations.base import Expected
from integrations.currencies import smallest_unit
from integrations.documents import Document, Line, Stage
from integrations.errors import Malformed, NotDue


def read(record: Row, items: Sequence[Row], reading: Reading, expected: Expected) -> Document:
    """The document of a credit note, with positive amounts. Raises `NotDue` and `Malformed` as an invoice."""
    fields, status = reading.fields, folded(record.text("Status", LONGEST_NAME))
    if status and status in reading.waits_for:
        raise NotDue("The credit note is not committed yet.", field="Status")
    when = made(record, CREDIT_NOTE, reading)
    code = currency(record, "CurrencyCode", expected.base_currency)
    lines = lines_of(record, items, code, reading) or [_only_line(record, code, reading)]
    if items:
        check_header(record, fields["credit_note.amount"], lines, code, reading)
    external = external_id(CREDIT_NOTE, record.id())
    is_cancelled = status in CANCELLED
    document = document_of(
        record, external, code, when, lines, reading, expected, is_cancelled=is_cancelled, is_credit=True
    )
    number = record.code(fields["credit_note.number"], LONGEST_REFERENCE) or record.id()
    return replace(document, number=number, stage=Stage.DELETED if is_cancelled else Stage.APPROVED)


def _only_line(record: Row, code: str, reading: Reading) -> Line:
    """The whole credit note as one line. A tax that is not told is no tax of nothing: it is refused."""
    name, tax_name = reading.fields["credit_note.amount"], reading.fields["credit_note.tax"]
    amount, tax = money(record, name, code, reading), money(record, tax_name, code, reading)
    if amount is None:
        raise Malformed(f"The credit note has no amount in {name}. Name the right field.", field=name)
    if tax is None:
        raise Malformed(f"The credit note has no tax in {tax_name}. Name the right field.", field=tax_name)
    net = amount - tax if reading.is_gross else amount
    return Line(
        number=1,
        description=record.text("DynamicLabel", LONGEST_TEXT) or "Credit note",
        net=net,
        tax=tax,
        gross=net + tax,
        item_code="CreditNote",
        tax_code=rate_of(net, tax, record.amount("TaxRate"), reading.rates, smallest_unit(code)),
    )
