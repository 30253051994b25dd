"""Why a repair cannot be done to a posting, in a sentence for every state; `portal.postings.repair` says what can."""

from __future__ import annotations

from typing import Final

from portal.postings.models import Posting
from portal.postings.repair import ANOTHER, MARK_POSTED, NOT_ASKED, REPAIRS, RETRY, SAME, VOID, obstacle
from portal.postings.states import State

NAMES: Final = (SAME, ANOTHER, RETRY, MARK_POSTED, VOID)
BY_ITSELF: Final = "It is on its way by itself: nothing needs to be decided."
BEING_SENT: Final = "It is being sent at this moment. Wait until it is known what came of it."
LOOKED_UP: Final = "It is being found out by itself whether it was booked. Nothing can be decided before that."
IN_THE_BOOKS: Final = "It is in the books already. What is booked is corrected there."
CLOSED_FOR_GOOD: Final = "It is void, and that cannot be undone."
NEVER_BOOKED: Final = (
    "It was withdrawn before anything was sent, so nothing of ours can be in the books. Retry it, or void it."
)
WHY_NOT: Final[dict[State, str]] = {
    State.READY: BY_ITSELF,
    State.SENDING: BEING_SENT,
    State.AWAITING: BY_ITSELF,
    State.UNKNOWN: LOOKED_UP,
    State.CHECKING: LOOKED_UP,
    State.POSTED: IN_THE_BOOKS,
    State.VOID: CLOSED_FOR_GOOD,
    State.WITHDRAWN: NEVER_BOOKED,
    State.REJECTED: NOT_ASKED,
}


def why_not(posting: Posting, name: str) -> str:
    """Why this repair cannot be done to this posting, in one sentence; empty when it can.

    Needs the posting's connection and company at hand.
    """
    return obstacle(posting, name) if posting.state in REPAIRS[name] else WHY_NOT[State(posting.state)]


def offered(posting: Posting) -> tuple[str, ...]:
    """The names of the repairs that can be done to it now, the mildest first."""
    return tuple(name for name in NAMES if not why_not(posting, name))
