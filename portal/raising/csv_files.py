"""Transactions to raise as a CSV file: one row for each line, and the rows with the same key are one transaction.

The header's columns need to be filled in on one row of a transaction only; where several fill them in, they must agree.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Final

from integrations.documents import Dimension
from portal.raising.members import DIMENSION, HEADER, LINE, LONGEST_DIMENSION, Member, Shape
from portal.raising.template import TEMPLATE
from portal.raising.values import Unreadable, from_text, shown, text_of
from portal.raising.wanted import Problem, Wanted, WantedLine
from portal.spreadsheet import BYTE_ORDER_MARK, unsafe

__all__ = ["MOST_BYTES", "MOST_LINES", "TEMPLATE", "Parsed", "read"]

MOST_BYTES: Final = 1_000_000
MOST_LINES: Final = 2_000
DELIMITERS: Final = (",", ";", "\t")
_HEADER: Final = {member.column: member for member in HEADER}
_LINE: Final = {member.column: member for member in LINE}
_KEY: Final = _HEADER["key"]
_CODE: Final = Member("code", "", "", Shape.TEXT, 100)

TOO_BIG: Final = f"The file is larger than {MOST_BYTES // 1_000_000} MB. Split it into several."
TOO_MANY: Final = f"The file has more than {MOST_LINES:,} lines. Split it into several."
UTF_16: Final = "The file is UTF-16 text. Save it as “CSV UTF-8” and upload it again."
NO_TEXT: Final = "The file is no text: neither UTF-8 nor Windows-1252. Save it as “CSV UTF-8” and upload it again."
WINDOWS: Final = (
    "The file is not UTF-8; it was read as Windows-1252 (cp1252). Look whether letters with accents are right."
)
EMPTY: Final = "The file has no transactions. The first line names the columns; each line after it is one line of one."
NO_HEADING: Final = "The first line must name the columns; the column {column} is missing. Begin with the template."
UNKNOWN_COLUMN: Final = "There is no column “{column}”. Take it out, or name it as the template does."
TWICE: Final = "The column {column} is there twice."
MORE_CELLS: Final = "The line has more cells than the first line has columns. Is a text with a {name} not quoted?"
NO_KEY: Final = "The key is empty. Give every transaction a key of yours that no other one has."
OTHERWISE: Final = "It says “{text}” here and “{other}” in line {line}, but both belong to the transaction {key}."
NO_CSV: Final = "It is no CSV: {error}."


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file says. With an error among the problems nothing of it can be raised; the transactions are there
    nevertheless, so that everything else that is wrong with them can be told at once."""

    wanted: tuple[Wanted, ...]
    problems: tuple[Problem, ...]


def read(data: bytes) -> Parsed:
    """The transactions of a CSV file, in the order in which they begin."""
    text, problem = _decoded(data)
    told = (problem,) if problem else ()
    if text is None:
        return Parsed((), told)
    reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        parsed = _read(reader)
    except csv.Error as error:
        parsed = Parsed((), (Problem(message=NO_CSV.format(error=error), line=reader.line_num),))
    return Parsed(parsed.wanted, told + parsed.problems)


def _decoded(data: bytes) -> tuple[str | None, Problem | None]:
    if len(data) > MOST_BYTES:
        return None, Problem(message=TOO_BIG)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None, Problem(message=UTF_16)
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), Problem(message=WINDOWS, is_warning=True)
    except UnicodeDecodeError:
        return None, Problem(message=NO_TEXT)


def _delimiter(text: str) -> str:
    heading = text.split("\n", 1)[0]
    return max(DELIMITERS, key=heading.count)


def _read(reader: Any) -> Parsed:
    columns = [_heading(cell) for cell in next(reader, [])]
    if wrong := list(_wrong_headings(columns)):
        return Parsed((), tuple(wrong))
    sheet = _Sheet()
    for cells in reader:
        if reader.line_num > MOST_LINES:
            return Parsed((), (Problem(message=TOO_MANY, line=reader.line_num),))
        if any(cell.strip() for cell in cells):
            _take(sheet, columns, cells, reader.line_num, reader.dialect.delimiter)
    if not sheet.documents and not sheet.problems:
        sheet.problems.append(Problem(message=EMPTY))
    return Parsed(tuple(one.wanted() for one in sheet.documents.values()), tuple(sheet.problems))


