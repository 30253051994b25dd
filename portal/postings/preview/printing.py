"""Bodies as people read them: line breaks and indentation are added, and not one character of a value is changed."""

from __future__ import annotations

import re
from typing import Final

from portal.staff.formats import LONGEST_SHOWN, indented

_XML_PIECE: Final = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<[^>]+>|[^<]+|<", re.DOTALL)
_INDENT: Final = "  "


def pretty(body: str) -> str:
    """JSON or XML laid out; whatever else it is comes out as it went in. Long text is cut after 200,000 characters."""
    return _xml(body) if body.lstrip()[:1] == "<" and len(body) <= LONGEST_SHOWN else indented(body)


def pretty_bytes(body: bytes) -> str:
    """The same for what came in raw; bytes that are no UTF-8 are marked."""
    return pretty(body.decode("utf-8-sig", errors="replace"))


def _xml(text: str) -> str:
    """An element that holds only text stays on one line; blanks between two tags are layout and are replaced."""
    pieces = [piece for piece in _XML_PIECE.findall(text) if piece.strip()]
    lines: list[str] = []
    depth = 0
    after_text = False
    for before, piece in zip(["", *pieces], pieces, strict=False):
        is_tag = _is_tag(piece)
        if piece.startswith("</"):
            depth = max(0, depth - 1)
        if lines and (not is_tag or after_text or _closes(before, piece)):
            lines[-1] += piece
        else:
            lines.append(_INDENT * depth + piece)
        depth += _opens(piece)
        after_text = not is_tag
    return "\n".join(lines)


def _is_tag(piece: str) -> bool:
    return piece.startswith("<") and not piece.startswith("<![CDATA[") and len(piece) > 1


def _opens(piece: str) -> bool:
    return _is_tag(piece) and piece[1] not in "/?!" and not piece.endswith("/>")


def _closes(before: str, piece: str) -> bool:
    """Whether an element is empty: its end follows its beginning."""
    return piece.startswith("</") and _opens(before)
