"""The accounting system's tax codes of the same rate, which are offered first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.reference.models import Record

MOST_RATES: Final = 12
MOST_TAX_CODES: Final = 1_000
SALE: Final = "sale"
Code = tuple[str, str]


@dataclass(frozen=True)
class OfRate:
    """One list of offers: its id on the page, and code and name of what is in it, those of the rate first."""

    id: str
    codes: Sequence[Code]


def offers_by_rate(connection: Connection, sources: Sequence[str], offered: Sequence[Code]) -> dict[str, OfRate]:
    """For each rate among the source's codes that a tax code over there has, too: what is `offered`, in another order.
    One query; rates that are no numbers, and those that nothing has, are not in it."""
    rates = {source: rate for source in sources if (rate := _number(source)) is not None}
    if not rates:
        return {}
    told = _told(connection)
    found: dict[str, OfRate] = {}
    for source, rate in list(rates.items())[:MOST_RATES]:
        first = [(code, name) for code, name, there, _ in told if there == rate]
        if first:
            found[source] = OfRate(f"known-codes-{len(found)}", [*first, *(one for one in offered if one not in first)])
    return found


def _told(connection: Connection) -> list[tuple[str, str, Decimal | None, bool]]:
    """Code, name, rate, and whether it is for purchases: those for sales go first."""
    rows = Record.objects.filter(connection=connection, kind=RecordKind.TAX, dimension="", is_active=True)
    rows = rows.exclude(code="").order_by("code")
    every = rows.values_list("code", "name", "details")[:MOST_TAX_CODES]
    told = [
        (code, name, _number(details.get("rate", "")), details.get("use", SALE) != SALE)
        for code, name, details in every
    ]
    return sorted(told, key=lambda one: one[3])


def _number(text: object) -> Decimal | None:
    try:
        found = Decimal(str(text).strip().removesuffix("%").strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
