"""Two ways to write the parts of a company's data, both in small pieces: a zip of CSV files, or one JSON document."""

from __future__ import annotations

import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.utils import timezone

from portal.desk.company_settings.taking_away.parts import PARTS, Part, Row, Wanted
from portal.spreadsheet import BYTE_ORDER_MARK, csv_line, safe

PIECE: Final = 64 * 1024
AT_ONCE: Final = 2
BUSY: Final = "Two exports are being written at this moment. Try it again in a few minutes."

# They may be negative: an apostrophe would make text of them.
AMOUNTS: Final = frozenset({"net", "tax", "gross", "quantity", "unit_price"})
NUMBER: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)

_slots: Final = threading.BoundedSemaphore(AT_ONCE)


class Busy(Exception):
    """There are as many exports under way as one process writes at a time."""


class Form(StrEnum):
    """In which form the data is taken away."""

    CSV = "csv"
    JSON = "json"


class Export:
    """The bytes of one export, piece by piece. It holds one of two places until it is read or closed.

    Raises `Busy` where there is none.
    """

    def __init__(self, form: Form, wanted: Wanted) -> None:
        if not _slots.acquire(blocking=False):
            raise Busy(BUSY)
        self._holds = True
        self._pieces = _gathered(WAYS[form](wanted))

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        finally:
            self.close()

    def close(self) -> None:
        """Give the place back; Django calls it when the answer is over, however it ended."""
        holds, self._holds = self._holds, False
        if holds:
            _slots.release()


class _Outlet:
    """What a zip file is written to; the pieces are taken away while it grows."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep it until it is taken."""
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        """All that was written since the last time."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def zipped(wanted: Wanted) -> Iterator[bytes]:
    """A zip with one CSV file for each part, safe to open in a spreadsheet."""
    outlet, at = _Outlet(), timezone.now()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in PARTS:
            with archive.open(_entry(part, at), "w", force_zip64=True) as file:
                for line in _csv(part, wanted):
                    file.write(line.encode())
                    yield outlet.take()
            yield outlet.take()
    yield outlet.take()


def as_json(wanted: Wanted) -> Iterator[bytes]:
    """One JSON document: the company, and a list for each part. Lines stand inside of their transactions."""
    company = {"id": str(wanted.company.pk), "name": wanted.company.name, "currency": wanted.company.base_currency}
    taken = {"taken_at": timezone.now().isoformat(timespec="seconds"), "company": company}
    yield json.dumps(taken, ensure_ascii=False)[:-1].encode()
    for part in PARTS:
        if part.name != "lines":
            yield f',\n"{part.name}": ['.encode()
            yield from _json(part, wanted)
            yield b"]"
    yield b"}\n"


WAYS: Final[dict[Form, Callable[[Wanted], Iterator[bytes]]]] = {Form.CSV: zipped, Form.JSON: as_json}


def _entry(part: Part, at: datetime) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{part.name}.csv", (at.year, at.month, at.day, at.hour, at.minute, at.second))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _csv(part: Part, wanted: Wanted) -> Iterator[str]:
    yield BYTE_ORDER_MARK + csv_line(part.columns)
    for row in part.rows(wanted):
        yield csv_line(_cell(row, name) for name in part.columns)


def _cell(row: Row, name: str) -> str:
    value = row.get(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "" if value is None else str(value)
    return text if name in AMOUNTS and NUMBER.fullmatch(text) else safe(text)


def _json(part: Part, wanted: Wanted) -> Iterator[bytes]:
    before = "\n"
    for row in part.rows(wanted):
        yield f"{before}{json.dumps(row, ensure_ascii=False)}".encode()
        before = ",\n"


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """In pieces worth sending."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= PIECE:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
