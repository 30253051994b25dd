"""Amounts as iCompleat writes them: `{"Base": {"Display", "Value"}, "Local": {"Display", "Value"}}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

_SIGNS: Final = {"GBP": "£", "EUR": "€", "USD": "$"}
_CENT: Final = Decimal("0.01")
AMOUNTS: Final = ("Net", "Vat", "Gross")


@dataclass(frozen=True, slots=True)
class Currencies:
    """The transaction's currency, the company's own, and how many units of the first are one of the second."""

    local: str
    base: str
    rate: Decimal = Decimal(1)

    def amount(self, value: Decimal, base_value: Decimal | None = None) -> dict[str, Any]:
        """An amount in both currencies; the base is reckoned by the rate unless it is given."""
        base = rounded(value / self.rate) if base_value is None else base_value
        return {"Base": _shown(base, self.base), "Local": _shown(value, self.local)}


def rounded(value: Decimal) -> Decimal:
    """To two decimals, a half away from zero."""
    return value.quantize(_CENT, ROUND_HALF_UP)


def local(amount: Mapping[str, Any]) -> Decimal:
    """The value in the transaction's currency."""
    return Decimal(amount["Local"]["Value"])


def base(amount: Mapping[str, Any]) -> Decimal:
    """The value in the company's currency; where none is told, the one in the transaction's."""
    return Decimal(amount.get("Base", amount["Local"])["Value"])


def totals(lines: list[dict[str, Any]], currencies: Currencies) -> dict[str, Any]:
    """Net, Vat and Gross of a header: the sums of the lines, in both currencies."""
    return {
        name: currencies.amount(
            sum((local(line[name]) for line in lines), Decimal(0)),
            sum((base(line[name]) for line in lines), Decimal(0)),
        )
        for name in AMOUNTS
    }


def negated(value: Any) -> Any:
    """The same amounts with the other sign, wherever they stand in a body; quantities stay."""
    if isinstance(value, list):
        return [negated(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "Value" in value and isinstance(value["Value"], int | Decimal):
        return {**value, "Value": -value["Value"], **_other_sign(value)}
    return {name: negated(member) for name, member in value.items()}


def _other_sign(amount: Mapping[str, Any]) -> dict[str, str]:
    if "Display" not in amount or not amount["Value"]:
        return {}
    shown = amount["Display"]
    return {"Display": shown.removeprefix("-") if shown.startswith("-") else f"-{shown}"}


def _shown(value: Decimal, currency: str) -> dict[str, Any]:
    sign = _SIGNS.get(currency, f"{currency} ")
    return {"Display": f"{'-' if value < 0 else ''}{sign}{abs(value):.2f}", "Value": value}
