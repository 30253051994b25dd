"""The three views of one transaction as a page shows them: what came in, what was sent, what is in the books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from portal.connections.models import Side
from portal.connections.registry import UnknownIntegration
from portal.desk.words import party_word, system_name
from portal.postings.inside import books_inside
from portal.postings.models import Attempt, Posting
from portal.postings.preview.printing import pretty
from portal.postings.repairing.asking import why_not_asked
from portal.postings.repairing.lines import entry_text
from portal.postings.repairing.there import Now, look
from portal.postings.repairing.threeway import Row, Verdict, rows
from portal.postings.states import State
from portal.tones import CLOSED, PERSON, POSTED

BADGES: Final[dict[Verdict, tuple[str, str]]] = {
    Verdict.AGREES: (POSTED, "Agrees"),
    Verdict.OWN: (CLOSED, "Set there"),
    Verdict.DIFFERS: (PERSON, "Differs"),
    Verdict.CHANGED: (PERSON, "Changed since"),
    Verdict.NOT_TOLD: (CLOSED, "Not told"),
}
WRONG: Final = frozenset({Verdict.DIFFERS, Verdict.CHANGED})
LONGEST_BODY: Final = 100_000
CUT: Final = "\n… (cut here)"
PARTY: Final = "supplier_code"


@dataclass(frozen=True)
class Compared:
    """One field, with the badge of how it stands."""

    row: Row
    party: str = "supplier"

    @property
    def tone(self) -> str:
        """Empty where there is nothing to judge."""
        return BADGES[self.row.verdict][0] if self.row.verdict in BADGES else ""

    @property
    def word(self) -> str:
        """The badge's word."""
        return BADGES[self.row.verdict][1] if self.row.verdict in BADGES else ""

    @property
    def is_wrong(self) -> bool:
        """Whether somebody should look."""
        return self.row.verdict in WRONG

    @property
    def field(self) -> str:
        """The field's path as people read it."""
        return self.party if self.row.field == PARTY else self.row.field


@dataclass(frozen=True)
class Talk:
    """One request and its answer as they were kept: redacted, and cut where they were long."""

    kept: Mapping[str, Any]

    @property
    def line(self) -> str:
        """What was asked where."""
        return f"{self.kept.get('method', '')} {self.kept.get('url', '')}".strip()

    @property
    def came_of_it(self) -> str:
        """The status, or why there is none."""
        status = self.kept.get("status")
        said = str(status) if status is not None else self.kept.get("failure") or "no answer"
        return f"{said} after {self.kept.get('duration_ms', 0):,} ms"

    @property
    def request(self) -> str:
        """Headers and body that went out."""
        return self._half("request")

    @property
    def response(self) -> str:
        """Headers and body that came back."""
        return self._half("response")

    def _half(self, side: str) -> str:
        headers = self.kept.get(f"{side}_headers") or {}
        body = pretty(str(self.kept.get(f"{side}_body") or ""))
        body = body if len(body) <= LONGEST_BODY else body[:LONGEST_BODY] + CUT
        head = "\n".join(f"{name}: {value}" for name, value in headers.items())
        return "\n\n".join(part for part in (head, body) if part)


@dataclass(frozen=True, kw_only=True)
class ThreeWays:
    """All of it. `now` is None until somebody has asked the books; `why_not` says why nobody can."""

    posting: Posting
    system: str
    compared: Sequence[Compared]
    sent: Attempt | None
    entry: str
    why_not: str
    now: Now | None = None

    @property
    def differing(self) -> int:
        """How many fields are not as they were sent."""
        return sum(each.is_wrong for each in self.compared)

    @property
    def is_live(self) -> bool:
        """Whether the third column is what the books say now."""
        return self.now is not None and not self.now.problem

    @property
    def is_posted(self) -> bool:
        """Whether we hold it for booked."""
        return self.posting.state == State.POSTED

    @property
    def talks(self) -> list[Talk]:
        """What went over the network when it was sent last."""
        return talks(self.sent) if self.sent else []

    @property
    def books(self) -> str:
        """What the third column is called: documents that were raised go to no books."""
        return "there" if self.posting.connection.side == Side.SOURCE else "in the books"


def three_ways(posting: Posting, sent: Attempt | None, *, shows_talks: bool, ask: bool = False) -> ThreeWays:
    """For one posting. With `ask` the books are read now; without `shows_talks` no request is shown."""
    name = system_name(posting.connection)
    now = look(posting, name) if ask else None
    return ThreeWays(
        posting=posting,
        system=name,
        compared=[Compared(row, party_word(posting.kind).lower()) for row in rows(posting, now)],
        sent=sent if shows_talks else None,
        entry=entry_text(posting) if shows_talks and _is_inside(posting) else "",
        why_not=why_not_asked(posting, name),
        now=now,
    )


def talks(attempt: Attempt) -> list[Talk]:
    """The requests of an attempt in their order."""
    return [Talk(each) for each in attempt.exchanges]


def _is_inside(posting: Posting) -> bool:
    try:
        return books_inside(posting)
    except UnknownIntegration:
        return False
