"""A kept dry run as a page shows it: what `DryRun.to_json` wrote, read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import InvalidOperation
from typing import Any, Final

from integrations.content import from_json as document_from_json
from integrations.documents import Document
from integrations.previewing import Objection
from portal.postings.preview.coded import CodeRow
from portal.postings.preview.printing import pretty_bytes
from portal.postings.preview.report import Outcome, Shown

UNREADABLE: Final = (KeyError, TypeError, ValueError, InvalidOperation)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGap:
    """A code that the mapping lacked. `field` is its name in the mapping, such as `mapping.account[5010]`."""

    field: str
    line: int | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """The members of a `DryRun` that pages show, by the same names."""

    at: datetime
    system: str
    outcome: Outcome
    sentence: str
    document: Document
    came_in: str
    gaps: tuple[StoredGap, ...]
    objections: tuple[Objection, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    requests: tuple[Shown, ...]
    codes: tuple[CodeRow, ...]

    @property
    def distinct_gaps(self) -> tuple[StoredGap, ...]:
        """Each missing code once, where it is met first."""
        found: dict[str, StoredGap] = {}
        for gap in self.gaps:
            found.setdefault(gap.field, gap)
        return tuple(found.values())


def stored_run(result: Mapping[str, Any] | None, body: bytes) -> StoredRun | None:
    """What was kept, with the raw body beside it; None where there is nothing, or where an older release wrote it in a
    shape that this one does not read: it can be made again."""
    if not result:
        return None
    try:
        return StoredRun(
            at=datetime.fromisoformat(result["at"]),
            system=result["system"],
            outcome=Outcome(result["outcome"]),
            sentence=result["sentence"],
            document=document_from_json(result["document"]),
            came_in=pretty_bytes(body) if body else "",
            gaps=tuple(StoredGap(**each) for each in result["gaps"]),
            objections=tuple(Objection(**each) for each in result["objections"]),
            warnings=tuple(result["warnings"]),
            notes=tuple(result["notes"]),
            requests=tuple(Shown(**each) for each in result["requests"]),
            codes=tuple(CodeRow(**each) for each in result["codes"]),
        )
    except UNREADABLE:
        return None
