"""What a dry run found: a value that can be shown at once or kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from integrations.content import to_json as document_to_json
from integrations.documents import Document
from integrations.previewing import HeldBack, Objection
from portal.postings.preview.coded import CodeRow
from portal.postings.preview.printing import pretty
from portal.reference.gaps import Gap, field_of


class Outcome(StrEnum):
    """What would happen."""

    SENT = "sent"
    THERE = "there"
    KEPT = "kept"
    NOT_TAKEN = "not_taken"
    GAPS = "gaps"
    OBJECTIONS = "objections"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One request that would write, redacted, its body laid out. `url` is empty where nothing travels."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str

    @classmethod
    def of(cls, held: HeldBack) -> Shown:
        """As it was held back."""
        return cls(method=held.method, url=held.url, headers=dict(held.headers), body=pretty(held.body))


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """One dry run at `at` (aware UTC). Nothing was written.

    `sentence` says what would happen, or why nobody knows; `field` names what is at fault there, if anything is.
    `gaps` are codes that the mapping lacks, `objections` what the system would refuse, `warnings` what may be refused
    and `notes` what else a reader should know. `document` is what came in, `sent` the same in the system's codes, None
    where codes are missing. `came_in` is the raw body, laid out, empty where there is none.
    """

    at: datetime
    system: str
    outcome: Outcome
    sentence: str
    document: Document
    reference: str
    is_made_up: bool
    key: str
    field: str = ""
    came_in: str = ""
    sent: Document | None = None
    codes: tuple[CodeRow, ...] = ()
    gaps: tuple[Gap, ...] = ()
    objections: tuple[Objection, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    requests: tuple[Shown, ...] = ()

    @property
    def distinct_gaps(self) -> tuple[Gap, ...]:
        """Each missing code once, where it is met first."""
        found: dict[tuple[str, str], Gap] = {}
        for gap in self.gaps:
            found.setdefault((gap.family, gap.code), gap)
        return tuple(found.values())

    def to_json(self) -> dict[str, Any]:
        """All of it by name, for a JSON column."""
        return {
            "at": self.at.isoformat(),
            "system": self.system,
            "outcome": self.outcome.value,
            "sentence": self.sentence,
            "field": self.field,
            "reference": self.reference,
            "is_made_up": self.is_made_up,
            "key": self.key,
            "came_in": self.came_in,
            "document": document_to_json(self.document),
            "sent": None if self.sent is None else document_to_json(self.sent),
            "codes": [asdict(one) for one in self.codes],
            "gaps": [
                {"field": field_of(one.family, one.code), "line": one.line, "sentence": one.sentence}
                for one in self.gaps
            ],
            "objections": [asdict(one) for one in self.objections],
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "requests": [asdict(one) for one in self.requests],
        }
