"""Single values on their way to Codat and back: texts, amounts, days, rates."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

ONE: Final = Decimal(1)
ZERO: Final = Decimal(0)
# Codat takes rates of at most nine decimals.
_RATE: Final = Decimal("0.000000001")
# ISO 4217 for no currency, and what Codat writes where it knows none.
_NO_CURRENCY: Final = "XXX"


def words(text: str, most: int | None = None) -> str:
    """A text on one line, without control characters, cut to `most` characters."""
    visible = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(visible.split())[:most].rstrip()


def text(value: object) -> str:
    """A text without blanks around it; anything else is none."""
    return value.strip() if isinstance(value, str) else ""


def amount(value: object) -> Decimal | None:
    """An amount as a number of the JSON; anything else is none."""
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def moment(day: dt.date) -> str:
    """A day as the beginning of it, without a zone."""
    return f"{day.isoformat()}T00:00:00"


def day(value: object) -> dt.date | None:
    """The day of a date or an instant as Codat writes it, in whatever zone that was; None for what is none."""
    try:
        return dt.date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def currency(value: object) -> str | None:
    """A currency code; the one for an unknown currency is none."""
    code = text(value).upper()
    return code if code and code != _NO_CURRENCY else None


def rate(foreign: Decimal, base: Decimal) -> Decimal | None:
    """Units of the base currency for one of the foreign one, which is what every example of the vendor multiplies by
    (its prose says the opposite). None where nothing can be divided."""
    if not foreign or not base:
        return None
    with localcontext() as context:
        context.prec = 40
        return (base / foreign).quantize(_RATE, ROUND_HALF_UP).normalize() + ZERO


def plain(value: Decimal) -> str:
    """A number as people write it: no exponent, no zeros at the end."""
    return format(value.normalize() + ZERO, "f")
