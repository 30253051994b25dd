"""What an outside system says, made fit to be shown: one plain line, or our own words where it says no sentence."""

from __future__ import annotations

import re
from typing import Final

LONGEST_SENTENCE: Final = 300

# A page or the inside of a program: of these not even a part is for people.
_UNFIT: Final = re.compile(
    r"<(!doctype|html|head|body|script|style|h[1-6])\b"
    r"|Traceback \(most recent call last\)|\n\s*File \"|\n\s+at [\w.$]+\(",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>")


def sentence(text: object, *, otherwise: str) -> str:
    """The system's own words on one line of at most 300 characters, without mark-up or control characters.

    `otherwise` stands in for what is no text, is empty, or shows a web page or a traceback.
    """
    if not isinstance(text, str) or _UNFIT.search(text):
        return otherwise
    visible = "".join(one if one.isprintable() else " " for one in _TAG.sub(" ", text))
    return " ".join(visible.split())[:LONGEST_SENTENCE].rstrip() or otherwise
