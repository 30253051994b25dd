"""Tryton's suppliers, accounts, taxes, currencies, warehouses and analytic accounts as reference data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Final

from integrations.content import plain
from integrations.reference import Record, RecordKind
from integrations.tryton.words import amount, part, word

_PER_CENT: Final = 100
# What is divided has to end somewhere.
_RATE_DIGITS: Final = Context(prec=12)
_DAYS_OF: Final = {"days": 1, "weeks": 7}
_NOT_NET: Final = ("months", "day", "month", "weekday")

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a kind of record lives, what is read of it, and how that is told beside what is read of the company.

    `by_company`: each company has its own. `is_optional`: the model comes with a module that may not be active.
    """

    model: str
    fields: tuple[str, ...]
    told: Callable[[Told, Told], Record]
    domain: tuple[Any, ...] = ()
    by_company: bool = True
    is_optional: bool = False
    company_fields: tuple[str, ...] = ()

    def wanted(self, company: int) -> list[Any]:
        """The domain."""
        return [*self.domain, *([["company", "=", company]] if self.by_company else [])]


def _party(told: Told, _: Told) -> Record:
    addresses = [one for one in told.get("addresses") or () if one.get("active")]
    first = addresses[0] if addresses else {}
    details = {
        "tax_number": word(part(told, "tax_identifier", "code")),
        "email": word(told.get("email")),
        "phone": word(told.get("phone")),
        "currency": word(part(told, "supplier_currency", "code")),
        "address": ", ".join(_lines(first.get("full_address"))),
        "payment_terms": word(part(told, "supplier_payment_term", "name")),
        "payment_days": _net_days(part(told, "supplier_payment_term", "lines")),
        "region": word(part(first, "subdivision", "name")),
    }
    return _record(RecordKind.SUPPLIER, told, word(told.get("code")), {**details, **_place(first)})


def _place(address: Told) -> dict[str, str]:
    first, *more = _lines(address.get("street")) or [""]
    return {
        "address_1": first,
        "address_2": ", ".join(more),
        "city": word(address.get("city")),
        "postcode": word(address.get("postal_code")),
        "country_code": word(part(address, "country", "code")),
    }


def _lines(text: object) -> list[str]:
    return [line.strip() for line in word(text).splitlines() if line.strip()]


def _net_days(lines: object) -> str:
    """The days of a term that asks for all of it so many days after the invoice; empty for any other term."""
    if not isinstance(lines, list) or len(lines) != 1 or lines[0].get("type") != "remainder":
        return ""
    deltas = lines[0].get("relativedeltas") or []
    if any(delta.get(name) for delta in deltas for name in _NOT_NET):
        return ""
    return str(sum((delta.get(name) or 0) * days for delta in deltas for name, days in _DAYS_OF.items()))


def _account(told: Told, _: Told) -> Record:
    details = {"type": word(part(told, "type", "name"))}
    return _record(RecordKind.ACCOUNT, told, word(told.get("code")), details, is_open=not told.get("closed"))


def _tax(told: Told, _: Told) -> Record:
    rate, kind = amount(told.get("rate")), word(part(told, "group", "kind"))
    details = {
        "rate": "" if rate is None else plain(rate * _PER_CENT),
        "use": kind if kind in ("purchase", "sale") else "",
    }
    return _record(RecordKind.TAX, told, word(told.get("name")), details, name=word(told.get("description")))


def _currency(told: Told, company: Told) -> Record:
    """Tryton's rates are units to one of whatever currency has the rate 1, which need not be the company's."""
    own, rate = amount(part(company, "currency", "rate")), amount(told.get("rate"))
    is_base = told["id"] == part(company, "currency", "id")
    ratio = Decimal(1) if is_base else _RATE_DIGITS.divide(rate, own) if rate and own else None
    details = {"rate": plain(ratio), "is_base": "yes" if is_base else ""}
    return _record(RecordKind.CURRENCY, told, word(told.get("code")), details)


def _warehouse(told: Told, _: Told) -> Record:
    return _record(RecordKind.DELIVERY_SITE, told, word(told.get("code")), _place(told.get("address") or {}))


def _analytic(told: Told, _: Told) -> Record:
    is_open, dimension = bool(part(told, "root", "active")), word(part(told, "root", "name"))
    return _record(RecordKind.DIMENSION, told, word(told.get("code")), {}, is_open=is_open, dimension=dimension)


def _record(
    kind: RecordKind,
    told: Told,
    code: str,
    details: Mapping[str, str],
    *,
    name: str = "",
    is_open: bool = True,
    dimension: str = "",
) -> Record:
    return Record(
        kind=kind,
        code=code,
        name=name or word(told.get("name")) or code,
        external_id=str(told["id"]),
        is_active=bool(told.get("active")) and is_open,
        dimension=dimension,
        details={label: kept for label, text in details.items() if (kept := text.strip())},
    )


_PLACE: Final = ("street", "city", "postal_code", "country.code")

SHELVES: Final[Mapping[RecordKind, Shelf]] = {
    RecordKind.SUPPLIER: Shelf(
        "party.party",
        (
            "code", "name", "active", "tax_identifier.code", "email", "phone", "supplier_currency.code",
            "addresses.active", "addresses.full_address", *(f"addresses.{name}" for name in _PLACE),
            "addresses.subdivision.name", "supplier_payment_term.name", "supplier_payment_term.lines.type",
            *(f"supplier_payment_term.lines.relativedeltas.{name}" for name in (*_DAYS_OF, *_NOT_NET)),
        ),
        _party,
        by_company=False,
    ),
    RecordKind.ACCOUNT: Shelf(
        "account.account",
        ("code", "name", "active", "closed", "type.name"),
        _account,
        # What has no type takes no postings; a heading that has one is closed.
        domain=(["type", "!=", None],),
    ),
    RecordKind.TAX: Shelf(
        "account.tax",
        ("name", "description", "active", "rate", "group.kind"),
        _tax,
        # The parts of a tax are named by nobody.
        domain=(["parent", "=", None],),
    ),
    RecordKind.CURRENCY: Shelf(
        "currency.currency",
        ("code", "name", "active", "rate"),
        _currency,
        by_company=False,
        company_fields=("currency.rate",),
    ),
    RecordKind.DELIVERY_SITE: Shelf(
        "stock.location",
        ("code", "name", "active", *(f"address.{name}" for name in _PLACE)),
        _warehouse,
        domain=(["type", "=", "warehouse"],),
        by_company=False,
    ),
    RecordKind.DIMENSION: Shelf(
        "analytic_account.account",
        ("code", "name", "active", "root.name", "root.active"),
        _analytic,
        domain=(["type", "=", "normal"],),
        is_optional=True,
    ),
}  # fmt: skip