def _heading(cell: str) -> str:
    """A column's name as it counts. What stands behind `dimension:` is the dimension's own name."""
    name = " ".join(cell.removeprefix(BYTE_ORDER_MARK).split())
    if name.casefold().startswith(DIMENSION):
        return DIMENSION + name[len(DIMENSION) :].strip()
    return name.casefold().replace(" ", "_")


def _wrong_headings(columns: list[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for column in columns:
        if column.casefold() in seen:
            yield Problem(message=TWICE.format(column=column), line=1, column=column)
        seen.add(column.casefold())
        known = column in _HEADER or column in _LINE or 0 < len(column.removeprefix(DIMENSION)) <= LONGEST_DIMENSION
        if not known or (column not in _HEADER and column not in _LINE and not column.startswith(DIMENSION)):
            yield Problem(message=UNKNOWN_COLUMN.format(column=column[:100]), line=1, column=column[:100])
    for needed in ("key", "kind", "description"):
        if needed not in seen:
            yield Problem(message=NO_HEADING.format(column=needed), line=1, column=needed)


@dataclass(slots=True)
class _Open:
    """One transaction while its rows are read. `said` keeps in which line and how a member of the header was given."""

    line: int
    values: dict[str, Any]
    said: dict[str, tuple[int, str]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    lines: list[WantedLine] = field(default_factory=list)

    def wanted(self) -> Wanted:
        return Wanted(**self.values, lines=tuple(self.lines), line=self.line, unread=frozenset(self.unread))


@dataclass(slots=True)
class _Sheet:
    documents: dict[str, _Open] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def _take(sheet: _Sheet, columns: list[str], cells: list[str], line: int, delimiter: str) -> None:
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        name = {",": "comma", ";": "semicolon", "\t": "tab"}[delimiter]
        sheet.problems.append(Problem(message=MORE_CELLS.format(name=name), line=line))
        return
    given = {
        column: written
        for column, cell in zip(columns, cells, strict=False)
        if (written := unsafe(cell.strip()).strip())
    }
    key = given.pop("key", "")
    try:
        key = text_of(_KEY, key)
    except Unreadable as error:
        sheet.problems.append(Problem(message=str(error), line=line, column="key"))
        return
    if not key:
        sheet.problems.append(Problem(message=NO_KEY, line=line, column="key"))
        return
    document = sheet.documents.setdefault(key, _Open(line, {"key": key}))
    sheet.problems += _take_header(document, given, line)
    wanted_line, problems = _line(given, line, key)
    document.lines.append(wanted_line)
    sheet.problems += problems


def _take_header(document: _Open, given: Mapping[str, str], line: int) -> Iterable[Problem]:
    key = document.values["key"]
    for column, written in given.items():
        member = _HEADER.get(column)
        if member is None:
            continue
        before = document.said.setdefault(member.name, (line, written))
        if before[1] != written:
            message = OTHERWISE.format(text=shown(written), other=shown(before[1]), line=before[0], key=key)
            yield Problem(message=message, line=line, column=column, key=key)
        elif before[0] == line:
            try:
                document.values[member.name] = from_text(member, written)
            except Unreadable as error:
                document.unread.add(member.name)
                yield Problem(message=str(error), line=line, column=column, key=key)


def _line(given: Mapping[str, str], line: int, key: str) -> tuple[WantedLine, list[Problem]]:
    values: dict[str, Any] = {}
    dimensions: list[Dimension] = []
    problems: list[Problem] = []
    unread: set[str] = set()
    for column, written in given.items():
        member = _LINE.get(column)
        try:
            if member is not None:
                values[member.name] = from_text(member, written)
            elif column.startswith(DIMENSION):
                code = text_of(_CODE, written)
                dimensions.append(Dimension(name=column.removeprefix(DIMENSION), code=code))
        except Unreadable as error:
            unread.add(member.name if member else column)
            problems.append(Problem(message=str(error), line=line, column=column, key=key))
    read_line = WantedLine(**values, dimensions=tuple(dimensions), line=line, unread=frozenset(unread))
    return read_line, problems
