"""What a file is called in the books: as at the source, but safe everywhere and unique within its document."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from itertools import count
from typing import Final

from portal.postings.attachments.models import LONGEST_NAME

NAMELESS: Final = "attachment"
# Path separators, and what file systems and headers take for something else.
NOT_IN_A_NAME: Final = frozenset('/\\:*?"<>|')
LONGEST_ENDING: Final = 10


def name_there(name: str, taken: Collection[str]) -> str:
    """The source's `name` without path separators and control characters, at most 150 characters, and in no spelling
    one of `taken`: the second `invoice.pdf` is `invoice (2).pdf`."""
    used = {folded(one) for one in taken}
    wanted = _safe(name)
    numbered = (_with_number(wanted, number) for number in count(2))
    return wanted if folded(wanted) not in used else next(one for one in numbered if folded(one) not in used)


def folded(name: str) -> str:
    """Names that differ only in case, or in how an accent is written, are one name."""
    return unicodedata.normalize("NFC", name).casefold().strip()


def is_pdf(name: str, content_type: str) -> bool:
    """Whether it is the supplier's paper, most likely."""
    return content_type.partition(";")[0].strip().lower() == "application/pdf" or name.lower().endswith(".pdf")


def _safe(name: str) -> str:
    text = "".join(_character(one) for one in unicodedata.normalize("NFC", name))
    # A leading dot hides a file, a trailing one is lost on some systems.
    return _cut(" ".join(text.split()).strip(". ") or NAMELESS, LONGEST_NAME)


def _character(one: str) -> str:
    if one in NOT_IN_A_NAME:
        return "-"
    return " " if unicodedata.category(one)[0] in "CZ" else one


def _with_number(name: str, number: int) -> str:
    stem, ending = _parts(name)
    tail = f" ({number}){ending}"
    return f"{stem[: LONGEST_NAME - len(tail)].rstrip()}{tail}"


def _cut(name: str, longest: int) -> str:
    stem, ending = _parts(name)
    return f"{stem[: longest - len(ending)].rstrip()}{ending}"


def _parts(name: str) -> tuple[str, str]:
    """What stands before the ending, and the ending with its dot; a long one is none."""
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if stem and len(ending) <= LONGEST_ENDING else (name, "")
