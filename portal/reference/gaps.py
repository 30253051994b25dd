"""What cannot be sent: a code without its like in the accounting system, in words that say where to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from integrations.errors import Misconfigured
from portal.reference.sold import Sold

ABSENT: Final = "{where} has no {what}. Code it at the source, or set a default in the mapping of the connection."
UNKNOWN: Final = "{what} {code} is not in the mapping table of the connection. Add it there."
OF_SOLD: Final = "{where} is for {sold}, and the mapping table of the connection has no {what} for it. Add {rows}."
CLASH: Final = (
    "The mapping of the connection gives {code} the same code as the company's own currency, as if their amounts were "
    "the same. Mend its table of currencies."
)
MORE: Final = " {count} more {codes} of this document {are} missing, too."


class Why(StrEnum):
    """What is missing: the code in the document, its row in the table, or a currency's difference from another."""

    ABSENT = "absent"
    UNKNOWN = "unknown"
    CLASH = "clash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One code that cannot be sent. `line` is the line's number, None in the header; `code` is empty when absent.

    `what` is the family in words: `account code`, or the dimension's name. `sold` is what was looked up where that is
    no code of the accounting system.
    """

    family: str
    code: str
    line: int | None
    why: Why
    what: str
    sold: Sold | None = None

    @property
    def sentence(self) -> str:
        """What is missing, where, and where it is mended."""
        if self.why is Why.CLASH:
            return CLASH.format(code=self.code)
        where = "The document" if self.line is None else f"Line {self.line}"
        if self.why is Why.ABSENT:
            return ABSENT.format(where=where, what=self.what)
        if self.sold is not None:
            return OF_SOLD.format(where=where, sold=self.sold.words, what=self.what, rows=rows_to_add(self.sold))
        what = self.what[:1].upper() + self.what[1:] if self.line is None else f"Line {self.line}: {self.what}"
        return UNKNOWN.format(what=what, code=self.code)


def rows_to_add(sold: Sold) -> str:
    """Which rows would stand for what was sold, in words."""
    ways = [sold.code, f"its type {sold.type}" if sold.type else "", "*a part of its name*" if sold.label else ""]
    ways = [way for way in ways if way]
    return " or ".join(filter(None, (", ".join(ways[:-1]), ways[-1])))


def refusal(missing: Sequence[Gap]) -> Misconfigured:
    """The error for a document with these gaps, of which there is at least one."""
    first = missing[0]
    others = len({(gap.family, gap.code) for gap in missing} - {(first.family, first.code)})
    more = MORE.format(count=others, codes="code" if others == 1 else "codes", are="is" if others == 1 else "are")
    return Misconfigured(first.sentence + (more if others else ""), field=field_of(first.family, first.code))


def field_of(family: str, code: str) -> str:
    """How an error, and the posting that it refused, name a mapping: `mapping.account[5010]`."""
    return f"mapping.{family}[{code}]"[:100]
