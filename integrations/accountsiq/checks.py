"""What AccountsIQ would refuse, said before anything is sent. Pure functions: the periods are handed in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from integrations.accountsiq.transport import Period
from integrations.documents import Dimension, Document, Kind, Line
from integrations.previewing import Objection

LONGEST_CODE: Final = 50
LONGEST_DESCRIPTION: Final = 500
POSTED_TO_LEDGER: Final = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE, Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE})
_OPPOSITE: Final = {
    Kind.INVOICE: "a credit note",
    Kind.CREDIT_NOTE: "an invoice",
    Kind.SALES_INVOICE: "a sales credit note",
    Kind.SALES_CREDIT_NOTE: "a sales invoice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a transport is strict about. None for codes that only the system itself knows.

    `currencies` are those that a document may have; `only_base`: the interface takes no currency with an invoice.
    `wants_base`: a foreign document needs base amounts. `number_is_sent`: the supplier's number is one over there.
    """

    upper_case: bool = False
    negative_lines: bool = True
    wants_base: bool = False
    only_base: bool = False
    number_is_sent: bool = False
    tax_codes: Collection[str] | None = None
    currencies: Collection[str] | None = None


def objections(document: Document, rules: Rules, periods: Sequence[Period] = ()) -> tuple[Objection, ...]:
    """All of them, the header's first, then line by line. Empty `periods` say nothing of the date."""
    return (*_header(document, rules), *_day(document, periods), *_lines(document, rules))


# --- the header ------------------------------------------------------------------------------------------------------


def _header(document: Document, rules: Rules) -> Iterator[Objection]:
    party, word = document.party, "customer" if document.kind.is_sale else "supplier"
    if not (party.code or party.name.strip()):
        yield Objection(message=f"The document names no {word}. Choose one where it was entered.", field=word)
    # A source of sales has codes of its own; one that cannot be AccountsIQ's is not looked up.
    if not document.kind.is_sale or not party.name.strip():
        yield from _code(party.code, f"{word} code", word, rules)
    yield from _dimensions(document.dimensions, rules)
    if rules.number_is_sent:
        yield from _number(document)
    yield from _total(document)
    yield from _currency(document, rules)
    if not document.lines:
        yield Objection(message="The document has no lines, and AccountsIQ wants one at least.", field="lines")


def _number(document: Document) -> Iterator[Objection]:
    for member, label in (("supplier_reference", "supplier's number"), ("number", "number")):
        text = " ".join(getattr(document, member).split())
        if len(text) > LONGEST_CODE:
            message = f"The {label} has {len(text)} characters, and AccountsIQ takes {LONGEST_CODE}. Shorten it."
            yield Objection(message=message, field=member)
        if text:
            return
    yield Objection(message="The document has no number. Enter the supplier's number.", field="supplier_reference")


def _total(document: Document) -> Iterator[Objection]:
    if document.gross < 0 and document.kind in _OPPOSITE:
        message = (
            f"The total is below zero, which AccountsIQ refuses. Enter the document as {_OPPOSITE[document.kind]}."
        )
        yield Objection(message=message, field="gross")


def _currency(document: Document, rules: Rules) -> Iterator[Objection]:
    code, base = document.currency, document.base_currency
    if rules.currencies is not None and code not in rules.currencies:
        message = f"The document is in {code}, which is not among the currencies of the connection. Add it there."
        yield Objection(message=message, field="currencies")
    if code == base:
        return
    if rules.only_base and document.kind is Kind.INVOICE:
        message = (
            f"The document is in {code}, and the call that saves an invoice takes no currency, so it would be booked "
            f"in {base}. Set the connection's field for the currency, if AccountsIQ has told you one."
        )
        yield Objection(message=message, field="currency_field")
    if rules.wants_base and (not document.base_net or not document.net):
        message = f"The document is in {code} and has no amounts in {base}, from which AccountsIQ needs the rate."
        yield Objection(message=message, field="base_net")


