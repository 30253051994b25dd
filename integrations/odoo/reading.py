"""Reference data of Odoo: what is asked for, and how a row becomes a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from integrations.odoo.client import Row
from integrations.odoo.values import amount, label, text
from integrations.reference import Record, RecordKind

_STREET: Final = ("street", "street2", "city", "zip")
_PARTNER: Final = (
    "name", "ref", "active", "vat", "email", "phone", *_STREET, "state_id", "country_id",
    "property_purchase_currency_id", "property_supplier_payment_term_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Where a kind of reference data stands. `of_company` is the field that may name a company."""

    model: str
    domain: Sequence[object]
    fields: Sequence[str]
    record: Callable[[Row], Record]


def _supplier(row: Row) -> Record:
    """Without rank and time of writing: Odoo changes both when a bill is posted."""
    parts = [text(row.get(name)) for name in _STREET] + [label(row.get("state_id")), label(row.get("country_id"))]
    details = {
        "tax_number": text(row.get("vat")),
        "email": text(row.get("email")),
        "phone": text(row.get("phone")),
        "currency": label(row.get("property_purchase_currency_id")),
        "address": ", ".join(filter(None, parts)),
        "payment_terms": label(row.get("property_supplier_payment_term_id")),
    }
    return _record(RecordKind.SUPPLIER, row, text(row.get("ref")), details)


def _account(row: Row) -> Record:
    return _record(RecordKind.ACCOUNT, row, text(row.get("code")), {"type": text(row.get("account_type"))})


def _tax(row: Row) -> Record:
    is_rate = row.get("amount_type") == "percent"
    details = {"rate": _percent(amount(row.get("amount"))) if is_rate else None, "use": "purchase"}
    return _record(RecordKind.TAX, row, text(row.get("name")), details)


def _currency(row: Row) -> Record:
    code = text(row.get("name"))
    return _record(RecordKind.CURRENCY, {**row, "name": text(row.get("full_name")) or code}, code, {})


def _record(kind: RecordKind, row: Row, code: str | None, details: Mapping[str, str | None]) -> Record:
    return Record(
        kind=kind,
        code=code or "",
        name=text(row.get("name")) or "",
        external_id=str(row["id"]),
        is_active=row.get("active") is not False,
        details={name: value for name, value in details.items() if value},
    )


def _percent(value: Decimal | None) -> str | None:
    return None if value is None else format(value.normalize(), "f")


LISTINGS: Final[Mapping[RecordKind, Listing]] = {
    RecordKind.SUPPLIER: Listing(
        model="res.partner", domain=[["supplier_rank", ">", 0]], fields=_PARTNER, record=_supplier
    ),
    RecordKind.ACCOUNT: Listing(
        model="account.account",
        domain=[["code", "!=", False]],
        fields=("code", "name", "account_type", "active"),
        record=_account,
    ),
    RecordKind.TAX: Listing(
        model="account.tax",
        domain=[["type_tax_use", "=", "purchase"]],
        fields=("name", "amount", "amount_type", "active"),
        record=_tax,
    ),
    RecordKind.CURRENCY: Listing(
        model="res.currency", domain=[], fields=("name", "full_name", "active"), record=_currency
    ),
}
