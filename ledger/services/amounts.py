"""The amounts of a document in its own currency and in the books', checked against each other. No database.

Nothing is computed that the sender did not state: no exchange rate, no tax. What does not agree is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from integrations.currencies import MINOR_UNITS, smallest_unit
from integrations.documents import Document, Kind, Line
from integrations.errors import Rejected
from ledger.fields import ten_thousandths

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Figures:
    """Net, tax and gross in one currency."""

    net: Decimal
    tax: Decimal
    gross: Decimal

    def named(self) -> tuple[tuple[str, Decimal], ...]:
        """The three with their names."""
        return ("net", self.net), ("tax", self.tax), ("gross", self.gross)


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """One line in the document's currency and in the base currency."""

    document: Figures
    base: Figures


@dataclass(frozen=True, slots=True)
class Amounts:
    """The header's figures, in both currencies, and those of each line, in the document's order."""

    document: Figures
    base: Figures
    lines: tuple[LineAmounts, ...]


def amounts_of(document: Document, base_currency: str) -> Amounts:
    """All amounts of `document` for books in `base_currency`.

    A document in the base currency is booked at its own amounts. One in a foreign currency is booked at the base
    amounts that it carries; a header without them is the sum of its lines. Header and lines may differ by rounding: by
    the currency's smallest unit (0.01 in GBP) for each line.

    Raises `Rejected` for a missing, contradicting or unbookable amount, naming it with both figures.
    """
    _check_currencies(document, base_currency)
    lines = tuple(_line_amounts(line, document, base_currency) for line in document.lines)
    header = Figures(document.net, document.tax, document.gross)
    _check_places(header, "The document")
    _check_sums(header, total(line.document for line in lines), document.currency, len(lines), "")
    _check_paid(document)
    if document.currency == base_currency:
        _check_same(document, header, base_currency, "The document", "")
        return Amounts(header, header, lines)
    base = _header_base(document, total(line.base for line in lines))
    _check_places(base, "The document", "base_")
    _check_sums(base, total(line.base for line in lines), base_currency, len(lines), "base_")
    return Amounts(header, base, lines)


def total(figures: Iterable[Figures]) -> Figures:
    """The sum of some figures of one currency."""
    net = tax = gross = ZERO
    for each in figures:
        net, tax, gross = net + each.net, tax + each.tax, gross + each.gross
    return Figures(net, tax, gross)


def check_storable(document: Document) -> None:
    """Raises `Rejected` if an amount in the document's currency does not fit the books, or the currency is no code."""
    _check_code(document)
    _check_places(Figures(document.net, document.tax, document.gross), "The document")
    _check_places(_header_base(document, Figures(ZERO, ZERO, ZERO)), "The document", "base_")
    for line in document.lines:
        _check_places(Figures(line.net, line.tax, line.gross), f"Line {line.number}", f"lines[{line.number}].")


def _check_paid(document: Document) -> None:
    """A payment and a refund are of an amount, and without tax; other documents may be of any."""
    if document.kind not in (Kind.PAYMENT, Kind.REFUND):
        return
    what = document.kind.label.lower()
    if document.gross <= 0:
        raise Rejected(f"A {what} has an amount above zero, not {document.gross} {document.currency}.", field="gross")
    if document.tax or any(line.tax for line in document.lines):
        raise Rejected(f"A {what} has no tax; that was stated when it was invoiced.", field="tax")


def _check_code(document: Document) -> None:
    if document.currency not in MINOR_UNITS:
        raise Rejected(f"{document.currency or 'An empty text'} is not an ISO currency code.", field="currency")


def _check_currencies(document: Document, base_currency: str) -> None:
    _check_code(document)
    if document.base_currency != base_currency:
        raise Rejected(
            f"The document names {document.base_currency} as the base currency, but the books are kept in "
            f"{base_currency}.",
            field="base_currency",
        )


def _line_amounts(line: Line, document: Document, base_currency: str) -> LineAmounts:
    field, where = f"lines[{line.number}].", f"Line {line.number}"
    own = Figures(line.net, line.tax, line.gross)
    _check_places(own, where, field)
    _check_adds_up(own, document.currency, where, field)
    if document.currency == base_currency:
        _check_same(line, own, base_currency, where, field)
        return LineAmounts(own, own)
    if line.base_net is None or line.base_tax is None:
        raise Rejected(
            f"{where} is in {document.currency} and has no amounts in {base_currency}. No exchange rate is computed "
            "here: the sender has to state both.",
            field=f"{field}base_net",
        )
    base = Figures(line.base_net, line.base_tax, line.base_net + line.base_tax)
    _check_places(base, where, f"{field}base_")
    _check_signs(own, base, document.currency, base_currency, where, field)
    return LineAmounts(own, base)


def _check_places(figures: Figures, where: str, field: str = "") -> None:
    for name, amount in figures.named():
        try:
            ten_thousandths(amount)
        except (TypeError, ValueError) as error:
            raise Rejected(f"{where}: the {name} amount cannot be booked. {error}", field=f"{field}{name}") from error


def _check_adds_up(own: Figures, currency: str, where: str, field: str) -> None:
    if abs(own.net + own.tax - own.gross) > smallest_unit(currency):
        raise Rejected(
            f"{where}: net {own.net} and tax {own.tax} make {own.net + own.tax} {currency}, but the line's gross is "
            f"{own.gross} {currency}.",
            field=f"{field}gross",
        )


def _check_signs(own: Figures, base: Figures, currency: str, base_currency: str, where: str, field: str) -> None:
    for (name, ours), (_, theirs) in zip(own.named()[:2], base.named()[:2], strict=True):
        if (ours > 0 > theirs) or (ours < 0 < theirs):
            raise Rejected(
                f"{where}: the {name} amount is {ours} {currency}, but {theirs} {base_currency}; the signs contradict "
                "each other.",
                field=f"{field}base_{name}",
            )


def _check_same(stated: Document | Line, own: Figures, currency: str, where: str, field: str) -> None:
    """In the base currency, a base amount that is stated as well must be the same amount."""
    for name, amount in own.named():
        base = getattr(stated, f"base_{name}", None)
        if base is not None and base != amount:
            raise Rejected(
                f"{where}: the {name} amount is {amount} {currency}, but its base amount is {base} {currency}.",
                field=f"{field}base_{name}",
            )


def _header_base(document: Document, lines: Figures) -> Figures:
    given = (document.base_net, document.base_tax, document.base_gross)
    net, tax, gross = given
    return lines if net is None or tax is None or gross is None else Figures(net, tax, gross)


def _check_sums(header: Figures, lines: Figures, currency: str, count: int, prefix: str) -> None:
    for (name, stated), (_, added) in zip(header.named(), lines.named(), strict=True):
        if abs(stated - added) > smallest_unit(currency) * count:
            raise Rejected(
                f"The document's {name} amount is {stated} {currency}, but its lines add up to {added} {currency}; "
                "that is more than rounding.",
                field=f"{prefix}{name}",
            )
