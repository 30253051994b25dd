"""The money of a transaction: in its own currency (`Local`) and in the company's (`Base`), per line and in total.

Nothing is recomputed that was stated; what was stated must agree. Rounding may cost one smallest coin per line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from integrations.content import plain
from integrations.currencies import smallest_unit
from integrations.documents import Kind
from integrations.errors import Malformed
from integrations.icompleat.limits import MAX_AMOUNT
from integrations.icompleat.reading import Node

LOCAL: Final = "Local"
BASE: Final = "Base"
_MEMBERS: Final = ("Net", "Vat", "Gross")
_USUAL: Final = {LOCAL: "Local.Value", BASE: "Base.Value"}
_WORDS: Final = {"Net": "net amount", "Vat": "VAT amount", "Gross": "gross amount"}


@dataclass(frozen=True, slots=True)
class Amounts:
    """Net, tax and gross in one currency."""

    net: Decimal
    tax: Decimal
    gross: Decimal

    def __neg__(self) -> Amounts:
        return Amounts(-self.net, -self.tax, -self.gross)

    def parts(self) -> tuple[tuple[str, Decimal], ...]:
        """Each amount with the name of its member."""
        return (("Net", self.net), ("Vat", self.tax), ("Gross", self.gross))


@dataclass(frozen=True, slots=True)
class Money:
    """All amounts of a transaction, line by line and in total. Base amounts are None where the source gave none.

    `turned` says that the signs were turned round.
    """

    total: Amounts
    lines: tuple[Amounts, ...]
    base_total: Amounts | None
    base_lines: tuple[Amounts | None, ...]
    turned: bool = False

    def turned_round(self) -> Money:
        """The same with every sign turned."""
        return replace(
            self,
            total=-self.total,
            lines=tuple(-line for line in self.lines),
            base_total=-self.base_total if self.base_total else None,
            base_lines=tuple(-line if line else None for line in self.base_lines),
            turned=True,
        )


def read(header: Node, lines: Sequence[tuple[int, Node]], kind: Kind, currency: str, base_currency: str) -> Money:
    """The money of a transaction with these numbered lines.

    A receipt books nothing and may come without amounts. A credit note whose total is negative is turned round whole.
    Raises `Malformed` for amounts that are missing or do not agree, and for foreign currency without base amounts.
    """
    local = tuple(_line_in_own_currency(node, number, kind, currency) for number, node in lines)
    base = tuple(_of_line(node, number, BASE, base_currency) for number, node in lines)
    total, base_total = _total(header, LOCAL, local, currency), _base_total(header, base, base_currency)
    _check_base(base_total, total, kind, currency, base_currency)
    money = Money(total, local, base_total, base)
    return money.turned_round() if kind is Kind.CREDIT_NOTE and total.gross < 0 else money


def _check_base(base: Amounts | None, local: Amounts, kind: Kind, currency: str, base_currency: str) -> None:
    if currency != base_currency and base is None and kind is not Kind.RECEIPT:
        raise Malformed(
            f"The transaction is in {currency}, but its amounts in {base_currency} are missing (Base).",
            field="Gross.Base",
        )
    if currency == base_currency and base is not None and base != local:
        raise Malformed(
            f"The transaction seems to be in {currency}, the company's own currency, but its Base and Local amounts"
            " differ: is the Currency Code missing?",
            field="Gross.Base",
        )


def value_of(amount: Node, side: str) -> Node:
    """Where the number of an amount stands: `{Local: {Value}}`, `{Local: 30}`, `{Value: 30}` or the bare number.

    A bare number is in the transaction's own currency; there is no base amount then.
    """
    stated = amount.value
    if isinstance(stated, dict):
        usual = stated.get(side)
        if isinstance(usual, dict) and (number := usual.get("Value")) is not None:
            return Node(number, _USUAL[side], amount)  # at once, without a node for each step
    else:
        return amount if side == LOCAL else Node(None, side, amount)
    part = amount.member(side)
    if not part.given and side == LOCAL:
        return amount.member("Value") if amount.member("Value").given else part.member("Value")
    return part.member("Value") if part.holds_members or not part.given else part


def _line_in_own_currency(line: Node, number: int, kind: Kind, currency: str) -> Amounts:
    amounts = _of_line(line, number, LOCAL, currency)
    if amounts is not None:
        return amounts
    if kind is Kind.RECEIPT:
        return Amounts(Decimal(0), Decimal(0), Decimal(0))
    raise Malformed(f"Line {number} has no net amount.", field=value_of(line.member("Net"), LOCAL).path)


def _of_line(line: Node, number: int, side: str, currency: str) -> Amounts | None:
    """The amounts of a line. Any two of net, VAT and gross give the third; none at all is None.

    Raises `Malformed` for a single one, and where all three are given and gross is not net plus VAT.
    """
    nodes = {name: value_of(line.member(name), side) for name in _MEMBERS}
    values = {name: node.money() for name, node in nodes.items()}
    missing = [name for name in _MEMBERS if values[name] is None]
    if len(missing) == len(_MEMBERS):
        return None
    if len(missing) > 1:
        raise Malformed(f"Line {number} has no {_WORDS[missing[0]]} in {currency}.", field=nodes[missing[0]].path)
    amounts = _completed(values["Net"], values["Vat"], values["Gross"])
    _check_sum(amounts, nodes["Gross"], f"Line {number}", smallest_unit(currency))
    return amounts


def _total(header: Node, side: str, lines: Sequence[Amounts], currency: str) -> Amounts:
    """The totals: as the header states them, all three, or the sums of the lines where it states none.

    Raises `Malformed` where only some are stated, where they do not agree with the lines within one smallest coin per
    line, and beyond what can be booked.
    """
    nodes = {name: value_of(header.member(name), side) for name in _MEMBERS}
    sums, stated = _sums(lines), _stated(nodes, currency)
    if stated is not None:
        _check_against_lines(stated, sums, nodes, smallest_unit(currency) * len(lines))
    for name, total in (stated or sums).parts():
        if abs(total) > MAX_AMOUNT:
            nodes[name].refuse("is larger than any amount that is booked here")
    return stated or sums


def _base_total(header: Node, lines: Sequence[Amounts | None], currency: str) -> Amounts | None:
    """The same in the company's currency, where it may be known of the whole, of some lines, or not at all."""
    known = [line for line in lines if line is not None]
    if len(known) == len(lines):
        return _total(header, BASE, known, currency)
    return _stated({name: value_of(header.member(name), BASE) for name in _MEMBERS}, currency)


