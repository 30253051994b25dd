"""What was sold, and how the rows of a table may name it: the thing itself, its type, or a part of its label."""

from __future__ import annotations

from typing import Final, NamedTuple

from integrations.documents import Line
from portal.reference.families import DIMENSION, REVENUE

STAR: Final = "*"
BETWEEN: Final = "/"
MOST_LABEL_ROWS: Final = 500
TOO_MANY_LABEL_ROWS: Final = (
    f"At most {MOST_LABEL_ROWS:,} rows of a connection can be for a part of a label, such as *first aid*. Name types "
    "or single codes instead."
)
LONGEST_SHOWN: Final = 60


class Sold(NamedTuple):
    """What one line is for, in the source's words.

    `names` are the codes whose rows may stand for it, the most exact first: none where the source does not tell.
    `label` is what the line is called, empty where no part of it counts.
    """

    names: tuple[str, ...]
    label: str = ""

    @property
    def code(self) -> str:
        """The most exact of its names; empty where it has none."""
        return self.names[0] if self.names else ""

    @property
    def type(self) -> str:
        """The name that others of its kind share; empty where there is none."""
        return self.names[1] if len(self.names) > 1 else ""

    @property
    def words(self) -> str:
        """It as people read it: `“First aid at work” (Course/4711)`."""
        if not self.label:
            return self.code
        label = self.label if len(self.label) <= LONGEST_SHOWN else f"{self.label[: LONGEST_SHOWN - 1]}…"
        return f"“{label}” ({self.code})" if self.code else f"“{label}”"


def sold_on(line: Line) -> Sold:
    """What was sold: of the item code `Course/4711` the thing, then the type before the stroke."""
    code = line.item_code.strip()
    kind = code.partition(BETWEEN)[0].strip() if BETWEEN in code else ""
    return Sold(tuple(dict.fromkeys(name for name in (code, kind) if name)), line.description.strip())


def method_of(line: Line) -> Sold:
    """By which method money moved. It has no type, and no part of a reference counts."""
    code = line.item_code.strip()
    return Sold((code,) if code else ())


def is_for_a_label(family: str, source_code: str) -> bool:
    """Whether a row is for a part of a label: of what was sold, or of a dimension that follows from it."""
    return bool(text_of(source_code)) and (family == REVENUE or family.startswith(DIMENSION))


def text_of(source_code: str) -> str:
    """The text of a row for a part of a label, without letter case: `first aid` of `*First aid*`. Empty for others."""
    inside = source_code[1:-1].strip()
    return inside.casefold() if source_code.startswith(STAR) and source_code.endswith(STAR) else ""
