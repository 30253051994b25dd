"""Negative lines, such as a discount, spread over the positive ones of the same tax rate: pure functions.

The vendor's guide to its Xero integration offers the same (README). AccountsIQ takes no negative line in a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from integrations.documents import Line

_ZERO: Final = Decimal(0)


def merged(lines: Sequence[Line], unit: Decimal) -> tuple[Line, ...]:
    """The lines without negative ones, as far as that can be; no sum changes, neither of a rate nor of all.

    `unit` is the currency's smallest coin. Lines without a known rate stay as they are; so does a whole rate whose
    negative lines outweigh the positive ones, since nothing could carry them. Numbers are given anew from one.
    """
    by_rate: dict[str, list[int]] = {}
    for place, line in enumerate(lines):
        if line.tax_code is not None:
            by_rate.setdefault(line.tax_code, []).append(place)
    result: dict[int, Line | None] = dict(enumerate(lines))
    for places in by_rate.values():
        result.update(zip(places, _group([lines[place] for place in places], unit), strict=True))
    kept = [line for line in result.values() if line is not None]
    return tuple(replace(line, number=number) for number, line in enumerate(kept, start=1))


def _group(lines: Sequence[Line], unit: Decimal) -> Sequence[Line | None]:
    """The lines of one rate; None for a line that the others carry now."""
    gone = [_is_negative(line) for line in lines]
    carriers = [line for line in lines if not _is_negative(line)]
    if not any(gone) or not carriers or _sum(lines, _net) < 0 or _sum(lines, _tax) < 0:
        return lines
    nets, taxes = (_spread([read(line) for line in carriers], _sum(lines, read), unit) for read in (_net, _tax))
    rest = iter(
        replace(line, net=net, tax=tax, gross=net + tax) for line, net, tax in zip(carriers, nets, taxes, strict=True)
    )
    return [None if is_gone else next(rest) for is_gone in gone]


def _is_negative(line: Line) -> bool:
    return line.net < 0 or line.tax < 0


def _spread(parts: Sequence[Decimal], total: Decimal, unit: Decimal) -> list[Decimal]:
    """`total` in the proportions of `parts`, which are not negative and sum to no less; the last takes the rounding.

    What is taken off is rounded as it adds up, not line by line: so no part loses more than it has, and at the last
    one all of it is taken.
    """
    whole = sum(parts, _ZERO)
    if not whole:
        return [*parts[:-1], total]
    step = min(unit, *(_last_digit(part) for part in (*parts, total)))
    left, passed, taken = [], _ZERO, _ZERO
    for part in parts:
        passed += part
        so_far = _rounded((whole - total) * passed / whole, step)
        left.append(part - (so_far - taken))
        taken = so_far
    return left


def _last_digit(amount: Decimal) -> Decimal:
    """The value of one in its last decimal: 0.001 for 12.345."""
    exponent = amount.as_tuple().exponent
    return Decimal(1).scaleb(min(exponent, 0) if isinstance(exponent, int) else 0)


def _rounded(amount: Decimal, step: Decimal) -> Decimal:
    return (amount / step).to_integral_value(rounding=ROUND_HALF_UP) * step


def _net(line: Line) -> Decimal:
    return line.net


def _tax(line: Line) -> Decimal:
    return line.tax


def _sum(lines: Sequence[Line], read: Callable[[Line], Decimal]) -> Decimal:
    return sum((read(line) for line in lines), _ZERO)
