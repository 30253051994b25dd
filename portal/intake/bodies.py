"""Raw bodies as people read them: text where it is text, else numbers."""

from __future__ import annotations

from typing import Final

from portal.staff.formats import indented

HEX_SHOWN: Final = 4096
HEX_WIDTH: Final = 16


def body_text(body: bytes | memoryview) -> str:
    """A raw body as text to read: indented where it is JSON, unreadable bytes marked, nothing else changed."""
    return indented(bytes(body).decode("utf-8-sig", errors="replace")) or "(an empty body)"


def body_shown(body: bytes) -> str:
    """Text where it is text, else its bytes as hexadecimal numbers."""
    try:
        body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return hex_text(body)
    return hex_text(body) if b"\x00" in body else body_text(body)


def hex_text(body: bytes) -> str:
    """Sixteen bytes to a line, with what is printable of them beside; the beginning, where there are many."""
    shown = range(0, min(len(body), HEX_SHOWN), HEX_WIDTH)
    lines = [_hex_line(place, body[place : place + HEX_WIDTH]) for place in shown]
    cut = f"\n[cut here: {len(body):,} bytes in all]" if len(body) > HEX_SHOWN else ""
    return "\n".join(lines) + cut


def _hex_line(place: int, part: bytes) -> str:
    printable = "".join(chr(one) if 32 <= one < 127 else "." for one in part)
    return f"{place:08x}  {part.hex(' '):<{HEX_WIDTH * 3 - 1}}  {printable}"
