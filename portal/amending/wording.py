"""How an amendment looks on every page, and what it says in one sentence."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.utils.safestring import SafeString

from portal.amending import deciding
from portal.amending.models import AmendmentDuty, DutyState, Member
from portal.tones import CLOSED, PERSON, POSTED, WAITING, tone

TONES: Final = {
    DutyState.DUE: WAITING,
    DutyState.DONE: POSTED,
    DutyState.REFUSED: PERSON,
    DutyState.NEEDS_A_PERSON: PERSON,
    DutyState.SUPERSEDED: CLOSED,
    DutyState.NOT_NEEDED: CLOSED,
}
CONFLICT: Final = "To be decided"
EMPTY: Final = "empty"
EFFECTS: Final = {
    deciding.AGAIN: "Both sides are asked within a minute, and what still differs is written.",
    deciding.BY_HAND: "Where that side can be asked, it is: the amendment ends as soon as the value stands there.",
    deciding.NOT_NEEDED: "Both sides stay as they are. What either of them changes from now on is passed on again.",
    deciding.USE_SOURCE: "“{after}” is written into the books, unless they change again before.",
    deciding.USE_BOOKS: "“{before}” is written into the source, unless it changes again before.",
}


def badge(duty: AmendmentDuty) -> SafeString:
    """Its state: a conflict asks for more than a change by hand."""
    state = DutyState(duty.state)
    is_open_conflict = duty.is_conflict and state is DutyState.NEEDS_A_PERSON
    return tone(TONES[state], CONFLICT if is_open_conflict else str(state.label))


def shown(duty: AmendmentDuty, value: str) -> str:
    """A value as people read it."""
    if duty.member == Member.DUE_DATE and value:
        day = date.fromisoformat(value)
        return f"{day.day} {day:%b %Y}"
    return value or EMPTY


def effect_of(duty: AmendmentDuty, choice: str) -> str:
    """What a decision does, in one sentence."""
    return EFFECTS[choice].format(before=shown(duty, duty.before), after=shown(duty, duty.after))
