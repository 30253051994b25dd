"""How values look on staff pages: money, moments, ages, things to copy, JSON."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.notation import amount_text, day_text

NOTHING: Final = "\N{EN DASH}"
DEEPEST_SHOWN: Final = 32
LONGEST_SHOWN: Final = 200_000

_PIECE: Final = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\],:]|[^\s{}\[\],:"]+|"')
_PUNCTUATION: Final = frozenset("{}[],:")


def money(amount: Decimal | None, currency: str = "") -> str:
    """An amount with thousands separated, its currency's decimals (never fewer than it has), a true minus, and its
    currency: `−1,234.50 GBP`. An unknown currency is shown with two decimals."""
    return NOTHING if amount is None else f"{amount_text(amount, currency)} {currency}".rstrip()


def moment(at: datetime | None, *, seconds: bool = False) -> str:
    """A UTC time as `20 Nov 2026 14:03`, with the zone on hover."""
    if at is None:
        return NOTHING
    utc = at.astimezone(UTC)
    shown = f"{day_text(utc)} {utc:%H:%M:%S}" if seconds else f"{day_text(utc)} {utc:%H:%M}"
    return format_html('<time datetime="{}" title="{} UTC">{}</time>', utc.isoformat(), shown, shown)


def age(since: datetime | None, now: datetime) -> str:
    """How long ago, in its two largest units: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""
    if since is None:
        return NOTHING
    passed = max(0, int((now - since).total_seconds()))
    if passed < 60:
        return f"{passed} s"
    if passed < 3600:
        return f"{passed // 60} min"
    if passed < 86_400:
        return f"{passed // 3600} h {passed % 3600 // 60} min"
    return f"{passed // 86_400} d {passed % 86_400 // 3600} h"


def copyable(text: str) -> str:
    """A number, id, URL or token with a button that copies it; a dash when there is none."""
    if not text:
        return NOTHING
    return format_html(
        '<span class="copyable"><span class="number">{}</span>'
        '<button type="button" class="copy" data-copy="{}" title="Copy"><svg viewBox="0 0 16 16" aria-hidden="true">'
        '<path d="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z"/></svg><span class="visually-hidden">Copy {}</span>'
        '<span class="copy-done" role="status"></span></button></span>',
        text,
        text,
        text,
    )


def block(text: str) -> SafeString:
    """Text as it stands, in a box that scrolls."""
    return format_html('<pre class="raw" tabindex="0">{}</pre>', text)


def link(url: str, text: str) -> SafeString:
    """An ordinary link."""
    return format_html('<a href="{}">{}</a>', url, text)


def folded(summary: str, content: str) -> SafeString:
    """Something that opens on a click."""
    return format_html("<details><summary>{}</summary>{}</details>", summary, content)


def json_text(value: Any) -> str:
    """A stored JSON value, indented. Nothing is escaped that a person can read."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def indented(text: str) -> str:
    """JSON text with line breaks and indentation added, and not one character of its values changed.

    It is not parsed: numbers stay as they were written, a name that is there twice is shown twice, and what is not JSON
    comes out as it went in. Deeply nested text is left alone, and long text is cut after 200,000 characters.
    """
    if len(text) > LONGEST_SHOWN:
        return f"{text[:LONGEST_SHOWN]}\n[cut here: {len(text):,} characters in all]"
    if text.lstrip()[:1] not in ("{", "["):
        return text
    pieces = _PIECE.findall(text)
    return _laid_out(pieces) if _looks_like_json(pieces) and _depth(pieces) <= DEEPEST_SHOWN else text


def _looks_like_json(pieces: list[str]) -> bool:
    """No open quote, and no two values side by side: otherwise blanks between them would be lost."""
    bare = [piece not in _PUNCTUATION for piece in pieces]
    return '"' not in pieces and not any(one and other for one, other in pairwise(bare))


def _depth(pieces: list[str]) -> int:
    deepest = depth = 0
    for piece in pieces:
        if piece in ("{", "["):
            depth += 1
            deepest = max(deepest, depth)
        elif piece in ("}", "]"):
            depth -= 1
    return deepest


def _laid_out(pieces: list[str]) -> str:
    out: list[str] = []
    depth = 0
    for before, piece in zip(["", *pieces], pieces, strict=False):
        if piece in ("}", "]"):
            depth = max(0, depth - 1)
            out.append(piece if before in ("{", "[") else _line(depth) + piece)
            continue
        if before in ("{", "[", ","):
            out.append(_line(depth))
        if piece in ("{", "["):
            depth += 1
        out.append(": " if piece == ":" else piece)
    return "".join(out)


def _line(depth: int) -> str:
    return "\n" + "  " * depth