def _stated(nodes: dict[str, Node], currency: str) -> Amounts | None:
    values = {name: node.money() for name, node in nodes.items()}
    missing = [name for name in _MEMBERS if values[name] is None]
    if len(missing) == len(_MEMBERS):
        return None
    if missing:
        raise Malformed(
            f"The transaction states totals in {currency}, but no {_WORDS[missing[0]]}: give all three or none.",
            field=nodes[missing[0]].path,
        )
    amounts = _completed(values["Net"], values["Vat"], values["Gross"])
    _check_sum(amounts, nodes["Gross"], "The transaction", smallest_unit(currency))
    return amounts


def _completed(net: Decimal | None, tax: Decimal | None, gross: Decimal | None) -> Amounts:
    """At most one may be None; it follows from the other two."""
    if net is None:
        net = _known(gross) - _known(tax)
    if tax is None:
        tax = _known(gross) - net
    return Amounts(net, tax, net + tax if gross is None else gross)


def _known(amount: Decimal | None) -> Decimal:
    return Decimal(0) if amount is None else amount


def _sums(lines: Sequence[Amounts]) -> Amounts:
    zero = Decimal(0)
    return Amounts(
        sum((line.net for line in lines), zero),
        sum((line.tax for line in lines), zero),
        sum((line.gross for line in lines), zero),
    )


def _check_sum(amounts: Amounts, gross: Node, what: str, tolerance: Decimal) -> None:
    expected = amounts.net + amounts.tax
    if abs(amounts.gross - expected) > tolerance:
        raise Malformed(
            f"{what} states a gross amount of {plain(amounts.gross)}, but net and VAT add up to {plain(expected)}.",
            field=gross.path,
        )


def _check_against_lines(stated: Amounts, sums: Amounts, nodes: dict[str, Node], tolerance: Decimal) -> None:
    for (name, total), (_, from_lines) in zip(stated.parts(), sums.parts(), strict=True):
        if abs(total - from_lines) > tolerance:
            sentence = f"The {_WORDS[name]} is {plain(total)}, but the lines add up to {plain(from_lines)}."
            raise Malformed(sentence, field=nodes[name].path)
