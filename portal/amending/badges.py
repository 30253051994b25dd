"""How an amendment looks on every page, and what it says in one sentence."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.utils.safestring import SafeString

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
