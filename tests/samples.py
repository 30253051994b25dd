"""Documents that tests post: one of two lines, one in another currency, and the paper that belongs to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integrations.documents import SALES, Allocation, Customer, Document, IdempotencyKey, Kind, Line, Supplier
from integrations.papers import File

KEY = IdempotencyKey("8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11")
OTHER_KEY = IdempotencyKey("1679091c-5a88-4faf-8fb5-e6087eb1b2dc")
REFERENCE = "P-000001"
PAPER = File(
    name="SI-48213.pdf", content_type="application/pdf", content=b"%PDF-1.7\n% Crown Conference Centre\n%%EOF\n"
)
CUSTOMER = Customer(
    code="HARB01",
    name="Harbour Logistics Ltd",
    email="accounts@harbour.example",
    address="Unit 4, Dock Road",
    town="Hull",
    county="East Riding of Yorkshire",
    postcode="HU1 1AA",
    country="United Kingdom",
)
SOLD = (
    Line(
        number=1,
        description="First aid at work, 12 places",
        net=Decimal("100.00"),
        tax=Decimal("20.00"),
        gross=Decimal("120.00"),
        item_code="course/4711",
        account_code="4000",
        tax_code="T1",
    ),
    Line(
        number=2,
        description="First aid manuals",
        net=Decimal("50.50"),
        tax=Decimal("0.00"),
        gross=Decimal("50.50"),
        item_code="resource/12",
        account_code="4020",
        tax_code="T0",
    ),
)
MONEY = Line(
    number=1,
    description="BACS",
    net=Decimal("170.50"),
    tax=Decimal("0.00"),
    gross=Decimal("170.50"),
    item_code="BACS",
    account_code="1200",
)


def sample(kind: Kind = Kind.INVOICE, **changes: Any) -> Document:
    """A document of two lines, 100.00 + 20.00 and 50.50 + 0.00, all in all 170.50 GBP; `changes` replace fields.

    A payment and a refund have one line of 170.50 GBP without tax.
    """
    if kind in SALES:
        return sale(kind, **changes)
    document = Document(
        kind=kind,
        source="icompleat",
        external_id="108a6af2-890c-5487-9802-4708897d9888",
        identity="108a6af2-890c-5487-9802-4708897d9888",
        number="INV000123",
        party=Supplier(code="CROWN01", name="Crown Conference Centre"),
        currency="GBP",
        base_currency="GBP",
        net=Decimal("150.50"),
        tax=Decimal("20.00"),
        gross=Decimal("170.50"),
        lines=(
            Line(
                number=1,
                description="Training room, full day",
                net=Decimal("100.00"),
                tax=Decimal("20.00"),
                gross=Decimal("120.00"),
                quantity=Decimal(2),
                unit_price=Decimal("50.00"),
                account_code="5010",
                tax_code="T1",
            ),
            Line(
                number=2,
                description="Printed course manuals",
                net=Decimal("50.50"),
                tax=Decimal("0.00"),
                gross=Decimal("50.50"),
                account_code="7504",
                tax_code="T0",
            ),
        ),
        order_number="ORD000056",
        supplier_reference="SI-48213",
        title="Venue hire, March cohort",
        date=date(2024, 3, 14),
        due_date=date(2024, 4, 13),
        created_at=datetime(2024, 3, 15, 10, 22, 41, tzinfo=UTC),
    )
    return replace(document, **changes)


def sale(kind: Kind = Kind.SALES_INVOICE, **changes: Any) -> Document:
    """The same with a customer: courses and course materials sold, or money that came in or went back."""
    is_money = kind in (Kind.PAYMENT, Kind.REFUND)
    document = replace(
        sample(),
        kind=kind,
        source="accessplanit",
        number="BACS 14/03" if is_money else "INV-2024-0117",
        party=CUSTOMER,
        order_number="",
        supplier_reference="",
        title="",
        lines=(MONEY,) if is_money else SOLD,
    )
    if is_money:
        document = replace(document, net=MONEY.net, tax=MONEY.tax, gross=MONEY.gross, due_date=None)
    return replace(document, **changes)


def settling(amount: str, *posted_as: str) -> tuple[Allocation, ...]:
    """The same amount for each invoice, by its external id in the books."""
    return tuple(
        Allocation(
            kind=Kind.SALES_INVOICE,
            external_id=f"invoice-{place}",
            amount=Decimal(amount),
            number=f"INV-2024-{place:04}",
            posted_as=each,
        )
        for place, each in enumerate(posted_as, 1)
    )


def with_line(document: Document, position: int, **changes: Any) -> Document:
    """`document` with one line changed; the first has position 0."""
    lines = list(document.lines)
    lines[position] = replace(lines[position], **changes)
    return replace(document, lines=tuple(lines))


def in_dollars() -> Document:
    """An invoice of 120.50 USD, which are 100.33 GBP."""
    line = Line(
        number=1,
        description="Authoring tool, annual licence",
        net=Decimal("120.50"),
        tax=Decimal("0.00"),
        gross=Decimal("120.50"),
        account_code="7506",
        tax_code="T0",
        base_net=Decimal("100.33"),
        base_tax=Decimal("0.00"),
    )
    return sample(
        currency="USD",
        lines=(line,),
        net=line.net,
        tax=line.tax,
        gross=line.gross,
        base_net=Decimal("100.33"),
        base_tax=Decimal("0.00"),
        base_gross=Decimal("100.33"),
    )
