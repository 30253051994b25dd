"""The modules and their properties, as the descriptions of fields tell them.

Those of invoices, items and companies' addresses are seen; all others are made up, as close to them as can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.accessplanit.standin.refusals import Refused


@dataclass(frozen=True, slots=True)
class Property:
    """One property. `kind` is in the words of the description."""

    name: str
    kind: str = "string"
    is_writable: bool = False


def _of(text: str) -> tuple[Property, ...]:
    """`Name:kind` or `Name:kind!` for what can be written."""
    found = []
    for word in text.split():
        name, _, kind = word.partition(":")
        found.append(Property(name.rstrip("!"), kind.rstrip("!") or "string", word.endswith("!")))
    return tuple(found)


MODULES: Final[Mapping[str, tuple[Property, ...]]] = {
    "Invoice": _of(
        "ID DateCreated:datetime DateUpdated:datetime Reference CompanyName TargetIDType TargetID TargetLabel"
        " Amount:decimal TaxRate:decimal CurrencyCode DateDue:datetime! Status AmountPaid:decimal Outstanding:decimal"
        " PONumber! Address InvoiceAddress InvoiceTown InvoiceCounty InvoicePostcode InvoiceCountry InvoiceEmail"
        " CF_Journal_number!"
    ),
    "InvoiceItem": _of(
        "ID InvoiceID DateCreated:datetime DateUpdated:datetime Reference DynamicLabel Amount:decimal Tax:decimal"
        " SourceID SourceIDType"
    ),
    "Transaction": _of(
        "ID DateCreated:datetime! DateUpdated:datetime Amount:decimal! TransactionMethod! Reference! InvoiceID!"
    ),
    "TransactionInvoice": _of("ID DateCreated:datetime DateUpdated:datetime TransactionID InvoiceID Amount:decimal"),
    "CreditNote": _of(
        "ID DateCreated:datetime DateUpdated:datetime Reference Amount:decimal Tax:decimal TaxRate:decimal InvoiceID"
        " CompanyName TargetIDType TargetID TargetLabel CurrencyCode"
    ),
    "Company": _of(
        "ID DateCreated:datetime DateUpdated:datetime Name InvoiceAddress InvoiceTown InvoiceCounty InvoicePostcode"
        " InvoiceCountry InvoiceEmail"
    ),
}
_BY_LOWER_NAME: Final = {name.lower(): name for name in MODULES}


def known(name: str) -> str:
    """The module's own spelling. Raises `Refused`."""
    if name.lower() not in _BY_LOWER_NAME:
        raise Refused(404, f"There is no module {name[:40]}.")
    return _BY_LOWER_NAME[name.lower()]


def names(module: str) -> list[str]:
    """Of its properties."""
    return [one.name for one in MODULES[module]]


def described(module: str) -> list[dict[str, Any]]:
    """The description of its fields: its shape is made up."""
    return [{"Name": one.name, "Type": one.kind, "Writable": one.is_writable} for one in MODULES[module]]
