"""What the stand-in for Demo Books refuses, and why: the rules of its books, apart from where they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from integrations.currencies import MINOR_UNITS
from integrations.demo.registers import Collection

_AMOUNTS: Final = ("net", "tax", "gross")
# Of these nothing comes below zero.
_POSITIVE: Final = frozenset({"credit_note", "sales_credit_note", "payment", "refund"})


@dataclass(frozen=True, slots=True)
class Codes:
    """Of the codes that a document names those that there are, with whether they are in use."""

    accounts: Mapping[str, bool]
    tax_codes: Mapping[str, bool]


class Refusal(Exception):
    """An answer that is no success: HTTP status, a code for machines, a sentence for people, the field at fault."""

    def __init__(self, code: str, message: str, field: str = "", *, status: int = 422) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message": message, "field": field}


def named(document: Mapping[str, Any], member: str) -> set[str]:
    """The codes that the lines of a document name, whatever else may be wrong with it."""
    lines = document.get("lines")
    found = [line.get(member) for line in (lines if isinstance(lines, list) else []) if isinstance(line, Mapping)]
    return {code for code in found if isinstance(code, str)}


def check(collection: Collection, document: Mapping[str, Any], base_currency: str, codes: Codes) -> None:
    """Refuse what cannot be booked. Raises `Refusal` for the first thing that is wrong."""
    _party(document, collection.party)
    _day(document)
    _currency(document, base_currency)
    _amounts(document, "", "The document")
    if collection.kind in _POSITIVE and document["gross"] < 0:
        kind = collection.kind.replace("_", " ")
        raise Refusal("negative_total", f"The total of a {kind} is positive here.", "gross")
    if collection.is_money and document["tax"]:
        raise Refusal("invalid", f"A {collection.kind} has no tax.", "tax")
    lines = _lines(document)
    for position, line in enumerate(lines):
        _line(line, position, codes, is_money=collection.is_money)
    _totals(document, lines)


def _party(document: Mapping[str, Any], word: str) -> None:
    party = document.get(word)
    if not isinstance(party, Mapping) or not str(party.get("name") or "").strip():
        raise Refusal("missing", f"The document names no {word}.", f"{word}.name")
    if not isinstance(party.get("code"), str | None):
        raise Refusal("invalid", f"The code of the {word} is not a text.", f"{word}.code")


def _day(document: Mapping[str, Any]) -> None:
    try:
        date.fromisoformat(document.get("date") or "")
    except (TypeError, ValueError):
        raise Refusal("missing", "The document has no date of the form 2026-11-20.", "date") from None


def _currency(document: Mapping[str, Any], base_currency: str) -> None:
    currency, base = document.get("currency"), document.get("base")
    if not _is_in(MINOR_UNITS, currency):
        raise Refusal("unknown_currency", f"{currency} is not a currency that is known here.", "currency")
    if base is not None and (not isinstance(base, Mapping) or base.get("currency") != base_currency):
        raise Refusal("wrong_base_currency", f"This company keeps its books in {base_currency}.", "base.currency")
    if base is not None:
        _amounts(base, "base.", "The base amounts")
    elif currency != base_currency:
        message = f"A document in {currency} needs its amounts in {base_currency}, too."
        raise Refusal("base_amounts_missing", message, "base")


def _is_in(table: Mapping[str, object], code: object) -> bool:
    return isinstance(code, str) and code in table


def _lines(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    lines = document.get("lines")
    if not isinstance(lines, list) or not lines or not all(isinstance(line, Mapping) for line in lines):
        raise Refusal("missing", "The document has no lines.", "lines")
    return lines


def _line(line: Mapping[str, Any], position: int, codes: Codes, *, is_money: bool) -> None:
    """A line; one of a payment or a refund has no tax code."""
    number, field = line.get("number", position + 1), f"lines[{position}]."
    for member, known, error, what, absent in (
        ("account_code", codes.accounts, "unknown_account", "Account code", "is not in the chart of accounts"),
        ("tax_code", codes.tax_codes, "unknown_tax_code", "Tax code", "does not exist"),
    ):
        code = line.get(member)
        is_in_use = known.get(code) if isinstance(code, str) else None
        if not is_in_use and not (is_money and member == "tax_code"):
            why = f"on line {number} {absent if is_in_use is None else 'is no longer in use'}"
            raise Refusal(error, f"{what} {code} {why}.", field + member)
    _amounts(line, field, f"Line {number}")


def amount_of(given: Mapping[str, Any], name: str, field: str) -> Decimal:
    """An amount that has to be there. Raises `Refusal`."""
    if not _is_number(given.get(name)):
        raise Refusal("invalid", f"The {name} is not a number.", field)
    return Decimal(given[name])


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _amounts(amounts: Mapping[str, Any], field: str, whose: str) -> None:
    for name in _AMOUNTS:
        if not _is_number(amounts.get(name)):
            raise Refusal("invalid", f"{whose}: {name} is not a number.", field + name)
    if amounts["net"] + amounts["tax"] != amounts["gross"]:
        raise Refusal("amounts_disagree", f"{whose}: net and tax do not make gross.", field + "gross")


def _totals(document: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> None:
    for name in _AMOUNTS:
        if sum(line[name] for line in lines) != document[name]:
            raise Refusal("amounts_disagree", f"The lines do not add up to the {name} of the document.", name)
