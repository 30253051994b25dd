"""The vendor's query language: what was seen of it in its own client, and nothing else.

Seen: `$filter` with `eq`, `lt`, `le`, `gt`, `ge` joined by `and`, `contains(p, 'v')`, `startswith`, `endswith`, values
in quotes, numbers too; `$orderby`, `$top`, `$skip`. `or` and `ne` are not confirmed, so they are never sent. `$select`
is not sent either: a name that a platform does not have might be refused, and fields that customers add would not be
seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

_KEPT: Final = "$(),'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One read of a module. `where` are joined by and; `order` is from the first to the last."""

    where: Sequence[str] = ()
    order: Sequence[str] = ()
    top: int
    skip: int = 0

    def text(self) -> str:
        """For an address. A blank is %20: not every reader of OData takes a plus for one."""
        parts = {
            "$filter": " and ".join(self.where),
            "$orderby": ",".join(f"{name} asc" for name in self.order),
            "$top": str(self.top),
            "$skip": str(self.skip) if self.skip else "",
        }
        return "&".join(f"{name}={quote(value, safe=_KEPT)}" for name, value in parts.items() if value)


def equals(name: str, value: str) -> str:
    """A property has this value."""
    return f"{name} eq {_quoted(value)}"


def contains(name: str, value: str) -> str:
    """A text property has this somewhere."""
    return f"contains({name}, {_quoted(value)})"


def from_moment(name: str, moment: str, *, is_quoted: bool) -> str:
    """A moment as the platform writes it, or any later one."""
    return f"{name} ge {_quoted(moment) if is_quoted else moment}"


def _quoted(value: str) -> str:
    """In quotes; one inside is doubled, as OData has it."""
    return "'" + value.replace("'", "''") + "'"
