"""The members of a transaction that can be given: what each is called in a file and in a JSON body, and its limits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

DIMENSION: Final = "dimension:"
LONGEST_DIMENSION: Final = 100


class Shape(Enum):
    """What a value is."""

    TEXT = "text"
    KIND = "kind"
    DATE = "date"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Member:
    """`name` is the attribute, `column` the file's heading, `path` the name in a JSON body. `longest` is in characters
    and of texts alone."""

    name: str
    column: str
    path: str
    shape: Shape = Shape.TEXT
    longest: int = 100


def _member(name: str, shape: Shape = Shape.TEXT, longest: int = 100, *, column: str = "") -> Member:
    first, *rest = name.split("_")
    return Member(name, column or name, first + "".join(word.capitalize() for word in rest), shape, longest)


HEADER: Final = (
    _member("key"),
    _member("kind", Shape.KIND),
    _member("supplier_code"),
    _member("supplier_name", longest=200),
    _member("currency", longest=3),
    _member("date", Shape.DATE),
    _member("due_date", Shape.DATE),
    _member("delivery_date", Shape.DATE),
    _member("delivery_site"),
    _member("order_number"),
    _member("supplier_reference"),
    _member("title", longest=200),
    _member("net", Shape.NUMBER, column="total_net"),
    _member("tax", Shape.NUMBER, column="total_tax"),
    _member("gross", Shape.NUMBER, column="total_gross"),
)
LINE: Final = (
    _member("description", longest=1000),
    _member("item_code"),
    _member("quantity", Shape.NUMBER),
    _member("unit_price", Shape.NUMBER),
    _member("net", Shape.NUMBER),
    _member("tax", Shape.NUMBER),
    _member("gross", Shape.NUMBER),
    _member("account_code"),
    _member("tax_code"),
)
HEADER_BY_NAME: Final = {member.name: member for member in HEADER}
LINE_BY_NAME: Final = {member.name: member for member in LINE}
