"""Rows of Demo Books as reference data. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from integrations.content import plain
from integrations.reference import Record, RecordKind

Row = Mapping[str, Any]


class Shelf(NamedTuple):
    """Where a kind is listed, and what a row tells of it: names of ours, and theirs."""

    resource: str
    details: Mapping[str, str]


_PLACE: Final = {
    "address_1": "address_1",
    "address_2": "address_2",
    "city": "town",
    "postcode": "postcode",
    "country_code": "country",
    "phone": "phone",
}
SHELVES: Final[Mapping[RecordKind, Shelf]] = {
    RecordKind.SUPPLIER: Shelf(
        "suppliers",
        {
            **_PLACE,
            "region": "county",
            "tax_number": "vat_number",
            "email": "email",
            "currency": "currency",
            "payment_days": "payment_days",
            "bank_name": "bank_name",
            "bank_account": "account_number",
            "bank_sort_code": "sort_code",
            "default_account": "default_account",
            "default_tax": "default_tax_code",
        },
    ),
    RecordKind.ACCOUNT: Shelf("accounts", {"type": "type"}),
    RecordKind.TAX: Shelf("tax-codes", {"rate": "rate"}),
    RecordKind.CURRENCY: Shelf("currencies", {"rate": "rate", "is_base": "is_base"}),
    RecordKind.DELIVERY_SITE: Shelf("delivery-sites", _PLACE),
    RecordKind.DIMENSION: Shelf("dimensions", {}),
}


def told(kind: RecordKind) -> Callable[[Row], Record]:
    """How rows of a kind become records. A row's id is known to be there; what cannot be read counts as not told."""
    ours = {theirs: name for name, theirs in SHELVES[kind].details.items()}

    def record(row: Row) -> Record:
        return Record(
            kind=kind,
            code=_word(row.get("code")),
            name=_word(row.get("name")),
            external_id=row["id"],
            is_active=row.get("active") is not False,
            dimension=_word(row.get("dimension")),
            details={ours[theirs]: text for theirs, value in row.items() if theirs in ours and (text := _word(value))},
        )

    return record


def _word(value: object) -> str:
    """A value as the text of a detail; empty for what is none."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "yes" if value else ""
    return plain(Decimal(value)) if isinstance(value, int | Decimal) else ""
