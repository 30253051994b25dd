"""The codes of a document side by side: as they came in, and as they would be sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from integrations.documents import Document, Line
from portal.reference.resolving import Coded, Placed, Resolved
from portal.reference.rules import CURRENCY, FAMILIES, How
from portal.reference.tables import Codes

MISSING: Final = "Missing"
DEFAULT: Final = "Default"
LEFT_OUT: Final = "Not sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """One code. `line` is the line's number, None in the header; `own` or `sent` is empty where there is none. `note`
    says what else there is to say: missing, by default, left out, or under another name."""

    line: int | None
    what: str
    own: str
    sent: str
    note: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether the document is refused for it."""
        return self.note == MISSING

    @property
    def is_changed(self) -> bool:
        """Whether something else is sent than what came in."""
        return self.own != self.sent or bool(self.note)


def code_rows(document: Document, codes: Codes) -> tuple[CodeRow, ...]:
    """Every code of a document in reading order: the header, then line by line."""
    return (*_header(document, codes), *(row for line in document.lines for row in _line(line, document, codes)))


def _header(document: Document, codes: Codes) -> Iterator[CodeRow]:
    currency = codes.resolver.code(CURRENCY, document.currency)
    yield _row(codes.resolver.party(document), None)
    yield _row(Coded(CURRENCY, document.currency, currency), None)
    yield from _dimensions(codes.resolver.dimensions(document), None, codes)


def _line(line: Line, document: Document, codes: Codes) -> Iterator[CodeRow]:
    for coded in codes.resolver.line(document, line):
        if coded is not None:
            yield _row(coded, line.number)
    yield from _dimensions(codes.resolver.dimensions(document, line), line.number, codes)


def _row(coded: Coded, line: int | None) -> CodeRow:
    what, resolved = FAMILIES[coded.family].capitalize(), coded.resolved
    return CodeRow(line=line, what=what, own=coded.own or "", sent=resolved.code or "", note=_note(resolved))


def _dimensions(placed: Iterable[Placed], line: int | None, codes: Codes) -> Iterator[CodeRow]:
    for each in placed:
        rule = codes.rules.dimension(each.name)
        note = LEFT_OUT if rule is not None and rule.how is How.DROP else _note(each.resolved)
        if not note and each.sent is not None and each.sent.name != each.name:
            note = f"As {each.sent.name}"
        own = each.own.code if each.own else each.sold.code if each.sold else ""
        sent = each.sent.code if each.sent else ""
        yield CodeRow(line=line, what=each.name, own=own, sent=sent, note=note)


def _note(resolved: Resolved) -> str:
    if resolved.missing is not None:
        return MISSING
    return DEFAULT if resolved.by_default else ""
