"""What a document names, as AccountsIQ has it: the supplier and its currency, the rates of tax, the exchange rate."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from integrations.accountsiq.settings import FOREIGN
from integrations.accountsiq.soap.answers import Told
from integrations.accountsiq.soap.client import Client
from integrations.accountsiq.soap.envelopes import one_line
from integrations.accountsiq.soap.mapping import Names, exchange_rate, tax_of
from integrations.accountsiq.soap.records import foreign_units, tax_fraction
from integrations.documents import Document
from integrations.errors import Misconfigured, Rejected

# Rates closer to 1 than this tell nothing about which way round they are counted.
_TELLING: Final = Decimal("0.05")


def named(client: Client, document: Document, *, rate_counts: str) -> Names:
    """Look all of it up. Raises `Rejected` naming code and line, `Misconfigured`, and as `Client.read`."""
    supplier = _supplier(client, document)
    _check_currency(document, supplier)
    return Names(
        supplier=supplier.text("Code"),
        tax_rates=_tax_rates(client, document),
        exchange_rate=_exchange_rate(client, document, rate_counts),
    )


def _supplier(client: Client, document: Document) -> Told:
    code = one_line(document.party.code or "")
    if not code:
        return _by_name(client, document)
    found = client.look("GetSupplier", [("supplierCode", code)])
    if found is None or not found.text("Code"):
        raise Rejected(f"AccountsIQ knows no supplier {code[:50]}. Check the code.", field="supplier.code")
    return found


def _by_name(client: Client, document: Document) -> Told:
    wanted = one_line(document.party.name)
    found = [
        one
        for one in client.rows("GetActiveSupplierList", "Supplier")
        if one_line(one.text("Name")).casefold() == wanted.casefold()
    ]
    if len(found) == 1:
        return found[0]
    how_many = f"{len(found)} suppliers" if found else "no supplier"
    message = f"AccountsIQ has {how_many} called {wanted[:100]}. Give the document the supplier's code."
    raise Rejected(message, field="supplier.name")


def _check_currency(document: Document, supplier: Told) -> None:
    """A batch invoice has no currency of its own: it is booked in the supplier's."""
    own = supplier.text("CurrencyCode")
    if own and own != document.currency:
        message = (
            f"The document is in {document.currency}, and AccountsIQ books everything of supplier "
            f"{supplier.text('Code')[:50]} in {own[:10]}. Use the supplier's record for {document.currency}."
        )
        raise Rejected(message, field="currency")


def _tax_rates(client: Client, document: Document) -> Mapping[str, Decimal]:
    """Fractions by code. The rate is the code's own and never made of amounts; the tax itself is the sender's."""
    wanted = [(tax_of(line), line.number) for line in document.lines]
    known = {one.text("Code"): tax_fraction(one) for one in client.rows("GetTaxCodeList", "Tax")}
    for code, number in wanted:
        if known.get(code) is None:
            message = f"Line {number}: AccountsIQ has no tax code {code[:50]}. Map it, or code the line anew."
            raise Rejected(message, field="lines.tax_code")
    return {code: known[code] or Decimal(0) for code, _ in wanted}


def _exchange_rate(client: Client, document: Document, rate_counts: str) -> Decimal:
    units, turned = exchange_rate(document)
    if document.currency != document.base_currency:
        _check_direction(client, document, units, rate_counts)
    return units if rate_counts == FOREIGN else turned


def _check_direction(client: Client, document: Document, units: Decimal, rate_counts: str) -> None:
    """Whether AccountsIQ's own rate is the same way round as the setting says, as far as it tells.

    Which way it counts is not documented, and a document that was booked the wrong way round cannot be deleted.
    """
    every = client.rows("GetCurrencies", "WSCurrency")
    rates = [one.amount("ExchangeRate") for one in every if one.text("CurrencyCode") == document.currency]
    if not rates:
        message = f"AccountsIQ has no currency {document.currency}. Add it there."
        raise Rejected(message, field="currency")
    theirs = foreign_units(rates[0], rate_counts)
    if theirs is None or abs(theirs - 1) < _TELLING:
        return
    # Of two quotients of positive numbers the one nearer to 1 is the likelier: no logarithms are needed.
    as_set, turned = theirs / units, theirs * units
    if max(as_set, 1 / as_set) > max(turned, 1 / turned):
        message = (
            f"AccountsIQ's own rate of {document.currency} is the other way round than the connection says. "
            "Change how exchange rates are counted in its settings."
        )
        raise Misconfigured(message, field="rate_counts")
