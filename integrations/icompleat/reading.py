"""Reading members of a JSON object that somebody else wrote: by name, in the expected type, refused by path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, Final, NoReturn
from uuid import UUID

from integrations.errors import Malformed
from integrations.icompleat.limits import MAX_AMOUNT, MEASURE_DECIMALS, SMALLEST_MEASURE, SMALLEST_MONEY

_PLAIN_DECIMAL: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
# Control characters, line and paragraph separators: nothing that a number or a description in the books may carry.
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_GUID: Final = re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?")


def canonical_id(text: str) -> str:
    """An id as it is compared and kept: lower case, a GUID with its hyphens and without braces."""
    folded = text.strip().lower()
    return str(UUID(folded)) if _GUID.fullmatch(folded) else folded


@cache
def _camel(name: str) -> str:
    """`UnitCost` as `unitCost`. Only names that stand in the code are asked for."""
    return name[0].lower() + name[1:]


class Node:
    """A value and how it was reached. What is not there is a node without a value, so paths can be followed blindly."""

    __slots__ = ("name", "parent", "value")

    def __init__(self, value: Any, name: str = "", parent: Node | None = None) -> None:
        self.value = value
        self.name = name
        self.parent = parent

    @property
    def path(self) -> str:
        """Where it stands, such as `Lines[2].Net.Local.Value`; list positions count from zero."""
        above = self.parent.path if self.parent is not None else ""
        separator = "" if not above or self.name.startswith("[") else "."
        return f"{above}{separator}{self.name}"

    @property
    def given(self) -> bool:
        """Whether there is a value other than null."""
        return self.value is not None

    @property
    def holds_members(self) -> bool:
        """Whether it is an object."""
        return isinstance(self.value, dict)

    def member(self, name: str) -> Node:
        """A member by its Pascal case name; in the body its first letter may be lower case.

        Raises `Malformed` where this is neither missing nor an object.
        """
        value = self.value
        if value is None:
            return Node(None, name, self)
        if not isinstance(value, dict):
            self.refuse("must be an object")
        found = value.get(name)
        if found is None:
            found = value.get(_camel(name))
        return Node(found, name, self)

    def items(self) -> Iterator[Node]:
        """The items of a list; none where it is missing. Raises `Malformed` for anything but a list."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            self.refuse("must be a list")
        for index, item in enumerate(self.value):
            yield Node(item, f"[{index}]", self)

    def text(self, longest: int) -> str:
        """Text without control characters and outer blanks, empty where missing. A number counts as its digits.

        Raises `Malformed` for anything else and for more than `longest` characters.
        """
        value = self.value
        if value is None:
            return ""
        text = (value if isinstance(value, str) else self._as_text()).strip()
        if not text.isprintable():
            text = _CONTROLS.sub(" ", text).strip()
        if len(text) > longest:
            self.refuse(f"has {len(text):,} characters, but at most {longest:,} can be kept")
        return text

    def money(self) -> Decimal | None:
        """An amount with at most four decimals, None where missing. Raises `Malformed` for anything that is not one."""
        amount = self.number()
        if amount is not None and amount % SMALLEST_MONEY:
            self.refuse("has more than four decimals, which no amount of money has")
        return amount

    def measure(self) -> Decimal | None:
        """A quantity or a price per unit, rounded to ten decimals: nothing is booked by it. None where missing."""
        number = self.number()
        return number if number is None or not number % SMALLEST_MEASURE else round(number, MEASURE_DECIMALS)

    def number(self) -> Decimal | None:
        """A number below ten million millions, as JSON number or as plain digits in text; None where missing."""
        if self.value is None:
            return None
        number = self._decimal()
        if number.copy_abs() > MAX_AMOUNT:
            self.refuse("is larger than any amount that is booked here")
        return number

    def _decimal(self) -> Decimal:
        value = self.value
        if type(value) is int or (isinstance(value, str) and _PLAIN_DECIMAL.fullmatch(value)):
            value = Decimal(value)
        if not isinstance(value, Decimal) or not value.is_finite():
            self.refuse("must be a number, or text of plain digits such as 1234.50")
        if not value:
            return Decimal(0)  # zero has no sign
        return Decimal(f"{value:f}") if "E" in str(value) else value

    def _as_text(self) -> str:
        value = self.value
        if type(value) is int or (isinstance(value, Decimal) and value.is_finite()):
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        return self.refuse("must be text")

    def refuse(self, what: str) -> NoReturn:
        """Raise `Malformed` with the path and what is wrong there."""
        raise Malformed(f"{self.path} {what}.", field=self.path)
