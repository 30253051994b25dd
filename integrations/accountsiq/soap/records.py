"""AccountsIQ's suppliers, chart of accounts, tax codes, currencies, departments and dimensions as reference data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Context, Decimal
from typing import Final

from integrations.accountsiq.settings import FOREIGN
from integrations.accountsiq.soap.answers import Told
from integrations.accountsiq.soap.client import Client
from integrations.content import plain
from integrations.reference import Record, RecordKind

DEPARTMENT: Final = "Department"
"""What the departments of the interface, the BI codes of the screens, are called as a dimension."""
_COUNTRY: Final = re.compile("[A-Z]{2}")
_CURRENCY: Final = re.compile("[A-Z]{3}")
# What is divided has to end somewhere, and before the digits that the system itself rounded.
_RATE_DIGITS: Final = Context(prec=10)
_PER_CENT: Final = 100
# Accounts that the system itself posts to; documents are refused there.
_NOT_FOR_DOCUMENTS: Final = frozenset({"control"})
_MOST_DAYS: Final = 999


def records(client: Client, kind: RecordKind, *, rate_counts: str = FOREIGN) -> Iterator[Record]:
    """All of a kind, inactive ones too. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
    if kind is RecordKind.CURRENCY:
        return _currencies(client, rate_counts)
    return _READERS[kind](client) if kind in _READERS else iter(())


def tax_fraction(told: Told) -> Decimal | None:
    """The rate of a tax code as a fraction of 1. Whether AccountsIQ tells 20 or 0.2 is not documented: above 1 it is
    per cent (inferred)."""
    rate = told.amount("Rate")
    return rate / _PER_CENT if rate is not None and rate > 1 else rate


def _suppliers(client: Client) -> Iterator[Record]:
    terms = {one.text("Code"): one for one in client.rows("GetCreditTermList", "CreditTerm")}
    for one in client.rows("GetSupplierList", "Supplier"):
        term = terms.get(one.text("CreditTermID"))
        places = [one.text(name) for name in ("Address1", "Address2", "City", "County_State", "PostCode", "Country")]
        details = {
            "tax_number": one.text("VATRegistrationNumber"),
            "email": one.text("Email"),
            "phone": one.text("Phone"),
            "currency": _shaped(_CURRENCY, one.text("CurrencyCode")),
            "address": ", ".join(filter(None, places)),
            "address_1": places[0],
            "address_2": places[1],
            "city": places[2],
            "region": places[3],
            "postcode": places[4],
            "country": places[5],
            "country_code": _shaped(_COUNTRY, one.text("CountryCode")),
            "payment_terms": term.text("Description") if term else "",
            "payment_days": _net_days(term),
            "bank_account": one.text("InternationalBankAccountNumber"),
            "bank_sort_code": one.text("BankSortCode"),
            "default_account": one.text("DefaultGLAccountCode"),
            "default_tax": one.text("DefaultTaxCode"),
            "default_department": one.text("DepartmentID"),
        }
        yield _record(
            RecordKind.SUPPLIER, one, "Code", "Name", details, id_name="AccountID", is_active=one.flag("IsActive")
        )


def _accounts(client: Client) -> Iterator[Record]:
    for one in client.rows("GetChartOfAccounts", "WSChartOfAccountLine"):
        if one.text("AccountType").lower() not in _NOT_FOR_DOCUMENTS:
            details = {"type": one.text("AccountType")}
            yield _record(RecordKind.ACCOUNT, one, "Code", "Description", details, is_active=one.flag("IsActive"))


def _taxes(client: Client) -> Iterator[Record]:
    for one in client.rows("GetTaxCodeList", "Tax"):
        fraction = tax_fraction(one)
        details = {"rate": "" if fraction is None else plain(fraction * _PER_CENT)}
        yield _record(RecordKind.TAX, one, "Code", "Description", details, id_name="ID")


def _currencies(client: Client, rate_counts: str) -> Iterator[Record]:
    for one in client.rows("GetCurrencies", "WSCurrency"):
        is_base = one.flag("IsBaseCurrency")
        rate = Decimal(1) if is_base else foreign_units(one.amount("ExchangeRate"), rate_counts)
        details = {"rate": plain(rate), "is_base": "yes" if is_base else ""}
        yield _record(RecordKind.CURRENCY, one, "CurrencyCode", "Description", details, id_name="CurrencyID")


def foreign_units(rate: Decimal | None, rate_counts: str) -> Decimal | None:
    """A rate of AccountsIQ as units of the currency for one of the base currency."""
    if rate is None or rate <= 0:
        return None
    return rate if rate_counts == FOREIGN else _RATE_DIGITS.divide(Decimal(1), rate)


def _dimensions(client: Client) -> Iterator[Record]:
    """Departments, which documents name; then the analysis codes that departments are combined of."""
    for one in client.rows("GetDepartmentList", "Department"):
        yield _record(
            RecordKind.DIMENSION, one, "DepartmentID", "Description", {}, dimension=DEPARTMENT,
            is_active=one.flag("IsActive"),
        )  # fmt: skip
    for each in client.rows("GetAnalysisDimensionSetup", "WSAnalysisDimension"):
        yield from _analysis_codes(each)


def _analysis_codes(told: Told) -> Iterator[Record]:
    own = told.text("Code")
    name = told.text("Description") or own or "Analysis"
    # Two lists of one name would be one list at the source.
    name = f"{name} (analysis)" if name.lower() == DEPARTMENT.lower() else name
    codes = told.part("DimensionCodes")
    for one in codes.parts("WSAnalysisDimensionCode") if codes else ():
        found = _record(RecordKind.DIMENSION, one, "Code", "Description", {}, dimension=name)
        yield Record(
            kind=found.kind, code=found.code, name=found.name, dimension=name,
            external_id=f"analysis:{own}:{found.code}",
        )  # fmt: skip


def _record(
    kind: RecordKind,
    told: Told,
    code_name: str,
    name_name: str,
    details: Mapping[str, str],
    *,
    id_name: str = "",
    is_active: bool = True,
    dimension: str = "",
) -> Record:
    code = told.text(code_name)
    return Record(
        kind=kind,
        code=code,
        name=told.text(name_name) or code,
        external_id=told.text(id_name) or code,
        is_active=is_active,
        dimension=dimension,
        details={label: text for label, text in details.items() if text},
    )


def _net_days(term: Told | None) -> str:
    """Of a term that counts from the end of the month there are no net days."""
    days = term.number("CreditDays") if term and not term.flag("EndOfMonth") else None
    return str(days) if days is not None and 0 <= days <= _MOST_DAYS else ""


def _shaped(shape: re.Pattern[str], text: str) -> str:
    return text if shape.fullmatch(text) else ""


_READERS: Final[Mapping[RecordKind, Callable[[Client], Iterator[Record]]]] = {
    RecordKind.SUPPLIER: _suppliers,
    RecordKind.ACCOUNT: _accounts,
    RecordKind.TAX: _taxes,
    RecordKind.DIMENSION: _dimensions,
}
READS: Final = frozenset({*_READERS, RecordKind.CURRENCY})
"""What can be read. Delivery sites have no list of their own in this interface."""
