"""Short forms for the ledger's tests: documents to post, and what was booked of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from integrations.documents import Allocation, Document, IdempotencyKey, Kind, Line
from ledger.models import Books, Entry
from ledger.services import post_document
from tests.factories import a_document, a_line
from tests.samples import MONEY, sale

Booked = tuple[str, str | None, Decimal, Decimal, Decimal]


def booked(entry: Entry) -> list[Booked]:
    """Each line as (account, tax code, debit, credit, document amount), in order."""
    return [
        (
            line.account.code,
            line.tax_code.code if line.tax_code else None,
            line.debit,
            line.credit,
            line.document_amount,
        )
        for line in entry.lines.select_related("account", "tax_code").order_by("position")
    ]


def debit(account: str, tax_code: str | None, amount: str, document: str = "") -> Booked:
    """A debit; `document` is the amount in the document's currency, the same if left out."""
    return (account, tax_code, Decimal(amount), Decimal(0), Decimal(document or amount))


def credit(account: str, tax_code: str | None, amount: str, document: str = "") -> Booked:
    """A credit, whose document amount counts as negative."""
    return (account, tax_code, Decimal(0), Decimal(amount), -Decimal(document or amount))


def key(value: str = "key-1") -> IdempotencyKey:
    """A posting's key."""
    return IdempotencyKey(value)


def post(books: Books, document: Document, value: str = "key-1", **options: Any) -> Entry:
    """Post with a key and a portal's number."""
    return post_document(books, document, key(value), "P-000001", **options)


def line(number: int, account: str, tax_code: str, net: str, tax: str = "0", **options: Any) -> Line:
    """A line in one currency."""
    amounts = {"net": Decimal(net), "tax": Decimal(tax), "gross": Decimal(net) + Decimal(tax)}
    return a_line(number, account_code=account, tax_code=tax_code, **amounts, **options)


def dollars(number: int, net: str, base_net: str, tax: str = "0", base_tax: str = "0", **options: Any) -> Line:
    """A line in dollars with its amounts in sterling, to software licences, zero rated."""
    base = {"base_net": Decimal(base_net), "base_tax": Decimal(base_tax)}
    return line(number, "7506", "T0", net, tax, **base, **options)


def in_dollars(*lines: Line, base: tuple[str, str, str] | None = None, **options: Any) -> Document:
    """A document in dollars for books in sterling; `base` is the header's net, tax and gross in sterling."""
    header = dict(zip(("base_net", "base_tax", "base_gross"), map(Decimal, base or ()), strict=False))
    return a_document(currency="USD", lines=lines, **header, **options)


def sold(amount: str = "100.00", kind: Kind = Kind.SALES_INVOICE, **changes: Any) -> Document:
    """A sales invoice or credit note over this amount, zero rated."""
    one = line(1, "4000", "T0", amount)
    return sale(kind, **{"lines": (one,), "net": one.net, "tax": one.tax, "gross": one.gross, **changes})


def money(amount: str, *settles: tuple[str, Entry], kind: Kind = Kind.PAYMENT, **changes: Any) -> Document:
    """A payment or a refund over this amount; `settles` are parts of it with the entries that they go to."""
    one = replace(MONEY, net=Decimal(amount), gross=Decimal(amount))
    allocations = tuple(part_of(part, entry) for part, entry in settles)
    figures = {"lines": (one,), "net": one.net, "gross": one.gross, "allocations": allocations}
    return sale(kind, **{**figures, **changes})


def part_of(amount: str, entry: Entry) -> Allocation:
    """What goes to an entry, as a source's document says it once the portal has found the entry."""
    return Allocation(
        kind=Kind(entry.document_kind),
        external_id=f"theirs-{entry.pk}",
        amount=Decimal(amount),
        number=entry.document_number,
        posted_as=str(entry.pk),
    )


MULTILINE = (
    line(1, "5010", "T1", "735.00", "147.00"),
    line(2, "5010", "T1", "286.20", "57.24"),
    line(3, "7504", "T0", "153.00"),
)
