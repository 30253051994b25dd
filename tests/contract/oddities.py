"""Documents as the world writes them: exact to the last digit, or refused by name, and never something in between."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from integrations.base import AccountingSystem
from integrations.documents import Document, Line, Posted
from integrations.errors import Rejected
from tests.contract.books import Books, OnBooks, book
from tests.samples import sample, with_line

ZERO = Decimal("0.00")
LONG = "Training room, full day, with projector and lunch for twelve. "
UNICODE = "Crème brûlée für Łódź, 東京 № 5, מע״מ, 👩‍🏫 “quoted” <b>&amp;</b> 'it''s' \\ /"
CONTROL = "first line\nsecond line\r\n\ttabbed \x07 bell \x1b[31m red \x7f \N{LINE SEPARATOR} end"


def line(number: int, net: str, *, quantity: str | None = None, unit_price: str | None = None) -> Line:
    """A line without tax."""
    amount = Decimal(net)
    return Line(
        number=number,
        description=f"Item {number}",
        net=amount,
        tax=ZERO,
        gross=amount,
        quantity=None if quantity is None else Decimal(quantity),
        unit_price=None if unit_price is None else Decimal(unit_price),
        account_code="7504",
        tax_code="T0",
    )


def of_lines(*lines: Line) -> Document:
    """An invoice of these lines."""
    net = sum((one.net for one in lines), ZERO)
    return sample(lines=lines, net=net, tax=ZERO, gross=net)


AMOUNTS = {
    "a line of nothing": of_lines(line(1, "150.50"), line(2, "0.00")),
    "a discount": of_lines(line(1, "120.00"), line(2, "-50.50")),
    "nothing to pay": of_lines(line(1, "100.00"), line(2, "-100.00")),
    "0.1 and 0.2": of_lines(line(1, "0.10"), line(2, "0.20")),
    "twelve digits": of_lines(line(1, "123456789012.34")),
    "a third of a pound": of_lines(line(1, "1.00", quantity="3", unit_price="0.3333")),
    "a quantity of a thousandth": of_lines(line(1, "12.35", quantity="0.125", unit_price="98.80")),
    "many lines": of_lines(*(line(number, "0.07") for number in range(1, 61))),
}
TEXTS = {
    "unicode": UNICODE,
    "control characters": CONTROL,  # NUL stays at the door: intake refuses it
    "blanks alone": "   ",
    "empty": "",
    "long": LONG * 100,
}


class OddityCases(OnBooks):
    """Odd amounts and odd texts."""

    @pytest.mark.parametrize("what", sorted(AMOUNTS))
    def test_amounts_are_booked_exactly_or_refused(self, system: AccountingSystem, books: Books, what: str) -> None:
        document = AMOUNTS[what]
        outcome = tried(system, document)
        if isinstance(outcome, Rejected):
            assert what in MAY_BE_REFUSED | self.refuses, outcome.message
            assert books.count() == 0
        else:
            assert what not in self.refuses
            assert amounts(outcome) == amounts(document)
            assert books.owed("CROWN01") == document.gross

    @pytest.mark.parametrize("what", sorted(TEXTS))
    @pytest.mark.parametrize("member", ["title", "supplier_reference", "order_number", "number"])
    def test_texts_of_the_document_leave_the_amounts_alone(
        self, system: AccountingSystem, books: Books, member: str, what: str
    ) -> None:
        changed: dict[str, Any] = {member: TEXTS[what]}
        self.is_sound(system, books, sample(**changed), member)

    @pytest.mark.parametrize("what", sorted(TEXTS))
    def test_texts_of_a_line_leave_the_amounts_alone(self, system: AccountingSystem, books: Books, what: str) -> None:
        self.is_sound(system, books, with_line(sample(), 1, description=TEXTS[what]), "line 2")

    @pytest.mark.parametrize("what", ["unicode", "control characters", "long"])
    def test_the_name_of_a_known_supplier_changes_nothing(
        self, system: AccountingSystem, books: Books, what: str
    ) -> None:
        document = replace(sample(), party=replace(sample().party, name=TEXTS[what]))
        self.is_sound(system, books, document, "supplier")

    def is_sound(self, system: AccountingSystem, books: Books, document: Document, whose: str) -> None:
        """Booked with its amounts, or refused by name; cutting a text is the connector's own business."""
        outcome = tried(system, document)
        if isinstance(outcome, Rejected):
            named = f"{outcome.field} {outcome.message}".lower().replace("_", " ")
            assert whose.replace("_", " ") in named or "description" in named, outcome.message
            assert books.count() == 0
        else:
            assert amounts(outcome) == amounts(document)
            assert books.owed("CROWN01") == Decimal("170.50")


def tried(system: AccountingSystem, document: Document) -> Posted | Rejected:
    """What came of a post."""
    try:
        return book(system, document)
    except Rejected as refusal:
        return refusal


def amounts(of: Document | Posted) -> tuple[Decimal | None, ...]:
    """The three that have to be exact."""
    return of.net, of.tax, of.gross


# What real systems refuse for reasons of their own. Everything else is an ordinary invoice.
MAY_BE_REFUSED = frozenset({"nothing to pay", "twelve digits", "a quantity of a thousandth"})
