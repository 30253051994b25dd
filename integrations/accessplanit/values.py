"""What every kind of record has: its id with us, its currency, its day, its money in the currency's own unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from integrations.accessplanit import moments
from integrations.accessplanit.limits import LONGEST_NAME
from integrations.accessplanit.rows import Row, refuse
from integrations.accessplanit.terms import Reading
from integrations.content import plain
from integrations.currencies import MINOR_UNITS
from integrations.documents import Kind
from integrations.errors import Malformed, NotDue

SOURCE: Final = "accessplanit"
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The day of business as it was written, and the moment of making in UTC, None where it is not told."""

    day: date
    at: datetime | None


def external_id(feed: str, id_: str) -> str:
    """The id of a record among all feeds, as a document has it: `invoice-10482`."""
    return f"{feed}-{id_}".lower()


def made(record: Row, feed: str, reading: Reading) -> Made:
    """Raises `Malformed` without a readable date, `NotDue` for what was made before the start.

    The day of business and the moment of making may be two properties: a payment is often entered days after it came.
    """
    name, made_name = reading.fields[f"{feed}.date"], reading.fields[f"{feed}.made"]
    day, text = moments.day(record.text(name, LONGEST_NAME)), record.text(made_name, LONGEST_NAME)
    if day is None:
        raise Malformed(f"The record has no readable date in {name}.", field=name)
    made_on = moments.day(text) or day
    if reading.start is not None and made_on < reading.start:
        message = f"It was made on {made_on}, before the start on {reading.start}."
        raise NotDue(message, field=made_name, for_good=True)
    return Made(day=day, at=moments.instant(text, reading.zone))


def currency(record: Row, name: str, otherwise: str) -> str:
    """An ISO code; `otherwise` where the record has none. Raises `Malformed`."""
    code = record.code(name, LONGEST_NAME).upper() or otherwise
    if not _CURRENCY.fullmatch(code):
        refuse(name, "must be a currency code such as GBP")
    return code


def money(record: Row, name: str, currency_code: str, reading: Reading) -> Decimal | None:
    """An amount in the currency itself, whatever the unit that it came in. Raises `Malformed`."""
    amount = record.amount(name)
    if amount is None or not reading.in_pence:
        return amount
    if amount % Decimal("0.01"):
        refuse(name, "has parts of a hundredth of a penny")
    return amount.scaleb(-MINOR_UNITS.get(currency_code, 2))


def in_their_unit(amount: Decimal, currency_code: str, reading: Reading) -> Decimal:
    """The other way round, without digits that say nothing."""
    factor = MINOR_UNITS.get(currency_code, 2) if reading.in_pence else 0
    return Decimal(plain(amount.scaleb(factor)))


def check_kind(kind: Kind, expected: Kind | None) -> None:
    """Raises `Malformed` where an endpoint takes another kind only."""
    if expected is not None and kind is not expected:
        message = f"The record is a {kind.label.lower()}, but only a {expected.label.lower()} is taken here."
        raise Malformed(message, field="kind")
