"""How the staff site words what may be done with a difference between the books and what we say."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import User

from portal.postings.admin.difference_pages import DifferencePages
from portal.postings.admin.repairs import MOST_AT_ONCE, MOST_LOOKED_UP, Repair
from portal.postings.reconciliation import repairs
from portal.postings.reconciliation.models import Difference
from portal.staff.base import Button

LOOK_AGAIN: Final = Repair(
    button=Button(name=repairs.LOOK_AGAIN, label="Look again", permission="postings.settle_difference"),
    effect="Look up {what} in the accounting system now. What is mended there is resolved; nothing else changes.",
    more=("Nothing is written there.",),
    undo="A difference that comes back is a new one.",
    done="Looked up {what}.",
    most=MOST_LOOKED_UP,
)
ACCEPT: Final = Repair(
    button=Button(name=repairs.ACCEPT, label="Accept as it is", permission="postings.settle_difference"),
    effect="Accept {what}: no alarm again, unless something else about it changes.",
    more=("A value that differs is kept with the posting, beside the document’s own.",),
    undo="This cannot be undone. Nothing is written in the accounting system, and no posting changes its state.",
    done="Accepted {what}.",
    most=MOST_AT_ONCE,
    danger=True,
)
MARK_POSTED: Final = Repair(
    button=Button(
        name=repairs.MARK_POSTED,
        label="Mark as posted with this document",
        permission="postings.mark_posting_posted",
    ),
    effect="Mark the posting of {what} as posted, with the document that stands there. Nothing is sent.",
    more=("It is looked up once more: only a document with our key under that number counts.",),
    undo="This cannot be undone: nothing leaves the state Posted.",
    done="Marked as posted: {what}.",
    most=MOST_LOOKED_UP,
    danger=True,
)
REPAIRS: Final = {each.button.name: each for each in (LOOK_AGAIN, MARK_POSTED, ACCEPT)}


def _one(user: User, wanted: Repair, difference: Difference, why: str) -> str:
    """Do it; gives what there is to tell of it beside that. Raises `CannotRepair`."""
    if wanted is ACCEPT:
        repairs.accept(difference, user=user, why=why)
        return ""
    service = repairs.look_again if wanted is LOOK_AGAIN else repairs.mark_posted
    return service(difference, user=user, why=why)


def in_short(difference: Difference) -> str:
    """Field by field: `gross 120.00, there 121.00`."""
    return "; ".join(f"{name} {mine or 'none'}, there {theirs or 'none'}" for name, mine, theirs in difference.details)


PAGES: Final[DifferencePages[Difference]] = DifferencePages(
    why_not=repairs.why_not,
    do=_one,
    company=lambda one: one.connection.company.name,
    in_short=in_short,
    there="There",
)
