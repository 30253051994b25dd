"""What came in, what was sent and what is in the books, field by field. It asks nobody: `there.look` does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from integrations.content import from_json
from integrations.documents import Document, Line
from integrations.errors import Misconfigured
from portal.connections.registry import UnknownIntegration
from portal.notation import amount_text, day_text
from portal.postings.content import document_of
from portal.postings.models import Posting
from portal.postings.reconciliation.compare import same
from portal.postings.repairing.lines import BookedLine
from portal.postings.repairing.there import Now
from portal.postings.states import State

AMOUNTS: Final = ("net", "tax", "gross")
HEADER: Final = ("date", "supplier_code", "currency", *AMOUNTS)


class Verdict(StrEnum):
    """How a field stands in the books beside what was sent. `OWN`: nothing was said, so the books have their own."""

    AGREES = "agrees"
    OWN = "own"
    DIFFERS = "differs"
    CHANGED = "changed"
    NOT_TOLD = "not_told"
    NOT_THERE = "not_there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field, each side as people read it, empty where there is no value. `field` is a path as in a document.

    `theirs` is what is in the books, as it was told when it was posted or, where they were asked, as they say now;
    `was` is what was told when it was posted, where that is something else.
    """

    field: str
    came_in: str
    sent: str
    theirs: str
    verdict: Verdict
    was: str = ""
    is_amount: bool = False


def rows(posting: Posting, now: Now | None = None) -> tuple[Row, ...]:
    """The fields of the header in reading order, then of each line where the books tell their lines.

    Raises what `from_json` raises for content that cannot be read any more.
    """
    came_in = from_json(posting.transaction.content)
    sides = _Sides(posting, came_in, _sent(posting), now)
    return (*sides.header(), *sides.lines())


def _sent(posting: Posting) -> Document | None:
    """In the accounting system's codes, by the mapping as it is now; None where nothing was sent, or nobody can say."""
    if not posting.attempts_made and posting.state != State.POSTED:
        return None
    try:
        return document_of(posting)
    except (Misconfigured, UnknownIntegration):
        return None


@dataclass(frozen=True, slots=True)
class _Sides:
    """The sides of one posting. Values travel as the text that the books are compared by, or None."""

    posting: Posting
    came_in: Document
    sent: Document | None
    now: Now | None

    def header(self) -> Iterator[Row]:
        told, came_in, sent = self._told(), _header(self.came_in), _header(self.sent)
        for name in HEADER:
            yield self._row(name, came_in.get(name), sent.get(name), told)

    def lines(self) -> Iterator[Row]:
        booked = self.now.lines if self.now else {}
        sent = {line.number: line for line in self.sent.lines} if self.sent else {}
        for line in self.came_in.lines if booked else ():
            yield from self._line(line, sent.get(line.number), booked.get(line.number))

    def _line(self, line: Line, sent: Line | None, booked: BookedLine | None) -> Iterator[Row]:
        for name in ("account_code", "tax_code", "net"):
            theirs = _text(getattr(booked, name, None))
            mine = _text(getattr(line, name)), _text(getattr(sent, name, None))
            yield self._row(f"lines[{line.number}].{name}", *mine, {name: theirs} if theirs else {}, name=name)

    def _told(self) -> Mapping[str, str]:
        return self.posting.booked if self._is_then() else self.now.told if self.now else {}

    def _is_then(self) -> bool:
        """Whether what counts is what was told when it was posted: nobody asked, or nobody could be asked."""
        return self.now is None or bool(self.now.problem)

    def _row(
        self, field: str, came_in: str | None, sent: str | None, told: Mapping[str, str], *, name: str = ""
    ) -> Row:
        name = name or field
        theirs, then = told.get(name), None if self._is_then() else self.posting.booked.get(field)
        changed = bool(then and theirs and not same(name, then, theirs))
        return Row(
            field=field,
            came_in=self._shown(name, came_in),
            sent=self._shown(name, sent),
            theirs=self._shown(name, theirs),
            was=self._shown(name, then) if changed else "",
            verdict=self._verdict(name, sent or came_in, theirs, changed=changed),
            is_amount=name in AMOUNTS,
        )

    def _verdict(self, name: str, ours: str | None, theirs: str | None, *, changed: bool) -> Verdict:
        if theirs is None:
            return Verdict.NOT_TOLD if self._is_there() else Verdict.NOT_THERE
        if changed:
            return Verdict.CHANGED
        if ours is None:
            return Verdict.OWN
        return Verdict.AGREES if same(name, ours, theirs) else Verdict.DIFFERS

    def _is_there(self) -> bool:
        return self.posting.state == State.POSTED if self._is_then() else bool(self.now and self.now.told)

    def _shown(self, name: str, text: str | None) -> str:
        if not text:
            return ""
        if name in AMOUNTS:
            return _amount_shown(text, self.came_in.currency)
        return _day_shown(text) if name == "date" else text


def _header(document: Document | None) -> dict[str, str | None]:
    if document is None:
        return {}
    given = {"date": document.date, "supplier_code": document.party.code, "currency": document.currency}
    return {name: _text(value) for name, value in {**given, **{one: getattr(document, one) for one in AMOUNTS}}.items()}


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _amount_shown(text: str, currency: str) -> str:
    try:
        return amount_text(Decimal(text), currency)
    except InvalidOperation:
        return text


def _day_shown(text: str) -> str:
    try:
        return day_text(dt.date.fromisoformat(text))
    except ValueError:
        return text
