"""What the page of a run says: its stages, its counts, what would disappear, and what waits for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from portal.desk.syncing import summary
from portal.desk.words import source_name, system_name
from portal.reference.badges import sync_words
from portal.reference.sync.models import OPEN_STATES, SyncRun, SyncState
from portal.reference.sync.overview import progress
from portal.tones import CLOSED, PERSON, POSTED, UNDER_WAY, WAITING

COUNTS: Final = ("added", "changed", "removed", "unchanged", "refused", "sent", "deleted")
BEFORE: Final = {
    SyncState.QUEUED: 0,
    SyncState.FETCHING: 0,
    SyncState.VALIDATION_QUEUED: 1,
    SyncState.PROCESSING_QUEUED: 2,
    SyncState.PROCESSING: 2,
    SyncState.COMPLETE: 3,
}
NOW_IS: Final = {SyncState.FETCHING: UNDER_WAY, SyncState.PROCESSING: UNDER_WAY, SyncState.VALIDATION_QUEUED: PERSON}
WORD_OF: Final = {POSTED: "Done", UNDER_WAY: "Now", WAITING: "Next", PERSON: "Waits for you", CLOSED: "Not reached"}


@dataclass(frozen=True)
class Stage:
    """One stage of a run, with the tone and word of its badge."""

    title: str
    tone: str

    @property
    def word(self) -> str:
        """Where it stands."""
        return WORD_OF[self.tone]


@dataclass(frozen=True)
class Story:
    """A run in words."""

    run: SyncRun

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.run.state in OPEN_STATES

    @property
    def is_moving(self) -> bool:
        """Whether it goes on without anybody."""
        return self.is_open and not self.waits

    @property
    def waits(self) -> bool:
        """Whether somebody has to confirm or to discard."""
        return self.run.state == SyncState.VALIDATION_QUEUED

    @property
    def progress(self) -> str:
        """How far it is, in one sentence."""
        return progress(self.run)

    @property
    def reason(self) -> str:
        """Why it stands where it stands, where `progress` does not say so already."""
        return "" if self.is_moving and self.progress == self.run.message else self.run.message

    @property
    def meaning(self) -> str:
        """What Codat's word means; what came of it, for a run that reached its end."""
        return summary(self.run) if self.run.state == SyncState.COMPLETE else sync_words(self.run.state)

    @property
    def source_name(self) -> str:
        """Where it goes; empty for nowhere."""
        return source_name(self.run.source.integration) if self.run.source else ""

    @property
    def system_name(self) -> str:
        """Where it comes from."""
        return system_name(self.run.connection)

    @property
    def asked_by(self) -> str:
        """Who asked for it."""
        return self.run.asked_by.get_username() if self.run.asked_by else "The schedule"

    @property
    def counts(self) -> list[tuple[str, int]]:
        """Every count under its name."""
        return [(name.capitalize(), getattr(self.run, name)) for name in COUNTS]

    @property
    def stages(self) -> list[Stage]:
        """The stages in their order. A run that goes nowhere ends with comparing."""
        titles = [f"Read from {self.system_name}", "Compare with what is known"]
        titles += [f"Send to {self.source_name}"] if self.run.source_id else []
        return [Stage(title, self._tone(index)) for index, title in enumerate(titles)]

    @property
    def losses(self) -> list[dict[str, Any]]:
        """What would disappear, list by list, in numbers."""
        return [{**guard, "gone": max(0, guard["before"] - guard["after"])} for guard in self.run.guard]

    @property
    def gone(self) -> int:
        """What would disappear in all."""
        return sum(int(loss["gone"]) for loss in self.losses)

    def _tone(self, index: int) -> str:
        state = SyncState(self.run.state)
        reached = BEFORE.get(state)
        if reached is None:
            return _after_the_end(self.run, index)
        if index < reached:
            return POSTED
        return NOW_IS.get(state, WAITING) if index == reached else WAITING


def _after_the_end(run: SyncRun, index: int) -> str:
    """A run that failed or was cancelled: what it has certainly done, and what it did not come to."""
    has_read = bool(run.read) and run.state != SyncState.FETCH_ERROR
    return POSTED if index < 2 and has_read else CLOSED
