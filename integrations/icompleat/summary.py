"""What the stand-in shows of a transaction. It reads the body with its own eyes, not with those of the connector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integrations.documents import Kind
from integrations.icompleat.trays import Held, Sent, Tray

KINDS: Final = (Kind.PURCHASE_ORDER, Kind.INVOICE, Kind.CREDIT_NOTE, Kind.RECEIPT)


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
        """The gross amount as people read it."""
        return f"{self.gross:,.2f} {self.currency}"

    def as_json(self) -> dict[str, Any]:
        """For the control interface."""
        return {name: getattr(self, name) for name in self.__slots__}


def summary(held: Held, deliveries: list[Sent], base_currency: str) -> Summary:
    """The row of a transaction."""
    last = deliveries[-1] if deliveries else None
    return Summary(
        id=held.id,
        company_id=held.company_id,
        kind=held.kind,
        number=held.body["References"]["Identifier"],
        supplier=held.body["Supplier"]["Name"],
        gross=_gross(held.body),
        currency=_currency(held.body) or base_currency,
        tray=held.tray,
        journal_number=held.journal_number,
        reason=held.reason,
        status=last.status if last else None,
        milliseconds=last.milliseconds if last else None,
    )


def _gross(body: Mapping[str, Any]) -> Decimal:
    amounts = [body] if "Gross" in body else body["Lines"]
    return sum((Decimal(amount["Gross"]["Local"]["Value"]) for amount in amounts), Decimal(0))


def _currency(body: Mapping[str, Any]) -> str | None:
    codes = (entry["Value"]["Code"] for entry in body.get("Analysis", ()) if entry["Name"] == "Currency Code")
    return next(codes, None)
