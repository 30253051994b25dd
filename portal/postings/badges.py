"""How a posting's state looks on every page: one table, for the customer pages and the staff site alike."""

from __future__ import annotations

from typing import Final, NamedTuple

from django.utils.safestring import SafeString

from portal.postings.states import State
from portal.tones import CLOSED, PERSON, POSTED, UNDER_WAY, WAITING, tone


class Badge(NamedTuple):
    """The tone, which brings its colour and its shape, and the word."""

    tone: str
    word: str


BADGES: Final[dict[State, Badge]] = {
    State.READY: Badge(WAITING, "Ready"),
    State.SENDING: Badge(UNDER_WAY, "Sending"),
    State.AWAITING: Badge(UNDER_WAY, "Awaiting"),
    State.UNKNOWN: Badge(WAITING, "Unknown"),
    State.CHECKING: Badge(UNDER_WAY, "Checking"),
    State.POSTED: Badge(POSTED, "Posted"),
    State.REJECTED: Badge(PERSON, "Rejected"),
    State.HELD: Badge(PERSON, "Held"),
    State.WITHDRAWN: Badge(CLOSED, "Withdrawn"),
    State.VOID: Badge(CLOSED, "Void"),
}


def badge_of(state: str) -> Badge:
    """The badge of a state by its value; a state that the table does not know shows its own name, in grey."""
    try:
        return BADGES[State(state)]
    except ValueError:
        return Badge(CLOSED, state.replace("_", " ").capitalize() or "None")


def badge_html(state: str) -> SafeString:
    """The badge of a posting's state as HTML, for templates and for admin columns."""
    return tone(*badge_of(state))
