"""CSV that spreadsheets open as it is meant, and that nothing in it can make them calculate."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Final

BYTE_ORDER_MARK: Final = "\ufeff"  # without it Excel reads UTF-8 as the machine's own code page
# A spreadsheet takes a cell that begins with one of these for a formula, the full-width forms included.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula: where it could be, an apostrophe stands before it."""
    return f"'{text}" if _is_like_a_formula(text) else text


def unsafe(text: str) -> str:
    """What `safe` was given, from what it gave."""
    return text[1:] if text.startswith("'") and _is_like_a_formula(text[1:]) else text


def csv_line(cells: Iterable[str]) -> str:
    """One line of a CSV file, its end included."""
    written = StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _is_like_a_formula(text: str) -> bool:
    """Apostrophes before one count, too: otherwise `unsafe` could not tell ours from theirs."""
    return text.lstrip("' ").startswith(FORMULA_STARTS)
