"""What a difference means, and what to do about it, in plain words."""

from __future__ import annotations

from typing import Final

from portal.postings.inside import books_inside
from portal.postings.reconciliation.models import Difference, DifferenceKind
from portal.postings.states import State

LOOK: Final = "then “Look again”: it is looked up there, and resolved when both sides agree."
MISSING: Final = (
    "We hold it as posted, and the accounting system does not have it: somebody deleted it there, or it was restored "
    "from a backup. What is posted is never sent again, so that nothing is booked twice. Restore it there, "
    f"{LOOK} Or enter it there by hand and “Accept as it is”, with its new number as the reason."
)
DOUBLE: Final = (
    "The accounting system holds more than one document with this key. Find out which of them counts, cancel or credit "
    f"the others there, {LOOK}"
)
DIFFERENT: Final = (
    "It was changed in the accounting system after it was posted. If the change is right, “Accept as it is”: what "
    f"stands there is kept with the posting. If it is not, mend it there, {LOOK}"
)
CLAIMABLE: Final = (
    "The document stands in the books, though its posting is {state}. If it is the right one, “Mark as posted with "
    f"this document”. If it should not be there, cancel it there, {LOOK}"
)
INSIDE: Final = "The entry stands in the ledger, though its posting is {state}. Retry the posting: it finds its entry."
UNWANTED: Final = (
    "The document stands in the books, though its posting is {state} and nothing should be booked. Delete it there, or "
    f"enter a credit note for it, {LOOK}"
)
UNKNOWN: Final = (
    "The document carries a key in our format that no posting has: this database was restored from an older backup, or "
    "another installation writes into the same books. If it should not be there, delete it or enter a credit note, "
    f"{LOOK} If it is right, “Accept as it is”."
)
FIXED: Final = {
    DifferenceKind.MISSING: MISSING,
    DifferenceKind.DOUBLE: DOUBLE,
    DifferenceKind.DIFFERENT: DIFFERENT,
}


def advice(difference: Difference) -> str:
    """What to do, for this kind of difference and the state of its posting."""
    kind, posting = DifferenceKind(difference.kind), difference.posting
    if kind in FIXED:
        return FIXED[kind]
    if posting is None:
        return UNKNOWN
    state = posting.get_state_display().lower()
    if posting.state not in (State.HELD, State.REJECTED):
        return UNWANTED.format(state=state)
    return (INSIDE if books_inside(posting) else CLAIMABLE).format(state=state)
