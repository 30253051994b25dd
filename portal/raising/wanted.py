"""What somebody wants raised, before anything is checked, and what may be wrong with it. Plain values."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.content import plain
from integrations.documents import Dimension, Kind, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that speaks against raising, or (`is_warning`) that a person should know.

    `message` is one plain sentence. `line` is the file's line from 1, 0 where there is none; `column` the file's
    column, `path` the member of a JSON body, such as `lines[0].accountCode`; `key` the document's, where it has one.
    """

    message: str
    line: int = 0
    column: str = ""
    path: str = ""
    key: str = ""
    is_warning: bool = False


class CannotRaise(Exception):
    """Nothing was raised, or nothing more. `message` is one plain sentence, `problems` say each reason."""

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)


class Conflict(CannotRaise):
    """The caller's key was used before, for something else. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLine:
    """One line; two of `net`, `tax` and `gross` are enough. `line` is where it stands in its file, else 0.

    `unread` names the members that were given and could not be read: a problem tells why, and they are None here.
    """

    description: str = ""
    item_code: str = ""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    account_code: str = ""
    tax_code: str = ""
    dimensions: tuple[Dimension, ...] = ()
    line: int = 0
    unread: frozenset[str] = frozenset()

    def amounts(self) -> tuple[Decimal, Decimal, Decimal] | None:
        """Net, tax and gross, the third from the other two; None where fewer than two are given."""
        net, tax, gross = self.net, self.tax, self.gross
        if net is not None and tax is not None:
            return net, tax, net + tax if gross is None else gross
        if net is not None and gross is not None:
            return net, gross - net, gross
        return None if tax is None or gross is None else (gross - tax, tax, gross)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One transaction that shall be raised, as the caller said it; nothing is checked yet.

    `net`, `tax` and `gross` are totals for comparison: all three or none. An empty `currency` is the company's own.
    `line` and `unread` as in `WantedLine`.
    """

    key: str
    kind: Kind | None = None
    supplier_code: str = ""
    supplier_name: str = ""
    currency: str = ""
    date: dt.date | None = None
    due_date: dt.date | None = None
    delivery_date: dt.date | None = None
    delivery_site: str = ""
    order_number: str = ""
    supplier_reference: str = ""
    title: str = ""
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    dimensions: tuple[Dimension, ...] = ()
    lines: tuple[WantedLine, ...] = ()
    line: int = 0
    unread: frozenset[str] = frozenset()

    def content_hash(self, stage: Stage) -> str:
        """SHA-256 (hexadecimal) over all that is asked, the stage too: 30 and 30.00 are equal, and so are a third
        amount that is given and one that follows from the other two."""
        facts = {name: _text(getattr(self, name)) for name in _HEADER}
        facts["dimensions"] = _dimensions(self.dimensions)
        facts["lines"] = [_line(line) for line in self.lines]
        told = json.dumps({**facts, "stage": stage.value}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(told.encode()).hexdigest()


_HEADER = (
    "key", "kind", "supplier_code", "supplier_name", "currency", "date", "due_date", "delivery_date", "delivery_site",
    "order_number", "supplier_reference", "title", "net", "tax", "gross",
)  # fmt: skip
_LINE = ("description", "item_code", "quantity", "unit_price", "account_code", "tax_code")


def _line(line: WantedLine) -> dict[str, Any]:
    amounts = line.amounts() or (line.net, line.tax, line.gross)
    facts: dict[str, Any] = {name: _text(getattr(line, name)) for name in _LINE}
    return {**facts, "amounts": [plain(amount) for amount in amounts], "dimensions": _dimensions(line.dimensions)}


def _dimensions(dimensions: tuple[Dimension, ...]) -> list[list[str]]:
    return [[each.name, each.code] for each in dimensions]


def _text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, dt.date) else value or ""
