"""One row of a tray: what people and scripts see of a transaction at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.documents import Kind
from integrations.icompleat.standin.codes import CURRENCY, plain
from integrations.icompleat.standin.kinds import Tray
from integrations.icompleat.standin.transactions import Held


@dataclass(frozen=True, slots=True)
class Summary:
    """One row of a tray. `gross` is in `currency`; `status` and `milliseconds` are of the last delivery."""

    id: str
    company_id: str
    kind: Kind
    number: str
    supplier: str
    gross: Decimal
    currency: str
    tray: Tray
    journal_number: str
    reason: str
    status: int | None
    milliseconds: int | None

    @property
    def amount(self) -> str:
        """The gross amount as people read it, with a true minus."""
        sign = "\N{MINUS SIGN}" if self.gross < 0 else ""
        return f"{sign}{abs(self.gross):,.2f} {self.currency}"

    def as_json(self) -> dict[str, Any]:
        """For the control interface."""
        return {name: getattr(self, name) for name in self.__slots__}


def summary(held: Held, base_currency: str) -> Summary:
    """The row of a transaction."""
    return Summary(
        id=held.id,
        company_id=held.company_id,
        kind=held.kind,
        number=held.body["References"]["Identifier"],
        supplier=held.body["Supplier"]["Name"],
        gross=gross_of(held.body),
        currency=currency_of(held.body) or base_currency,
        tray=held.tray,
        journal_number=held.journal_number,
        reason=held.reason,
        status=held.status,
        milliseconds=held.milliseconds,
    )


def gross_of(body: Mapping[str, Any]) -> Decimal:
    """The gross total, told or summed up."""
    amounts = [body] if "Gross" in body else body["Lines"]
    return sum((Decimal(amount["Gross"]["Local"]["Value"]) for amount in amounts), Decimal(0))


def currency_of(body: Mapping[str, Any]) -> str | None:
    """The currency that the coding names."""
    codes = (entry["Value"]["Code"] for entry in body.get("Analysis", ()) if plain(entry["Name"]) == CURRENCY)
    return next(codes, None)
