"""What a document names, as AccountsIQ has it: the party and its currency, the rates of tax, the exchange rate."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from integrations.accountsiq.checks import LONGEST_CODE
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
    party = _party(client, document)
    _check_currency(document, party)
    return Names(
        party=party.text("Code"),
        tax_rates=_tax_rates(client, document),
        exchange_rate=_exchange_rate(client, document, rate_counts),
    )


def _party(client: Client, document: Document) -> Told:
    """By code, without one by name. A source of sales has codes of its own: one that AccountsIQ does not know says
    nothing yet, and the name decides."""
    code, word = one_line(document.party.code or ""), _word(document)
    has_name = bool(one_line(document.party.name))
    if not code or (document.kind.is_sale and has_name and not _can_be_theirs(code)):
        return _by_name(client, document)
    found = client.look(f"Get{word.capitalize()}", [(f"{word}Code", code)])
    if found is not None and found.text("Code"):
        return found
    if document.kind.is_sale and has_name:
        return _by_name(client, document)
    raise Rejected(f"AccountsIQ knows no {word} {code[:50]}. Check the code.", field=f"{word}.code")


def _by_name(client: Client, document: Document) -> Told:
    wanted, word = one_line(document.party.name), _word(document)
    found = [
        one
        for one in client.rows(f"GetActive{word.capitalize()}List", word.capitalize())
        if one_line(one.text("Name")).casefold() == wanted.casefold()
    ]
    if len(found) == 1:
        return found[0]
    how_many = f"{len(found)} {word}s" if found else f"no {word}"
    message = f"AccountsIQ has {how_many} called {wanted[:100]}. Give the document the {word}'s code."
    raise Rejected(message, field=f"{word}.name")


def _can_be_theirs(code: str) -> bool:
    return code == code.upper() and len(code) <= LONGEST_CODE


def _word(document: Document) -> str:
    return "customer" if document.kind.is_sale else "supplier"


def _check_currency(document: Document, party: Told) -> None:
    """A batch invoice has no currency of its own: it is booked in that of its supplier or customer."""
    own, word = party.text("CurrencyCode"), _word(document)
    if own and own != document.currency:
        message = (
            f"The document is in {document.currency}, and AccountsIQ books everything of {word} "
            f"{party.text('Code')[:50]} in {own[:10]}. Use the {word}'s record for {document.currency}."
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
