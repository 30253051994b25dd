"""Coding: the `Analysis` entries of a header or a line, keyed by the name of their field.

Analysis fields and custom fields share one array, so what is neither account, tax nor currency is a dimension.
Where a layout puts a field on the header it stands for every line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from integrations.currencies import MINOR_UNITS
from integrations.documents import Dimension
from integrations.errors import Malformed
from integrations.icompleat.limits import LONGEST_CODE, LONGEST_NAME
from integrations.icompleat.reading import Node

ACCOUNT: Final = "accountcode"
TAX: Final = "taxcode"
CURRENCY: Final = "currencycode"
_CODING: Final = frozenset({ACCOUNT, TAX, CURRENCY})

# Several countries write their money with one sign: it means the company's own currency where that is among them, else
# the first.
_SYMBOLS: Final = {
    "£": ("GBP", "EGP", "FKP", "GIP", "SHP", "SSP"),
    "€": ("EUR",),
    "$": ("USD", "ARS", "AUD", "BBD", "BMD", "BSD", "CAD", "CLP", "COP", "FJD", "HKD", "JMD", "MXN", "NZD", "SGD"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One analysis value. `key` is the name as it is compared; `node` is where the code stands."""

    key: str
    name: str
    code: str
    label: str
    node: Node


def entries(owner: Node) -> tuple[Entry, ...]:
    """The analysis values of a header or a line; entries without a value are left out."""
    return tuple(entry for item in owner.member("Analysis").items() if (entry := _entry(item)) is not None)


def coding(key: str, *levels: Sequence[Entry]) -> str | None:
    """The account or tax code: the first level that has one wins. Raises `Malformed` for two codes on one level."""
    for level in levels:
        found = [entry for entry in level if entry.key == key]
        if found:
            _refuse_two(found)
            return found[0].code
    return None


def dimensions(level: Sequence[Entry]) -> tuple[Dimension, ...]:
    """Everything else, as it came."""
    return tuple(
        Dimension(name=entry.name, code=entry.code, label=entry.label) for entry in level if entry.key not in _CODING
    )


def currency_of(header: Node, levels: Iterable[Sequence[Entry]], base_currency: str) -> str:
    """The currency of a transaction: its Currency Code, else the sign before its total, else the company's own.

    Raises `Malformed` for a code that is no ISO 4217 currency, and for two different ones.
    """
    found = [entry for level in levels for entry in level if entry.key == CURRENCY]
    if not found:
        return _from_display(header, base_currency) or base_currency
    _refuse_two(found)
    code = found[0].code.upper()
    if code not in MINOR_UNITS:
        raise Malformed(f"The currency {found[0].code} is not an active ISO 4217 code.", field=found[0].node.path)
    return code


def told_currency(header: Node) -> str:
    """The currency that a transaction names beyond doubt, empty where it does not: `$` alone is many currencies."""
    codes = {entry.code.upper() for entry in entries(header) if entry.key == CURRENCY}
    if codes:
        return next((code for code in codes if code in MINOR_UNITS), "") if len(codes) == 1 else ""
    sign = _sign_of(header) or ""
    candidates = (sign,) if sign in MINOR_UNITS else _SYMBOLS.get(sign, ())
    return candidates[0] if len(candidates) == 1 else ""


def _entry(item: Node) -> Entry | None:
    name = item.member("Name").text(LONGEST_NAME)
    value = item.member("Value")
    node = value.member("Code") if value.holds_members else value
    label = value.member("Name").text(LONGEST_NAME) if value.holds_members else ""
    code = _scalar(node) or label
    if not code:
        return None
    if not name:
        item.member("Name").refuse("is missing, so nobody can tell what its value means")
    return Entry(_key(name), name, code, label, node)


@lru_cache(maxsize=512)
def _key(name: str) -> str:
    """`Account Code` and `AccountCode` are one field."""
    return "".join(name.split()).casefold()


def _scalar(node: Node) -> str:
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return node.text(LONGEST_CODE)


def _refuse_two(found: Sequence[Entry]) -> None:
    for entry in found[1:]:
        if entry.code.casefold() != found[0].code.casefold():
            raise Malformed(f"{entry.name} is both {found[0].code} and {entry.code}.", field=entry.node.path)


def _from_display(header: Node, base_currency: str) -> str | None:
    sign = _sign_of(header)
    return None if sign is None else _from_sign(sign, base_currency)


def _sign_of(header: Node) -> str | None:
    """`Display` reads £4000.00: a sign, no separators. Some cultures put a code there instead."""
    for name in ("Gross", "Net"):
        amount = header.member(name)
        local = amount.member("Local") if amount.holds_members else Node(None)
        shown = local.member("Display").value if local.holds_members else None
        if isinstance(shown, str):
            return re.sub(r"[\d\s.,+-]", "", shown)
    return None


def _from_sign(sign: str, base_currency: str) -> str | None:
    if sign in MINOR_UNITS:
        return sign
    candidates = _SYMBOLS.get(sign, ())
    return base_currency if base_currency in candidates else next(iter(candidates), None)
