"""A word with a shape and a colour: how every page shows where something stands, never by colour alone.

The colours of the five tones stand in `portal/desk/static/postroom/tokens.css`.
"""

from __future__ import annotations

from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

POSTED, UNDER_WAY, WAITING, PERSON, CLOSED = "posted", "under-way", "waiting", "person", "closed"

# Drawn on a square of 12 by 12, in strokes; constants of ours, hence safe as they stand.
SHAPES: Final[dict[str, SafeString]] = {
    name: mark_safe(drawing)  # noqa: S308
    for name, drawing in {
        POSTED: '<path d="M2 6.5 4.8 9.3 10 3.2"/>',
        UNDER_WAY: '<circle cx="6" cy="6" r="4"/>',
        WAITING: '<circle cx="6" cy="6" r="4.75"/><path d="M6 3.4V6l1.7 1.2"/>',
        PERSON: '<path d="M2.5 11V1.5h7L7.6 4.1l1.9 2.6h-7"/>',
        CLOSED: '<circle cx="6" cy="6" r="4.75"/><path d="M2.7 9.3l6.6-6.6"/>',
    }.items()
}


def tone(tone: str, word: str) -> SafeString:
    """A word in one of the five tones: tick, ring, clock, flag or slash before it."""
    return format_html(
        '<span class="badge badge-{}">'
        '<svg class="badge-shape" viewBox="0 0 12 12" aria-hidden="true">{}</svg>{}</span>',
        tone,
        SHAPES[tone],
        word,
    )
