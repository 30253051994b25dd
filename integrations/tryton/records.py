"""Tryton's suppliers, accounts, taxes and currencies as reference data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integrations.reference import Record, RecordKind
from integrations.tryton.words import amount, part, word

_PER_CENT: Final = 100


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a kind of record lives, what is read of it, and how that is told. `by_company`: each has its own."""

    model: str
    fields: tuple[str, ...]
    told: Callable[[Mapping[str, Any]], Record]
    domain: tuple[Any, ...] = ()
    by_company: bool = True

    def wanted(self, company: int) -> list[Any]:
        """The domain."""
        return [*self.domain, *([["company", "=", company]] if self.by_company else [])]


def _party(told: Mapping[str, Any]) -> Record:
    addresses = [one for one in told.get("addresses") or () if one.get("active")]
    return _record(
        RecordKind.SUPPLIER,
        told,
        code=word(told.get("code")),
        tax_number=word(part(told, "tax_identifier", "code")),
        email=word(told.get("email")),
        phone=word(told.get("phone")),
        address=", ".join(word(one.get("full_address")) for one in addresses[:1]).replace("\n", ", "),
        payment_terms=word(part(told, "supplier_payment_term", "name")),
    )


def _account(told: Mapping[str, Any]) -> Record:
    is_open = not told.get("closed")
    return _record(
        RecordKind.ACCOUNT, told, code=word(told.get("code")), is_open=is_open, type=word(part(told, "type", "name"))
    )


def _tax(told: Mapping[str, Any]) -> Record:
    rate, kind = amount(told.get("rate")), word(part(told, "group", "kind"))
    return _record(
        RecordKind.TAX,
        told,
        code=word(told.get("name")),
        name=word(told.get("description")),
        rate="" if rate is None else _plain(rate * _PER_CENT),
        use=kind if kind in ("purchase", "sale") else "",
    )


def _currency(told: Mapping[str, Any]) -> Record:
    return _record(RecordKind.CURRENCY, told, code=word(told.get("code")))


def _record(
    kind: RecordKind, told: Mapping[str, Any], *, code: str, name: str = "", is_open: bool = True, **details: str
) -> Record:
    return Record(
        kind=kind,
        code=code,
        name=name or word(told.get("name")) or code,
        external_id=str(told["id"]),
        is_active=bool(told.get("active")) and is_open,
        details={label: text for label, text in details.items() if text},
    )


def _plain(value: Decimal) -> str:
    """20 and 17.5, never 2E+1 or 20.00."""
    return format(value.normalize(), "f")


SHELVES: Final[Mapping[RecordKind, Shelf]] = {
    RecordKind.SUPPLIER: Shelf(
        "party.party",
        (
            "code", "name", "active", "tax_identifier.code", "email", "phone", "addresses.active",
            "addresses.full_address", "supplier_payment_term.name",
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
    RecordKind.CURRENCY: Shelf("currency.currency", ("code", "name", "active"), _currency, by_company=False),
}  # fmt: skip
