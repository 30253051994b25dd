"""Reading a record that accessplanit wrote: names in any letter case, types as they come.

The vendor's own client notes that some properties change their JSON type when they are empty, so null, an empty text,
false, `{}` and `[]` all mean that there is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, NoReturn

from integrations.accessplanit.limits import FLOAT_NOISE, LONGEST_ID, MAX_AMOUNT, MONEY_DECIMALS
from integrations.errors import Malformed

_PLAIN_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_ID: Final = re.compile(rf"[!-~]{{1,{LONGEST_ID}}}")
_SMALLEST: Final = Decimal(1).scaleb(-MONEY_DECIMALS)


class Row:
    """One record, or a part of one. A member of an empty name is not there: that is how a field is switched off."""

    __slots__ = ("_members", "told")

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.told = told
        self._members: dict[str, Any] = {}
        for name, value in told.items():
            if not is_empty(value):
                self._members.setdefault(name.lower(), value)

    def has(self, name: str) -> bool:
        """Whether there is anything under this name."""
        return name.lower() in self._members

    def text(self, name: str, longest: int) -> str:
        """Text on one line without outer blanks, cut where it is too long; empty where missing.

        A number counts as its digits. Raises `Malformed` for a list or an object.
        """
        return self._text(name)[:longest].rstrip()

    def code(self, name: str, longest: int) -> str:
        """The same, but what is too long is refused: a code that is cut is another code."""
        text = self._text(name)
        if len(text) > longest:
            refuse(name, f"has {len(text):,} characters, but at most {longest:,} can be kept")
        return text

    def id(self, name: str = "ID") -> str:
        """An id as it was written. Raises `Malformed` where it is missing, or could not stand in an address."""
        text = self._text(name)
        if not text:
            raise Malformed(f"The record has no {name}.", field=name)
        if not _ID.fullmatch(text):
            refuse(name, f"must be at most {LONGEST_ID} plain characters without blanks")
        return text

    def amount(self, name: str) -> Decimal | None:
        """A number with at most four decimals, None where missing. Raises `Malformed` for anything that is not one.

        What binary arithmetic leaves behind the sixth decimal is rounded away.
        """
        value = self._members.get(name.lower())
        if value is None:
            return None
        number = _number(name, value)
        rounded = number.quantize(_SMALLEST, rounding=ROUND_HALF_UP)
        if abs(number - rounded) > FLOAT_NOISE:
            refuse(name, "has more than four decimals, which no amount of money has")
        return _shortest(rounded)

    def _text(self, name: str) -> str:
        value = self._members.get(name.lower(), "")
        if isinstance(value, bool):
            return "true"
        if isinstance(value, int | Decimal):
            return _digits(name, value)
        if not isinstance(value, str):
            refuse(name, "must be text")
        return value.strip() if value.isprintable() else _visible(value)


def is_empty(value: object) -> bool:
    """Whether a value is one of the forms of nothing. Zero is something."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value is False or (isinstance(value, dict | list) and not value)


def refuse(name: str, what: str) -> NoReturn:
    """Raise `Malformed` with the name of a member and what is wrong there."""
    raise Malformed(f"{name} {what}.", field=name)


def _number(name: str, value: object) -> Decimal:
    if isinstance(value, str) and _PLAIN_DECIMAL.fullmatch(value.strip()):
        value = Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        refuse(name, "must be a number, or text of plain digits such as 1234.50")
    number = Decimal(value)
    if not number.is_finite() or abs(number) > MAX_AMOUNT:
        refuse(name, "is larger than any amount that is booked here")
    return number


def _shortest(number: Decimal) -> Decimal:
    """With the digits that it needs, at least two: 582.0000 as 582.00. Zero has no sign."""
    text = f"{number:f}"
    return Decimal(text[:-2]) + 0 if text.endswith("00") else number


def _digits(name: str, value: int | Decimal) -> str:
    if isinstance(value, int):
        return str(value) if abs(value) < 10**LONGEST_ID else refuse(name, "is a number that is too long")
    if not value.is_finite() or abs(value.adjusted()) > LONGEST_ID:
        refuse(name, "is a number that is too long")
    whole = value.to_integral_value()
    return f"{whole:f}" if whole == value else f"{value:f}"


def _visible(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
