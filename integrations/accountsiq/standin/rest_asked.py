"""A request at the REST door, read: its parameters, its object, and their members by type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from integrations.accountsiq.standin.furniture import COMPANY_ID
from integrations.accountsiq.standin.memory import Records, Row
from integrations.accountsiq.standin.options import Options
from integrations.accountsiq.standin.refusals import Refusal, Why

Body = Mapping[str, Any]
_LARGEST_ID: Final = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request within the transaction that answers it. `moves_date` is an order of the faults."""

    records: Records
    options: Options
    params: Mapping[str, str]
    body: Body
    moves_date: bool = False

    def param(self, name: str) -> str:
        """A parameter that must be there. Raises `Refusal`."""
        value = self.params.get(name, "").strip()
        if not value:
            raise Refusal(Why.MEMBER_MISSING, f"{name} is missing.", name)
        return value

    def row(self, kind: str, name: str) -> Row:
        """The record that a parameter names by its id. Raises `Refusal`, 404 for one that there is not."""
        return found(self.records, kind, self.param(name), name)

    def check_company(self, value: object = None) -> None:
        """The books are those of one company. Raises `Refusal` for another one, or for none."""
        given = self.params.get("ClientAccountId", "") if value is None else value
        if given in (None, ""):
            raise Refusal(Why.MEMBER_MISSING, "ClientAccountId is missing.", "ClientAccountId")
        if str(given) != str(COMPANY_ID):
            raise Refusal(Why.COMPANY_UNKNOWN, f"Client account {given} not found", "ClientAccountId", status=404)


def unwrapped(body: Body, name: str) -> Body:
    """The object of a save, whether it came wrapped in its name or flat."""
    inner = body.get(name)
    return inner if isinstance(inner, Mapping) else body


def found(records: Records, kind: str, given: object, field: str) -> Row:
    """The record with an id. Raises `Refusal` (404)."""
    text = str(given)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
    row = records.one(kind, number) if 0 < number < _LARGEST_ID else None
    if row is None:
        why = Why.CONTACT_UNKNOWN if kind == "contact" else Why.NOT_FOUND
        raise Refusal(why, f"{field} {given} not found", field, status=404)
    return row


def required(given: Body, *names: str) -> None:
    """Raises `Refusal` for the first member that is missing or empty."""
    for name in names:
        if given.get(name) in (None, ""):
            raise Refusal(Why.MEMBER_MISSING, f"{name} is missing.", name)


def amount(given: Body, name: str, field: str = "", default: Decimal | None = None) -> Decimal:
    """A member as a number; numbers may come as texts. Raises `Refusal`."""
    value = given.get(name)
    if value in (None, "") and default is not None:
        return default
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Refusal(Why.MEMBER_WRONG, f"{name} is not a number.", f"{field}{name}") from None
    if not number.is_finite():
        raise Refusal(Why.MEMBER_WRONG, f"{name} is not a number.", f"{field}{name}")
    return number


def day(given: Body, name: str) -> date:
    """A member as a day, of `2025-05-12` or a longer text that begins so. Raises `Refusal`."""
    value = given.get(name)
    if value in (None, ""):
        raise Refusal(Why.DAY_MISSING, f"{name} is missing.", name)
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise Refusal(Why.MEMBER_WRONG, f"{name} is not a date.", name) from None


def text(given: Body, name: str, most: int, why: Why, field: str = "") -> str:
    """A member as a text of at most so many characters. Raises `Refusal`."""
    value = str(given.get(name) or "")
    if len(value) > most:
        raise Refusal(why, f"{name} is longer than {most} characters.", f"{field}{name}")
    return value
