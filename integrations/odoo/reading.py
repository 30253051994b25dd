"""Reference data of Odoo: what is asked for, and how a row becomes a record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from integrations.content import plain
from integrations.odoo.client import Client, Row
from integrations.odoo.values import amount, label, record_id, text
from integrations.reference import Record, RecordKind

_STREET: Final = ("street", "street2", "city", "zip")
PLACE: Final = (*_STREET, "country_code", "phone")
_PARTNER: Final = (
    "name", "ref", "active", "vat", "email", "phone", *_STREET, "state_id", "country_id", "country_code",
    "property_purchase_currency_id", "property_supplier_payment_term_id",
)  # fmt: skip
TERM_LINES: Final = ("payment_id", "value", "value_amount", "delay_type", "nb_days")
_WHOLE: Final = 100
# A region is told with its country behind it: `Leeds (GB)`.
_COUNTRY_BEHIND: Final = re.compile(r" \([A-Z]{2}\)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What else was asked for: the net days of payment terms by id, and the partners of a page by id."""

    net_days: Mapping[int, int] = field(default_factory=dict)
    partners: Mapping[int, Row] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Where a kind of reference data stands.

    `is_optional`: the model comes with an app that may not be installed. `has_companies`: a row may belong to one
    company. `address`: the field that links to the partner who lives there.
    """

    model: str
    domain: Sequence[object]
    fields: Sequence[str]
    record: Callable[[Row, Beside], Record]
    is_optional: bool = False
    has_companies: bool = False
    address: str = ""

    def wanted(self, company: int) -> list[object]:
        """The domain. What names no company belongs to all of them."""
        return [*self.domain, *([["company_id", "in", [company, False]]] if self.has_companies else [])]


def net_days(lines: Sequence[Row]) -> dict[int, int]:
    """The days of those payment terms that ask for all of it so many days after the invoice, by their ids."""
    by_term: dict[int, list[Row]] = {}
    for line in lines:
        by_term.setdefault(record_id(line.get("payment_id")), []).append(line)
    return {term: days for term, (first, *rest) in by_term.items() if not rest and (days := _days(first)) is not None}


def _days(line: Row) -> int | None:
    is_net = line.get("value") == "percent" and amount(line.get("value_amount")) == _WHOLE
    days = amount(line.get("nb_days"))
    return int(days) if is_net and line.get("delay_type") == "days_after" and days is not None else None


def _supplier(row: Row, beside: Beside) -> Record:
    """Without rank and time of writing: Odoo changes both when a bill is posted."""
    region, country = label(row.get("state_id")), label(row.get("country_id"))
    parts = [text(row.get(name)) for name in _STREET] + [region, country]
    days = beside.net_days.get(record_id(row.get("property_supplier_payment_term_id")))
    details = {
        "tax_number": text(row.get("vat")),
        "email": text(row.get("email")),
        "currency": label(row.get("property_purchase_currency_id")),
        "address": ", ".join(filter(None, parts)),
        **_place(row),
        "region": _COUNTRY_BEHIND.sub("", region or ""),
        "country": country,
        "payment_terms": label(row.get("property_supplier_payment_term_id")),
        "payment_days": None if days is None else str(days),
    }
    return _record(RecordKind.SUPPLIER, row, text(row.get("ref")), details)


def _place(row: Row) -> dict[str, str | None]:
    return {
        "address_1": text(row.get("street")),
        "address_2": text(row.get("street2")),
        "city": text(row.get("city")),
        "postcode": text(row.get("zip")),
        "country_code": text(row.get("country_code")),
        "phone": text(row.get("phone")),
    }


def _account(row: Row, _: Beside) -> Record:
    return _record(RecordKind.ACCOUNT, row, text(row.get("code")), {"type": text(row.get("account_type"))})


def _tax(row: Row, _: Beside) -> Record:
    is_rate = row.get("amount_type") == "percent"
    details = {"rate": _number(amount(row.get("amount"))) if is_rate else None, "use": "purchase"}
    return _record(RecordKind.TAX, row, text(row.get("name")), details)


def _currency(row: Row, _: Beside) -> Record:
    """Odoo tells the rate 1 of a currency that has none; that of the company's own is 1 by nature."""
    code, is_base = text(row.get("name")), row.get("is_current_company_currency") is True
    is_known = is_base or bool(row.get("rate_ids"))
    details = {"rate": _number(amount(row.get("rate"))) if is_known else None, "is_base": "yes" if is_base else None}
    return _record(RecordKind.CURRENCY, {**row, "name": text(row.get("full_name")) or code}, code, details)


def _warehouse(row: Row, beside: Beside) -> Record:
    address = beside.partners.get(record_id(row.get("partner_id")), {})
    return _record(RecordKind.DELIVERY_SITE, row, text(row.get("code")), _place(address))


def _analytic(row: Row, _: Beside) -> Record:
    plan = label(row.get("plan_id")) or ""
    return _record(RecordKind.DIMENSION, row, text(row.get("code")), {}, dimension=plan)


def _record(
    kind: RecordKind, row: Row, code: str | None, details: Mapping[str, str | None], *, dimension: str = ""
) -> Record:
    return Record(
        kind=kind,
        code=code or "",
        name=text(row.get("name")) or "",
        external_id=str(row["id"]),
        is_active=row.get("active") is not False,
        dimension=dimension,
        details={name: kept for name, value in details.items() if (kept := (value or "").strip())},
    )


def _number(value: Decimal | None) -> str | None:
    return plain(value) or None


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
        model="res.currency",
        domain=[],
        fields=("name", "full_name", "active", "rate", "rate_ids", "is_current_company_currency"),
        record=_currency,
    ),
    RecordKind.DELIVERY_SITE: Listing(
        model="stock.warehouse",
        domain=[],
        fields=("name", "code", "active", "partner_id"),
        record=_warehouse,
        is_optional=True,
        has_companies=True,
        address="partner_id",
    ),
    RecordKind.DIMENSION: Listing(
        model="account.analytic.account",
        domain=[],
        fields=("name", "code", "active", "plan_id"),
        record=_analytic,
        has_companies=True,
    ),
}


def records(client: Client, kind: RecordKind) -> Iterator[Record]:
    """All of a kind, page by page; none where the app that brings it is not installed. Raises what a search raises."""
    listing = LISTINGS.get(kind)
    if listing is None or (listing.is_optional and not _is_installed(client, listing.model)):
        return
    terms = _terms(client) if kind is RecordKind.SUPPLIER else {}
    for page in client.pages(listing.model, listing.wanted(client.company_id), listing.fields):
        beside = Beside(net_days=terms, partners=_living_at(client, page, listing.address))
        yield from (listing.record(row, beside) for row in page)


def _is_installed(client: Client, model: str) -> bool:
    return bool(client.read("ir.model", [["model", "=", model]], ["model"]))


def _terms(client: Client) -> dict[int, int]:
    return net_days([line for page in client.pages("account.payment.term.line", [], TERM_LINES) for line in page])


def _living_at(client: Client, page: Sequence[Row], link: str) -> dict[int, Row]:
    ids = sorted({record_id(row.get(link)) for row in page} - {0}) if link else []
    return {row["id"]: row for row in client.read("res.partner", [["id", "in", ids]], PLACE)} if ids else {}
