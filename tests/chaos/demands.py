"""Whether a run did what it is for: a campaign that is not hard enough has shown nothing, and fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.chaos.inside.points import POINTS
from tests.chaos.seen import Problem

RULE = "the campaign was hard enough"
SHORT, LONG = 800, 10_000
KILLS_PER_DOCUMENT = {SHORT: 60 / 800, LONG: 1_000 / 10_000}
CRASHES_PER_DOCUMENT = 4 / 800
# The preset disturbs 52 of 100 writes by its dice.
DISTURBED_SHARE = 0.45


@dataclass(frozen=True, slots=True)
class Done:
    """What was done in a run. `points` counts the hits at crash points, `tables` names those of the database."""

    documents: int
    preset: str
    kills: int
    crashes: int
    writes: int
    disturbed_writes: int
    points: Mapping[str, int]
    tables: frozenset[str]

    @property
    def not_hit(self) -> list[str]:
        """The crash points that exist and that no process died at."""
        there = [name for name, point in POINTS.items() if not point.table or point.table in self.tables]
        return [name for name in there if not Counter(self.points)[name]]


def shortfalls(done: Done) -> Iterator[Problem]:
    """What was missing. The long form must hit every crash point; the short one says which it did not."""
    asked = max((size for size in KILLS_PER_DOCUMENT if size <= done.documents), default=None)
    if asked is None:
        return
    kills, crashes = KILLS_PER_DOCUMENT[asked] * done.documents, CRASHES_PER_DOCUMENT * done.documents
    if done.kills < kills:
        yield Problem(RULE, f"{done.kills} kills, {kills:.0f} were asked for")
    if done.crashes < int(crashes):
        yield Problem(RULE, f"{done.crashes} crashes of the database, {int(crashes)} were asked for")
    if done.preset in ("chaos", "wild") and done.disturbed_writes < DISTURBED_SHARE * done.writes:
        yield Problem(RULE, f"{done.disturbed_writes} of {done.writes} writes were disturbed")
    if asked == LONG:
        for name in done.not_hit:
            yield Problem(RULE, f"no process died at the point: {name}")
