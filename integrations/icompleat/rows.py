"""From our records of reference data to iCompleat's rows: pure functions, one table for each kind.

Members and their names were seen in the vendor's reference; what was not is said in the README beside this file.
Suppliers carry every text, empty or not, so that a single edit clears what is gone; the others leave out what is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from integrations.content import plain
from integrations.errors import Rejected
from integrations.reference import Record, RecordKind, Row

Body = dict[str, Any]

_SUPPLIER_TEXTS: Final = (
    ("AddressLine1", "address_1"),
    ("AddressLine2", "address_2"),
    ("TownOrCity", "city"),
    ("StateOrCounty", "region"),
    ("PostcodeOrZip", "postcode"),
    ("Country", "country"),
    ("IsoCode", "country_code"),
    ("Telephone", "phone"),
    ("Email", "email"),
    ("BankName", "bank_name"),
    ("BankAccountNumber", "bank_account"),
    ("BankSortCode", "bank_sort_code"),
)
_ADDRESS_PARTS: Final = ("address_1", "address_2", "city", "region", "postcode", "country")
_SITE_TEXTS: Final = (
    ("Address1", "address_1"),
    ("Address2", "address_2"),
    ("TownOrCity", "city"),
    ("Postcode", "postcode"),
    ("Telephone", "phone"),
    ("Country", "country"),
    ("IsoCode", "country_code"),
)
# What a supplier's default is called among our details, and under which name the connection words it.
_DEFAULTS: Final = (
    ("default_account", "default_account"),
    ("default_tax", "default_tax"),
    ("currency", "default_currency"),
    ("default_department", "default_department"),
)
_MOST_DIGITS_OF_DAYS: Final = 4


def row(record: Record, names: Mapping[str, str]) -> Row:
    """The row of a record; `names` words a supplier's defaults.

    Raises `Rejected` for a record without a code, a tax code without a rate, and a currency without one that is not the
    base: iCompleat would take none for zero.
    """
    if not record.code.strip():
        raise Rejected(f"{record.name or 'The record'} has no code, so iCompleat cannot be told of it.", field="code")
    if record.kind is RecordKind.SUPPLIER:
        return Row(record.code, _supplier(record, names))
    return Row(record.code, _BODIES[record.kind](record))


def _named(record: Record) -> Body:
    name = record.name
    if not name.isprintable():
        name = " ".join("".join(one if one.isprintable() else " " for one in name).split())
    return {"Code": record.code, "Name": name.strip() or record.code}


def _supplier(record: Record, names: Mapping[str, str]) -> Body:
    told, body = record.details.get, _named(record)
    for member, detail in _SUPPLIER_TEXTS:
        body[member] = told(detail, "")
    if (address := told("address", "")) and not any(told(part) for part in _ADDRESS_PARTS):
        body["AddressLine1"] = address
    days = told("payment_days", "").strip()
    if days.isascii() and days.isdigit() and len(days) <= _MOST_DIGITS_OF_DAYS:
        body["PaymentDueDays"] = int(days)
        body["PaymentTermsType"] = "NetDays"
    body["AnalysisDefaults"] = [
        {"FieldCode": names[word], "Value": value}
        for detail, word in _DEFAULTS
        if (value := told(detail, "")) and names[word]
    ]
    return body


def _account(record: Record) -> Body:
    """People pick an account by its name alone, so the code stands in it."""
    body, in_brackets = _named(record), f"[{record.code}]"
    if not body["Name"].endswith(in_brackets):
        body["Name"] = f"{body['Name']} {in_brackets}"
    return body


def _tax(record: Record) -> Body:
    rate = _number(record, "rate")
    if rate is None:
        message = f"The tax code {record.code} has no rate in per cent, so iCompleat cannot be told of it."
        raise Rejected(message, field="rate")
    return {**_named(record), "Rate": rate}


def _currency(record: Record) -> Body:
    is_base = record.details.get("is_base") == "yes"
    rate = _number(record, "rate") or (Decimal(1) if is_base else None)
    if rate is None or rate < 0:
        message = f"The currency {record.code} has no exchange rate, so iCompleat cannot be told of it. Enter one."
        raise Rejected(message, field="rate")
    return {**_named(record), "Rate": rate, "IsBase": is_base}


def _site(record: Record) -> Body:
    told, body = record.details.get, _named(record)
    for member, detail in _SITE_TEXTS:
        if value := told(detail):
            body[member] = value
    return body


def _number(record: Record, detail: str) -> Decimal | None:
    """A detail as a number in its shortest form, so that 20 and 20.00 are told alike; None where it is none."""
    try:
        number = Decimal(record.details.get(detail, "").strip())
    except InvalidOperation:
        return None
    return Decimal(plain(number)) if number.is_finite() else None


_BODIES: Final[Mapping[RecordKind, Callable[[Record], Body]]] = {
    RecordKind.ACCOUNT: _account,
    RecordKind.TAX: _tax,
    RecordKind.CURRENCY: _currency,
    RecordKind.DELIVERY_SITE: _site,
    RecordKind.DIMENSION: _named,
}
