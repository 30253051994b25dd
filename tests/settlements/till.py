"""A source in memory that people and Postroom enter payments in: what stands in it, and how it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from integrations.base import Answer, Expected, Source
from integrations.documents import Allocation, Customer, Document, IdempotencyKey, Kind, Posted, Settled
from integrations.metadata import Abilities, Metadata
from tests.factories import a_document, a_line

SLUG = "till"
CUSTOMER = Customer(code="BRIGHT7KQ2", name="Brightwater Care Ltd")
MONEY = frozenset({Kind.PAYMENT, Kind.REFUND})
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Entered:
    """One payment or refund. Without a key a person typed it in."""

    number: str
    kind: Kind
    invoice: str
    amount: Decimal
    day: date
    key: str = ""
    reference: str = ""


@dataclass
class Drawer:
    """What stands in it. `before` and `after` are called around each writing, `asked` before each look; they may
    raise."""

    invoices: dict[str, Decimal] = field(default_factory=dict)
    entries: list[Entered] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    asked: Callable[[], None] = lambda: None

    def enter(
        self, kind: Kind, invoice: str, amount: Decimal, day: date, key: str = "", reference: str = ""
    ) -> Entered:
        number = f"t{len(self.entries) + 1}"
        self.entries.append(Entered(number, kind, invoice, amount, day, key, reference))
        return self.entries[-1]

    def paid(self, invoice: str) -> Decimal:
        signs = {Kind.PAYMENT: 1, Kind.REFUND: -1}
        return sum((signs[one.kind] * one.amount for one in self.entries if one.invoice == invoice), Decimal(0))


class Till(Source):
    """It takes payments and refunds, and tells what stands on an invoice."""

    metadata = Metadata(slug=SLUG, name="Till", summary="For tests.", monogram="TI")
    can: ClassVar[Abilities] = Abilities(
        kinds=MONEY, lookup=True, lookup_complete=True, quiet_seconds=20, tells_settlements_of=True
    )
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.SALES_INVOICE, *MONEY})
    token_headers: ClassVar[tuple[str, ...]] = ("x-token",)
    answer_template: ClassVar[Mapping[str, Any]] = {"message": "{journal}"}
    drawer: ClassVar[Drawer] = Drawer()

    @classmethod
    def can_for(cls, settings: Mapping[str, str], told: Mapping[str, Any]) -> Abilities:
        return replace(cls.can, kinds=frozenset()) if settings.get("writes") == "no" else cls.can

    def parse(self, payload: Mapping[str, Any], expected: Expected) -> Document:
        raise NotImplementedError

    def acknowledge(self, journal_number: str, template: Mapping[str, Any]) -> Answer:
        return Answer(200, {})

    def refuse(self, status: int, message: str) -> Answer:
        return Answer(status, {})

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        self.drawer.before()
        (to,) = document.allocations
        day = document.date
        assert day is not None
        made = self.drawer.enter(document.kind, to.posted_as, document.gross, day, key.value, reference)
        self.drawer.after()
        return posted(made)

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        return tuple(posted(one) for one in self.drawer.entries if one.key == key.value)

    def settlements_of(self, document: Document) -> Sequence[Settled]:
        self.drawer.asked()
        wanted = {one.posted_as for one in document.allocations}
        return [settled(one) for one in self.drawer.entries if one.invoice in wanted]

    def room_for(self, document: Document) -> Mapping[str, Decimal]:
        paid = {one.posted_as: self.drawer.paid(one.posted_as) for one in document.allocations}
        if document.kind is Kind.REFUND:
            return paid
        return {invoice: self.drawer.invoices[invoice] - amount for invoice, amount in paid.items()}


def posted(one: Entered) -> Posted:
    return Posted(external_id=one.number, number=one.number, gross=one.amount, currency="GBP", date=one.day)


def settled(one: Entered) -> Settled:
    document = paid(one)
    there = tuple(replace(each, posted_as=each.external_id) for each in document.allocations)
    return Settled(document=replace(document, allocations=there), written_at=NOON, key=one.key)


def sold(invoice: str, gross: str = "120.00") -> Document:
    """An invoice as it comes in from the till; zero rated."""
    line = a_line(net=Decimal(gross), tax=Decimal(0), gross=Decimal(gross), account_code="4000", tax_code="T0")
    return a_document(
        source=SLUG, kind=Kind.SALES_INVOICE, external_id=invoice, number=f"INV-{invoice}", party=CUSTOMER,
        lines=(line,), date=date(2026, 11, 2),
    )  # fmt: skip


def paid(one: Entered) -> Document:
    """A payment or a refund as it comes in from the till."""
    line = a_line(
        description=one.reference or "Payment", net=one.amount, tax=Decimal(0), gross=one.amount, account_code="1200",
        tax_code=None, item_code="BACS", quantity=None, unit_price=None,
    )  # fmt: skip
    to = Allocation(kind=Kind.SALES_INVOICE, external_id=one.invoice, amount=one.amount, number=f"INV-{one.invoice}")
    return a_document(
        source=SLUG, kind=one.kind, external_id=one.number, number=one.number, party=CUSTOMER, lines=(line,),
        date=one.day, due_date=None, supplier_reference="", allocations=(to,),
    )  # fmt: skip
