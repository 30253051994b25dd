"""The lines of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from integrations.documents import Line
from integrations.errors import Malformed
from integrations.icompleat import analysis
from integrations.icompleat.amounts import LOCAL, Amounts, Money, value_of
from integrations.icompleat.analysis import Entry
from integrations.icompleat.limits import LONGEST_CODE, LONGEST_ID, LONGEST_TEXT, MAX_LINE_NUMBER, MAX_LINES
from integrations.icompleat.reading import Node, canonical_id


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line before its amounts are read."""

    number: int
    node: Node
    coding: tuple[Entry, ...]


def raw(header: Node) -> tuple[RawLine, ...]:
    """All lines, 1 to 5,000 of them. Raises `Malformed` for any other count, and for lines that are no objects."""
    lines = header.member("Lines")
    nodes = list(lines.items())
    if not nodes:
        raise Malformed("The transaction has no lines.", field=lines.path)
    if len(nodes) > MAX_LINES:
        lines.refuse(f"holds {len(nodes):,} lines, but at most {MAX_LINES:,} are taken")
    for node in nodes:
        if not node.holds_members:
            node.refuse("must be an object")
    return tuple(
        RawLine(number, node, analysis.entries(node)) for number, node in zip(_numbers(nodes), nodes, strict=True)
    )


def read(lines: Sequence[RawLine], header_coding: Sequence[Entry], money: Money) -> tuple[Line, ...]:
    """The lines with their money; coding that a line lacks comes from the header."""
    return tuple(
        _line(line, header_coding, local, base, turned=money.turned)
        for line, local, base in zip(lines, money.lines, money.base_lines, strict=True)
    )


def _numbers(nodes: Sequence[Node]) -> list[int]:
    """The lines' own numbers where each has a different one; else their positions, so that a number names one line."""
    own = [node.member("Number").value for node in nodes]
    numbers = [number for number in own if type(number) is int and 0 < number <= MAX_LINE_NUMBER]
    return numbers if len(set(numbers)) == len(nodes) else list(range(1, len(nodes) + 1))


def _line(
    raw_line: RawLine, header_coding: Sequence[Entry], local: Amounts, base: Amounts | None, *, turned: bool
) -> Line:
    node = raw_line.node
    quantity, unit_price = _per_unit(node, local.net, turned=turned)
    return Line(
        number=raw_line.number,
        description=node.member("Description").text(LONGEST_TEXT),
        net=local.net,
        tax=local.tax,
        gross=local.gross,
        quantity=quantity,
        unit_price=unit_price,
        item_code=node.member("Code").text(LONGEST_CODE),
        external_id=canonical_id(node.member("Id").text(LONGEST_ID)),
        account_code=analysis.coding(analysis.ACCOUNT, raw_line.coding, header_coding),
        tax_code=analysis.coding(analysis.TAX, raw_line.coding, header_coding),
        base_net=base.net if base else None,
        base_tax=base.tax if base else None,
        dimensions=analysis.dimensions(raw_line.coding),
    )


def _per_unit(node: Node, net: Decimal, *, turned: bool) -> tuple[Decimal | None, Decimal | None]:
    """Quantity and price. Where the net was turned round, the one of them that carried the sign follows."""
    quantity = node.member("Quantity").measure()
    unit_price = value_of(node.member("UnitCost"), LOCAL).measure()
    if not turned or _signs_agree(net, quantity, unit_price):
        return quantity, unit_price
    if unit_price is None or (quantity is not None and quantity < 0):
        return None if quantity is None else -quantity, unit_price
    return quantity, -unit_price


def _signs_agree(net: Decimal, *factors: Decimal | None) -> bool:
    negative = sum(1 for factor in factors if factor is not None and factor < 0)
    return net == 0 or (negative % 2 == 1) == (net < 0)
