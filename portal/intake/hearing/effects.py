"""What a vendor's message led to."""

from __future__ import annotations

from dataclasses import dataclass, field

from integrations.reference import RecordKind


@dataclass(slots=True)
class Effects:
    """Postings and sync runs for which to ring, and all of it in words for staff."""

    postings: list[int] = field(default_factory=list)
    syncs: list[int] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def lists_of(kind: RecordKind) -> str:
    """A kind of reference data in the middle of a sentence."""
    return kind.value.replace("_", " ")
