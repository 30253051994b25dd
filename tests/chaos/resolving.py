"""What staff do where nothing proves absence: they look into the accounting system's books, and say what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.chaos import world
from tests.chaos.staff import Staff
from tests.chaos.stage import Stage
from tests.chaos.world import Row

AT_ONCE = 10
FOUND, TYPED, SEVERAL = "found in the books", "entered by hand", "there several times"


def resolve(stage: Stage, staff: Staff, tell: Callable[[str], None]) -> Counter[str]:
    """Resolve all that is held, and count how. Call it when no fault is in force and nothing is on its way any more.

    What is in the books is marked as posted under its number; what is not is entered there by hand first, as by
    somebody who knows nothing of our key. What is there several times stays, for the checker to see.
    """
    held, truth = world.held_rows(stage), stage.truth()
    there = {row["id"]: [one for one in truth if one["external_key"] == row["key"]] for row in held}
    numbers = {row["id"]: there[row["id"]][0]["number"] for row in held if len(there[row["id"]]) == 1}
    missing = [row for row in held if not there[row["id"]]]
    done = Counter({FOUND: len(numbers), TYPED: len(missing), SEVERAL: len(held) - len(numbers) - len(missing)})
    tell(f"staff look into the books for the {len(held)} that are held: {dict(done)}")
    numbers |= _typed(stage, missing)
    for some in _some(sorted(numbers)):
        staff.mark_posted({posting: numbers[posting] for posting in some})
    stage.marked |= {row["key"] for row in held if row["id"] in numbers}
    return +done


def _typed(stage: Stage, missing: Sequence[Row]) -> Mapping[int, str]:
    """Number by posting. The stage remembers which key a document got that was entered by hand."""
    if not missing:
        return {}
    told = stage.command("chaos_type", *(str(row["id"]) for row in missing))
    stage.typed |= {told[str(row["id"])]["key"]: row["key"] for row in missing}
    return {row["id"]: told[str(row["id"])]["number"] for row in missing}


def _some(postings: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(postings), AT_ONCE):
        yield postings[start : start + AT_ONCE]
