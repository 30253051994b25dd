"""The named crash points: what a process has just done, or is about to do, when it dies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.chaos.inside.boundaries import When

BEFORE, AFTER = When.BEFORE, When.AFTER


@dataclass(frozen=True, slots=True)
class Point:
    """A place that a process of this part passes: before or after a crossing with all of `marks` and none of `never`.

    `table` names one that must be there for the point to exist at all.
    """

    part: str
    when: When
    marks: frozenset[str]
    never: frozenset[str] = frozenset()
    table: str = ""

    def is_passed(self, when: When, marks: frozenset[str]) -> bool:
        """Whether a crossing is this one."""
        return when is self.when and self.marks <= marks and self.never.isdisjoint(marks)


def _at(part: str, when: When, *marks: str, never: str = "", table: str = "") -> Point:
    return Point(part, when, frozenset(marks), frozenset({never} - {""}), table)


KEPT, ENDED = "insert intake_delivery", "update intake_delivery"
ACCEPTED, BOOKED = "insert postings_transaction", "insert ledger_entry"
CLAIMED, CLOSED = "insert postings_attempt", "update postings_attempt"
SWEPT, REPAIRED = "by sweep", "insert events_auditevent"
SLOT = "insert timetable_slot"

POINTS: Mapping[str, Point] = {
    "the delivery is kept, and not read yet": _at("web", AFTER, KEPT),
    "accepted and not committed": _at("web", BEFORE, ACCEPTED),
    "accepted": _at("web", AFTER, ACCEPTED),
    "booked in the ledger and not committed": _at("web", BEFORE, BOOKED),
    "nudged": _at("web", AFTER, "rings"),
    "the answer is decided and not kept": _at("web", BEFORE, ENDED),
    "the answer is kept": _at("web", AFTER, ENDED),
    "the answer is about to leave": _at("web", BEFORE, "answers"),
    "staff's repair is not committed": _at("web", BEFORE, REPAIRED),
    "staff's repair is done": _at("web", AFTER, REPAIRED),
    "claimed and not committed": _at("worker", BEFORE, CLAIMED),
    "claimed": _at("worker", AFTER, CLAIMED),
    "the lease was looked at, nothing is sent": _at("worker", BEFORE, "writes"),
    "sent, nothing is heard": _at("worker", AFTER, "writes"),
    "answered, nothing is settled": _at("worker", AFTER, "writes, answered"),
    "looked up, nothing is settled": _at("worker", AFTER, "asks, answered"),
    "settled and not committed": _at("worker", BEFORE, CLOSED, never=SWEPT),
    "settled": _at("worker", AFTER, CLOSED, never=SWEPT),
    "the waiters are told": _at("worker", AFTER, "announces"),
    "the dead are found and not released": _at("worker", BEFORE, CLOSED, SWEPT),
    "the dead are released": _at("worker", AFTER, CLOSED, SWEPT),
    "the schedule has rung": _at("beat", AFTER, "rings"),
    "a slot is taken and not committed": _at("worker", BEFORE, SLOT, table="timetable_slot"),
    "a slot is taken": _at("worker", AFTER, SLOT, table="timetable_slot"),
}
# Where a thread is held up for longer than its lease: nothing but the look at the lease is left before it writes.
HELD_UP_AT = "claimed"
