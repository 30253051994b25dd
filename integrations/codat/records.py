"""Reference data in Codat, as records of ours: suppliers, accounts, tax rates and tracking categories."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from integrations.codat import syncing
from integrations.codat.client import Client
from integrations.codat.lists import ACCOUNTS, CODES, SUPPLIERS, TAX_RATES, TRACKING, Lists, Row, code_of, is_active
from integrations.codat.tracking import Tracking
from integrations.codat.values import amount, currency, plain, text, words
from integrations.reference import Record, RecordKind

_COUNTRY_CODE: Final = re.compile(r"[A-Z]{2}")
# Where an account or a tax rate may be used, by the beginning of the vendor's links.
_PURCHASES: Final = ("bills.", "billcreditnotes.", "purchaseorders.")


def records(client: Client, kind: RecordKind) -> Iterator[Record]:
    """All of a kind, those archived and deleted over there marked as no longer in use.

    Raises `Retryable` until Codat has read them within the last hour, and has it read them; as `Client.get` else.
    """
    data_type, told = _KINDS[kind]
    syncing.freshen(client, data_type)
    yield from told(Lists(client))


def _suppliers(lists: Lists) -> Iterator[Record]:
    for row in lists.rows(SUPPLIERS):
        yield _record(RecordKind.SUPPLIER, row, text(row.get("id")), text(row.get("supplierName")), _of_supplier(row))


def _accounts(lists: Lists) -> Iterator[Record]:
    """Without those that no purchase may be coded to, and without the bank's where nothing is said of that."""
    chart = lists.accounts
    for row in chart:
        links = _links(row)
        if _is_for_purchases(links) if links else row.get("isBankAccount") is not True:
            code, name = code_of(row, chart, CODES[ACCOUNTS]), text(row.get("name"))
            yield _record(RecordKind.ACCOUNT, row, code, name, {"type": text(row.get("type"))})


def _tax_rates(lists: Lists) -> Iterator[Record]:
    rates = lists.tax_rates
    for row in rates:
        links = _links(row)
        if not links or _is_for_purchases(links):
            share = amount(row.get("effectiveTaxRate"))
            details = {"rate": "" if share is None else plain(share)}
            yield _record(RecordKind.TAX, row, code_of(row, rates, CODES[TAX_RATES]), text(row.get("name")), details)


def _values(lists: Lists) -> Iterator[Record]:
    tracking = Tracking(lists.tracking)
    for row in tracking.leaves():
        name, dimension = text(row.get("name")), tracking.dimension(row)
        yield _record(RecordKind.DIMENSION, row, tracking.code(row), name, {}, dimension=dimension)


_KINDS: Final[Mapping[RecordKind, tuple[str, Callable[[Lists], Iterator[Record]]]]] = {
    RecordKind.SUPPLIER: (SUPPLIERS, _suppliers),
    RecordKind.ACCOUNT: (ACCOUNTS, _accounts),
    RecordKind.TAX: (TAX_RATES, _tax_rates),
    RecordKind.DIMENSION: (TRACKING, _values),
}


def _record(
    kind: RecordKind, row: Row, code: str, name: str, details: Mapping[str, str], *, dimension: str = ""
) -> Record:
    external_id = text(row.get("id"))
    return Record(
        kind=kind,
        code=code,
        name=words(name) or code or external_id,
        external_id=external_id,
        is_active=is_active(row),
        dimension=dimension,
        details={key: value for key, told in details.items() if (value := words(told))},
    )


def _of_supplier(row: Row) -> dict[str, str]:
    """Balances change by themselves and are left out."""
    return {
        "tax_number": text(row.get("taxNumber")),
        "email": text(row.get("emailAddress")),
        "phone": text(row.get("phone")),
        "currency": _iso(row.get("defaultCurrency")),
        **_address(row.get("addresses")),
    }


def _address(rows: object) -> dict[str, str]:
    """The address for bills, else the first one."""
    all_of_them = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    billing = [row for row in all_of_them if row.get("type") == "Billing"]
    row: Mapping[str, Any] = next(iter(billing or all_of_them), {})
    parts = {ours: text(row.get(theirs)) for ours, theirs in _ADDRESS.items()}
    country = parts.pop("country")
    place = {"country_code": country} if _COUNTRY_CODE.fullmatch(country) else {"country": country}
    whole = ", ".join(words(part) for part in (*parts.values(), country) if part)
    return {**parts, **place, "address": whole}


_ADDRESS: Final[Mapping[str, str]] = {
    "address_1": "line1",
    "address_2": "line2",
    "city": "city",
    "region": "region",
    "postcode": "postalCode",
    "country": "country",
}


def _iso(value: object) -> str:
    code = currency(value) or ""
    return code if len(code) == 3 and code.isascii() and code.isalpha() else ""


def _links(row: Row) -> Sequence[str]:
    """Where the row may be used, in lower case; empty where nothing is said of it."""
    places = row.get("validDatatypeLinks")
    found = [one.get("links") for one in places if isinstance(one, Mapping)] if isinstance(places, list) else []
    return [link.lower() for links in found if isinstance(links, list) for link in links if isinstance(link, str)]


def _is_for_purchases(links: Sequence[str]) -> bool:
    return any(link.startswith(_PURCHASES) for link in links)
