"""What stands against a document on every platform, and the error that the first objection becomes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from integrations.codat import terms
from integrations.codat.codes import Known, party_word
from integrations.codat.mapping import base_rate
from integrations.codat.values import day
from integrations.documents import Document
from integrations.errors import Misconfigured, Rejected
from integrations.previewing import Objection

_SETTINGS: Final = ("defaults.", "bills")
_WHOLE: Final = re.compile(r"[0-9]{1,4}")
_MOST_DUE_DAYS: Final = 365


def books(told: Mapping[str, Any]) -> str:
    """The currency of the books; empty where Codat did not tell it."""
    return str(told.get("base_currency") or "")


def due_days(settings: Mapping[str, str]) -> int:
    """The days until payment that the connection's form says. Raises `Misconfigured`."""
    given = settings.get(terms.DUE_DAYS, "").strip() or terms.USUAL_DUE_DAYS
    days = int(given) if _WHOLE.fullmatch(given) else None
    if days is None or days > _MOST_DUE_DAYS:
        message = f"The days until payment are {given[:20]}. Enter a whole number from 0 to {_MOST_DUE_DAYS}."
        raise Misconfigured(message, field=terms.DUE_DAYS)
    return days


def of_the_day(document: Document, told: Mapping[str, Any]) -> Iterator[Objection]:
    """A document needs a date, and one that the books are still open for."""
    locked = day(told.get("ledger_lock_date"))
    if document.day is None:
        message = f"The {document.kind.label.lower()} has no date. Give it one."
        yield Objection(field="date", message=message)
    elif locked is not None and document.day <= locked:
        message = f"The books are closed up to {locked:%d %b %Y}, and the date is {document.day:%d %b %Y}. Change it."
        yield Objection(field="date", message=message)


def of_the_currency(
    document: Document, known: Known, told: Mapping[str, Any], *, has_rates: bool, as_partys: bool
) -> Iterator[Objection]:
    """`has_rates`: the platform takes a rate of its own where none is sent. `as_partys`: it takes no other currency
    than the one that its supplier or customer has."""
    base, own = books(told), known.party_currency
    if base_rate(document, base) is None and not has_rates:
        needed = base or "the currency of its books"
        message = f"The amounts are in {document.currency}, and the accounting software needs them in {needed} as well."
        yield Objection(field="base_gross", message=f"{message} Send both.")
    if as_partys and own is not None and own != document.currency:
        word = party_word(document)
        message = f"The {word} is kept in {own} there, and the document is in {document.currency}. Map another one."
        yield Objection(field="currency", message=message)


def insist(objections: Sequence[Objection]) -> None:
    """Raise the first of them: `Misconfigured` for what a setting or the mapping mends, else `Rejected`."""
    for one in objections[:1]:
        error = Misconfigured if one.field.startswith(_SETTINGS) else Rejected
        raise error(one.message, field=one.field)
