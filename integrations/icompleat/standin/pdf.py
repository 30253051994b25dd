"""A one-page PDF made of lines of text, for the paper that comes with an invoice. Any viewer opens it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

_A4: Final = "[0 0 595 842]"
_TOP, _LEFT, _LEADING, _SIZE = 780, 56, 16, 11


def one_page(lines: Iterable[str]) -> bytes:
    """The file. Letters beyond Windows-1252 become question marks."""
    text = b"\n".join(b"(" + _escaped(line) + b") Tj T*" for line in lines)
    content = f"BT /F1 {_SIZE} Tf {_LEADING} TL {_LEFT} {_TOP} Td\n".encode() + text + b"\nET"
    page = f"/Type /Page /Parent 2 0 R /MediaBox {_A4} /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >>"
    return _file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< {page} >>".encode(),
            f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        ]
    )


def _escaped(line: str) -> bytes:
    text = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return " ".join(text.split("\n")).encode("cp1252", errors="replace")


def _file(objects: Sequence[bytes]) -> bytes:
    written = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(written))
        written += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(written)
    # Every entry of the table is exactly 20 bytes long.
    written += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    written += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    written += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(written)
