"""Mapping tables as CSV files: what a file says row by row, and a table as a file. The two round-trip."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Final

from portal.connections.models import Connection
from portal.reference.models import MappedCode
from portal.reference.rules import DIMENSION, FAMILIES, LONGEST_CODE, LONGEST_NAME, dimension_family
from portal.spreadsheet import BYTE_ORDER_MARK, csv_line, safe, unsafe

HEADINGS: Final = ("Family", "Source code", "Accounting code", "Note")
LONGEST_NOTE: Final = 200
MOST_ROWS: Final = 200_000
DELIMITERS: Final = (",", ";", "\t")

NO_HEADING: Final = "The first line names the columns: Family, Source code, Accounting code, and Note if there are any."
NO_FAMILY: Final = f"“{{text}}” is no family: write {', '.join(FAMILIES)}, or dimension: with its name."
EMPTY: Final = "The {column} is empty."
LONG: Final = "The {column} is longer than {most} characters."
REPEATED: Final = "Line {line} is for the same code."
TOO_MANY: Final = f"A file holds at most {MOST_ROWS:,} rows."
CELLS: Final = "It has more cells than the first line has columns."


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file. `note` is None where the file has no such column: a stored note stays."""

    family: str
    source_code: str
    accounting_code: str
    note: str | None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line of a file that cannot be taken, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file says. Nothing of it is taken while there is a bad row."""

    rows: tuple[Row, ...]
    bad: tuple[BadRow, ...]


def read(text: str, family: str = "") -> Contents:
    """The rows of a CSV file, separated by commas, semicolons or tabs. `family` is that of all rows; empty: each row
    says its own in the column Family."""
    text = text.removeprefix(BYTE_ORDER_MARK)
    reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        return _read(reader, family)
    except csv.Error as error:
        return Contents((), (BadRow(reader.line_num, f"It is no CSV: {error}."),))


def csv_lines(connection: Connection) -> Iterator[str]:
    """All tables of a connection as one file, line by line, safe to open in a spreadsheet."""
    yield BYTE_ORDER_MARK + csv_line(HEADINGS)
    rows = MappedCode.objects.filter(connection_id=connection.pk).order_by("family", "source_code")
    for cells in rows.values_list("family", "source_code", "accounting_code", "note").iterator():
        yield csv_line(map(safe, cells))


def family_from_text(text: str) -> str | None:
    """A family as a person writes it (`Account`, `account code`, `dimension: Department`); None for anything else."""
    written = text.strip().casefold()
    for family, words in FAMILIES.items():
        if " ".join(written.replace("_", " ").split()) in (family.replace("_", " "), words):
            return family
    name = written.removeprefix(DIMENSION).strip()
    return dimension_family(name) if written.startswith(DIMENSION) and 0 < len(name) <= LONGEST_NAME else None


def _delimiter(text: str) -> str:
    heading = text.split("\n", 1)[0]
    return max(DELIMITERS, key=heading.count)


def _read(reader: Iterator[list[str]], family: str) -> Contents:
    columns = [" ".join(cell.casefold().replace("_", " ").split()) for cell in next(reader, [])]
    needed = {"source code", "accounting code"} | (set() if family else {"family"})
    if not needed <= set(columns) or len(set(columns)) < len(columns):
        return Contents((), (BadRow(1, NO_HEADING),))
    rows: dict[tuple[str, str], int] = {}
    taken: list[Row] = []
    bad: list[BadRow] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        line = reader.line_num  # type: ignore[attr-defined]
        found = _row(columns, cells, family)
        if isinstance(found, Row) and (first := rows.setdefault((found.family, found.source_code), line)) != line:
            found = REPEATED.format(line=first)
        if isinstance(found, Row):
            taken.append(found)
        else:
            bad.append(BadRow(line, found))
        if len(taken) + len(bad) > MOST_ROWS:
            return Contents((), (BadRow(line, TOO_MANY),))
    return Contents(tuple(taken), tuple(bad))


def _row(columns: list[str], cells: list[str], family: str) -> Row | str:
    """The row, or what is wrong with it."""
    if len(cells) > len(columns):
        return CELLS
    given = {column: unsafe(cell).strip() for column, cell in zip(columns, cells, strict=False)}
    named = family or family_from_text(given.get("family", ""))
    if named is None:
        return NO_FAMILY.format(text=given.get("family", ""))
    for column in ("source code", "accounting code"):
        if wrong := _wrong(column, given.get(column, "")):
            return wrong
    note = given.get("note", "") if "note" in columns else None
    if len(note or "") > LONGEST_NOTE:
        return LONG.format(column="note", most=LONGEST_NOTE)
    return Row(named, given["source code"], given["accounting code"], note)


def _wrong(column: str, code: str) -> str:
    if not code:
        return EMPTY.format(column=column)
    return LONG.format(column=column, most=LONGEST_CODE) if len(code) > LONGEST_CODE else ""
