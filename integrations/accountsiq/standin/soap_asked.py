"""A call at the SOAP door, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from integrations.accountsiq.standin.envelope import Element, text
from integrations.accountsiq.standin.furniture import SUPPLIER
from integrations.accountsiq.standin.memory import Records, Row
from integrations.accountsiq.standin.options import Options
from integrations.accountsiq.standin.refusals import Refusal, Why

LONGEST_CODE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call within the transaction that answers it. `element` is the operation's; `moves_date` is an order of the
    faults."""

    records: Records
    options: Options
    element: Element
    moves_date: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a call gives: `result` goes into Result, `beside` stands beside it, such as `transactionID`."""

    result: object = None
    beside: Mapping[str, Any] = field(default_factory=dict)
    status: str = "Success"


Operation = Callable[[Asked], Outcome]


def supplier(records: Records, code: str | None) -> Row:
    """A supplier by its code. Raises `Refusal`."""
    return contact(records, code, SUPPLIER)


def contact(records: Records, code: str | None, sort: str) -> Row:
    """A supplier or a customer by its code. Raises `Refusal`."""
    checked = upper(code, f"{sort}Code", Why.CONTACT_MISSING, Why.CODE_NOT_UPPER)
    row = records.coded("contact", checked)
    if row is None or row.body.get("type") != sort:
        raise Refusal(Why.CONTACT_UNKNOWN, f"The {sort.lower()} code {checked} does not exist.")
    return row


def upper(code: str | None, name: str, missing: Why, lower: Why) -> str:
    """A code that must be there, in upper case. Raises `Refusal`."""
    if not code:
        raise Refusal(missing, f"{name} is null or empty.")
    if code != code.upper():
        raise Refusal(lower, f"{name} {code} must be upper case.")
    return code


def moment(parent: Element | None, name: str) -> str | None:
    """A moment as the books keep them: UTC without a zone. Raises `Refusal` for what is no moment."""
    value = text(parent, name)
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise Refusal(Why.DAY_MISSING, f"{name} is not a date.") from None
    plain = found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    return plain.isoformat(timespec="milliseconds")


def day(parent: Element | None, name: str) -> date:
    """A date. Raises `Refusal` for none."""
    found = moment(parent, name)
    if found is None:
        raise Refusal(Why.DAY_MISSING, f"{name} is missing.")
    return date.fromisoformat(found[:10])


def midnight(day_text: str) -> str:
    """A day as the service writes it."""
    return f"{day_text}T00:00:00"
