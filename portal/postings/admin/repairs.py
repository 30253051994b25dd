"""How the staff site words a repair. What is possible is decided in `portal.postings.repair`, not here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from portal.postings import repair
from portal.postings.models import Posting
from portal.staff.base import Button

# A lookup in the accounting system may take its time, and the page waits for all of them.
MOST_LOOKED_UP: Final = 20
MOST_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One repair as the staff site words it. `effect` and `done` are said of `{what}`, such as `3 postings`."""

    button: Button
    effect: str
    more: Sequence[str]
    undo: str
    done: str
    most: int = MOST_AT_ONCE
    danger: bool = False


RETRY = Repair(
    button=Button(name=repair.RETRY, label="Retry", permission="postings.retry_posting"),
    effect="Retry {what}: due at once, within seconds where a worker is free.",
    more=("Where the document may be in the books already, it is looked up there first, so nothing is booked twice.",),
    undo="This cannot be taken back: what has been booked is corrected in the accounting system.",
    done="Retrying {what}.",
)
MARK_POSTED = Repair(
    button=Button(name=repair.MARK_POSTED, label="Mark as posted", permission="postings.mark_posting_posted"),
    effect="Mark {what} as posted, under the number that you give. Nothing is sent.",
    more=("Where the accounting system can be searched, it is asked whether it holds the document under that number.",),
    undo="This cannot be undone: nothing leaves the state Posted.",
    done="Marked {what} as posted.",
    most=MOST_LOOKED_UP,
    danger=True,
)
VOID = Repair(
    button=Button(name=repair.VOID, label="Void", permission="postings.void_posting"),
    effect="Void {what}: never booked, and refused if the source sends it again.",
    more=("The journal number stays used, and the reason explains it.",),
    undo="This cannot be undone: nothing leaves the state Void.",
    done="Voided {what}.",
    danger=True,
)
SAME = Repair(
    button=Button(name=repair.SAME, label="It is that one", permission="postings.mark_posting_posted"),
    effect="Say that {what} is the payment that stands there already. Nothing is sent, and it counts as posted.",
    more=("Where that payment waits to go the other way, it is found to be this one.",),
    undo="This cannot be undone: nothing leaves the state Posted.",
    done="There already: {what}.",
    danger=True,
)
ANOTHER = Repair(
    button=Button(name=repair.ANOTHER, label="Send all the same", permission="postings.retry_posting"),
    effect="Say that {what} is another payment than the one that stands there, and send it.",
    more=("Nobody is asked about that payment again. Where it waits to go the other way, it goes, too.",),
    undo="This cannot be taken back: what has been entered is corrected over there.",
    done="Sending {what} all the same.",
    danger=True,
)
REPAIRS: Final = {each.button.name: each for each in (SAME, ANOTHER, RETRY, MARK_POSTED, VOID)}


def why_not(posting: Posting, wanted: Repair) -> str:
    """Why this repair cannot be done to this posting, in one sentence; empty when it can."""
    if posting.state in repair.REPAIRS[wanted.button.name]:
        return repair.obstacle(posting, wanted.button.name)
    state = posting.get_state_display().lower()
    return f"It is {state}: there is nothing to {wanted.button.label.lower()}."