def _day(document: Document, periods: Sequence[Period]) -> Iterator[Objection]:
    if document.kind not in POSTED_TO_LEDGER:
        return
    if document.day is None:
        yield Objection(message="The document has no date, and AccountsIQ wants one. Enter it.", field="date")
    elif periods:
        yield from _period(document.day, periods, is_sale=document.kind.is_sale)


def _period(day: dt.date, periods: Sequence[Period], *, is_sale: bool) -> Iterator[Objection]:
    told = f"{day.day} {day:%b %Y}"
    within = [one for one in periods if one.starts_on <= day <= one.ends_on]
    if not within:
        message = f"AccountsIQ has no period for {told}. Open one there, or change the date."
        yield Objection(message=message, field="date")
    elif all(one.is_closed_for_sales if is_sale else one.is_closed for one in within):
        ledger = "sales" if is_sale else "purchases"
        message = f"The period {within[0].name[:60]} is closed for {ledger} in AccountsIQ, and {told} lies in it."
        yield Objection(message=f"{message} Reopen it there, or change the date.", field="date")


# --- the lines -------------------------------------------------------------------------------------------------------


def _lines(document: Document, rules: Rules) -> Iterator[Objection]:
    for line in document.lines:
        yield from _coded(line, "account", line.account_code, rules)
        yield from _coded(line, "tax", line.tax_code, rules)
        yield from _known_tax(line, rules)
        yield from _dimensions(line.dimensions, rules, line)
        yield from _amount(document, line, rules)
        yield from _description(line)


def _coded(line: Line, what: str, code: str | None, rules: Rules) -> Iterator[Objection]:
    if code:
        yield from _code(code, f"{what} code", f"{what}_code", rules, line)
        return
    message = (
        f"Line {line.number} has no {what} code. Set the default {what} code of the connection, "
        "or give the line one where it was entered."
    )
    yield Objection(message=message, field=f"defaults.{what}_code", line=line.number)


def _known_tax(line: Line, rules: Rules) -> Iterator[Objection]:
    if line.tax_code and rules.tax_codes is not None and line.tax_code not in rules.tax_codes:
        message = f"The tax code {line.tax_code[:60]} of line {line.number} is not among those of the connection."
        yield Objection(message=f"{message} Add it there, or map it to another.", field="tax_code", line=line.number)


def _amount(document: Document, line: Line, rules: Rules) -> Iterator[Objection]:
    other = _OPPOSITE.get(document.kind)
    if line.net < 0 and other and not rules.negative_lines:
        message = f"The net amount of line {line.number} is below zero, which AccountsIQ refuses. Enter it as {other}."
        yield Objection(message=message, field="net", line=line.number)


def _description(line: Line) -> Iterator[Objection]:
    length = len(" ".join(line.description.split()))
    if length > LONGEST_DESCRIPTION:
        most = f"AccountsIQ takes {LONGEST_DESCRIPTION}. Shorten it."
        message = f"The description of line {line.number} has {length} characters, and {most}"
        yield Objection(message=message, field="description", line=line.number)


def _dimensions(dimensions: Sequence[Dimension], rules: Rules, line: Line | None = None) -> Iterator[Objection]:
    for one in dimensions:
        yield from _code(one.code, f"{one.name[:60]} code", "dimensions", rules, line)


def _code(code: str | None, what: str, field: str, rules: Rules, line: Line | None = None) -> Iterator[Objection]:
    where = f" of line {line.number}" if line else ""
    number = line.number if line else None
    if code and len(code) > LONGEST_CODE:
        told = f"The {what}{where} has {len(code)} characters, and AccountsIQ takes {LONGEST_CODE}. Shorten it."
        yield Objection(message=told, field=field, line=number)
    elif code and rules.upper_case and code != code.upper():
        told = (
            f"The {what} {code}{where} is not in capital letters, which AccountsIQ wants. Write it as {code.upper()}."
        )
        yield Objection(message=told, field=field, line=number)
