"""The reference lists: what each is called, which members its rows have, and which rows are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integrations.icompleat.standin.refusals import Code, Refused

LONGEST_CODE: Final = 50
LONGEST_NAME: Final = 255
# What no address can carry: the web server in front refuses it, or reads it otherwise.
_UNADDRESSABLE: Final = frozenset("/\\?#%+")
_DOTS: Final = frozenset({".", "..", "null"})

_SUPPLIER_TEXTS: Final = (
    "AddressLine1 AddressLine2 TownOrCity StateOrCounty PostcodeOrZip Country IsoCode Telephone Email BankName"
    " BankAccountNumber BankSortCode PaymentTermsType"
)
_SITE_TEXTS: Final = "Address1 Address2 TownOrCity Postcode Country IsoCode Telephone"


@dataclass(frozen=True, slots=True)
class Listed:
    """One kind of list. `members` are those beside Code and Name: text, whole, number, flag or defaults.

    Other members are dropped without a word, as a typed reader does. `needed` may not be missing.
    """

    name: str
    array: str
    item: str
    members: Mapping[str, str]
    needed: tuple[str, ...] = ()


SUPPLIERS: Final = Listed(
    "suppliers",
    "Suppliers",
    "Supplier",
    {**dict.fromkeys(_SUPPLIER_TEXTS.split(), "text"), "PaymentDueDays": "whole", "AnalysisDefaults": "defaults"},
)
ACCOUNT_CODES: Final = Listed("accountcodes", "AccountCodes", "AccountCode", {})
TAX_CODES: Final = Listed("taxcodes", "TaxCodes", "TaxCode", {"Rate": "number"}, ("Rate",))
CURRENCY_CODES: Final = Listed(
    "currencycodes", "CurrencyCodes", "CurrencyCode", {"Rate": "number", "IsBase": "flag"}, ("Rate",)
)
DELIVERY_SITES: Final = Listed(
    "deliverysites", "DeliverySites", "DeliverySite", dict.fromkeys(_SITE_TEXTS.split(), "text")
)
# The values of a custom field; they are read under another name than they are posted.
ITEMS: Final = Listed("customfield", "CustomFieldListItems", "CustomFieldListItem", {})
LISTS: Final = {listed.name: listed for listed in (SUPPLIERS, ACCOUNT_CODES, TAX_CODES, CURRENCY_CODES, DELIVERY_SITES)}


def key(code: str) -> str:
    """What tells codes apart: letter case does not."""
    return code.casefold()


def is_addressable(code: str) -> bool:
    """Whether an address may end with this code."""
    return bool(code) and code.lower() not in _DOTS and not _UNADDRESSABLE & set(code)


def checked(listed: Listed, value: object, place: str) -> dict[str, Any]:
    """The row with the members that the list knows. Raises `Refused` 20 with `place` in front: `Suppliers[3].`"""
    if not isinstance(value, Mapping):
        raise _refused(place.rstrip("."), "must be an object")
    row: dict[str, Any] = {"Code": _code(value.get("Code"), place), "Name": _name(value.get("Name"), place)}
    for member, sort in listed.members.items():
        given = value.get(member)
        if given is None:
            if member in listed.needed:
                raise _refused(f"{place}{member}", "is missing")
            continue
        if not _CHECKS[sort](given):
            raise _refused(f"{place}{member}", f"must be {_SORTS[sort]}")
        row[member] = given
    if listed is CURRENCY_CODES and row["Rate"] <= 0:
        raise _refused(f"{place}Rate", "must be above 0")
    return row


def _code(value: object, place: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= LONGEST_CODE or len(value) > LONGEST_CODE:
        raise _refused(f"{place}Code", f"must have 1 to {LONGEST_CODE} characters")
    if not value.isprintable():
        raise _refused(f"{place}Code", "holds a control character")
    return value


def _name(value: object, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _refused(f"{place}Name", "is missing")
    if len(value) > LONGEST_NAME:
        raise _refused(f"{place}Name", f"is longer than {LONGEST_NAME} characters")
    return value


def _refused(member: str, what: str) -> Refused:
    return Refused(Code.ROW_REFUSED, f"{member} {what}.")


def _is_defaults(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, Mapping) and isinstance(each.get("FieldCode"), str) and isinstance(each.get("Value"), str)
        for each in value
    )


_CHECKS: Final = {
    "text": lambda value: isinstance(value, str),
    "whole": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | Decimal) and not isinstance(value, bool),
    "flag": lambda value: isinstance(value, bool),
    "defaults": _is_defaults,
}
_SORTS: Final = {
    "text": "text",
    "whole": "a whole number",
    "number": "a number",
    "flag": "true or false",
    "defaults": "a list of objects with FieldCode and Value",
}
