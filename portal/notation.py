"""How amounts, quantities and times are written on pages and in files."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.currencies import MINOR_UNITS

DASH = "\N{EN DASH}"
TRUE_MINUS = "\N{MINUS SIGN}"


def amount_text(amount: Decimal, currency: str) -> str:
    """An amount with thousands separators, a true minus and the currency's decimals: `1,234.50`.

    Nothing is rounded away: an amount with more decimals than its currency is counted in shows all of them. A currency
    that we do not know is shown with two.
    """
    return _with_true_minus(f"{amount:,.{_decimals(amount, currency)}f}")


def bare_amount(amount: Decimal, currency: str) -> str:
    """The same for machines, without separators and with a hyphen for the minus: `1234.50`."""
    return f"{amount:.{_decimals(amount, currency)}f}"


def quantity_text(quantity: Decimal) -> str:
    """A quantity without trailing zeros: `30`, `1.5`."""
    return _with_true_minus(f"{quantity:,.{_decimals_used(quantity)}f}")


def day_text(day: date) -> str:
    """A business date: `5 Nov 2026`."""
    return f"{day.day} {day:%b %Y}"


def moment_text(at: datetime, zone: str) -> str:
    """An instant on the clock of `zone`: `20 Nov 2026 14:03`."""
    local = at.astimezone(zone_of(zone))
    return f"{day_text(local)} {local:%H:%M}"


def moment_in_full(at: datetime, zone: str) -> str:
    """The same to the second and with its zone, for the hover: `20 Nov 2026 14:03:22 GMT (Europe/London)`."""
    local = at.astimezone(zone_of(zone))
    return f"{day_text(local)} {local:%H:%M:%S %Z} ({zone_of(zone).key})"


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name; UTC where the name means nothing, for a page must not fail over a setting."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _decimals(amount: Decimal, currency: str) -> int:
    return max(MINOR_UNITS.get(currency, 2), _decimals_used(amount))


def _decimals_used(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _with_true_minus(text: str) -> str:
    return text.replace("-", TRUE_MINUS)
