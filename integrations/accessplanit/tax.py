"""Which rate a line has, by what it says of net and tax: the money is the source's, the rate is only a name for it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from integrations.content import plain


def rate_of(net: Decimal, tax: Decimal, stated: Decimal | None, usual: Sequence[Decimal], unit: Decimal) -> str | None:
    """The rate in per cent as plain text ("20", "0", "17.5"), None where none fits.

    `stated` is the invoice's own, which goes first; `usual` are tried in their order. A rate fits where the tax that it
    gives is at most two smallest coins (`unit`) away. None is no failure: what to book such a line by is a mapping's
    business, and its amounts stay as they came.
    """
    if not tax:
        return _untaxed(net, stated, unit)
    candidates = (*(() if stated is None else (stated,)), *usual)
    fitting = (rate for rate in candidates if rate and abs(net * rate / 100 - tax) <= 2 * unit)
    found = next(fitting, None)
    return None if found is None else plain(found)


def _untaxed(net: Decimal, stated: Decimal | None, unit: Decimal) -> str:
    """Zero, unless the invoice's rate gives nothing of so little."""
    if stated is not None and abs(net * stated / 100) < unit / 2:
        return plain(stated)
    return "0"
