"""Files that belong to a document: the supplier's invoice as PDF, and whatever else somebody attached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LARGEST_FILE: Final = 7 * 1024 * 1024
"""In bytes. Its Base64 fits into one answer of at most 10 MB; what is larger is not fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """What is known of a file without its content. `size` is in bytes, None where the system does not tell."""

    external_id: str
    name: str
    content_type: str = "application/octet-stream"
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file with its content."""

    name: str
    content_type: str
    content: bytes
