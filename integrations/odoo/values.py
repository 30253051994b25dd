"""Single values on their way to Odoo and back: texts, links to other records, amounts, dates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

LONGEST_TEXT: Final = 500


def words(text: str, most: int = LONGEST_TEXT) -> str:
    """A text on one line, without control characters, cut where it is long."""
    visible = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(visible.split())[:most].rstrip()


def text(value: object) -> str | None:
    """A text; Odoo tells `false` for an empty one."""
    return value if isinstance(value, str) and value else None


def label(value: object) -> str | None:
    """The name in a link to another record, which is told as `[id, name]`."""
    return text(value[1]) if isinstance(value, list) and len(value) == 2 else None


def record_id(value: object) -> int:
    """The id in a link to another record, or the id itself; 0 where there is none."""
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, int) else 0


def plain(value: Decimal) -> str:
    """A number as text, with all its digits."""
    return format(value, "f")


def amount(value: object) -> Decimal | None:
    """An amount as a number of the JSON; anything else is none."""
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def day(value: object) -> date | None:
    """A date, also of a moment such as 2024-03-14 12:00:00; anything else is none."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
