"""How the states of a sync look: Codat's word with a shape and a colour."""

from __future__ import annotations

from typing import Final

from django.utils.safestring import SafeString

from portal.reference.sync.models import Change, SyncState
from portal.tones import CLOSED, PERSON, POSTED, UNDER_WAY, WAITING, tone

INITIAL: Final = "Initial"
INITIAL_MEANS: Final = "Not read yet"
TONES: Final[dict[str, str]] = {
    INITIAL: CLOSED,
    SyncState.QUEUED: WAITING,
    SyncState.FETCHING: UNDER_WAY,
    SyncState.VALIDATION_QUEUED: PERSON,
    SyncState.PROCESSING_QUEUED: WAITING,
    SyncState.PROCESSING: UNDER_WAY,
    SyncState.COMPLETE: POSTED,
    SyncState.FETCH_ERROR: PERSON,
    SyncState.PROCESSING_ERROR: PERSON,
    SyncState.AUTH_ERROR: PERSON,
    SyncState.PREREQUISITE_NOT_MET: PERSON,
    SyncState.RATE_LIMIT_ERROR: PERSON,
    SyncState.INTERNAL_ERROR: PERSON,
    SyncState.CANCELLED: CLOSED,
}
CHANGE_TONES: Final[dict[str, str]] = {
    Change.ADDED: POSTED,
    Change.CHANGED: UNDER_WAY,
    Change.REMOVED: CLOSED,
    Change.REFUSED: PERSON,
}


def sync_badge(state: str) -> SafeString:
    """A state in Codat's word; `Initial` before the first run."""
    return tone(TONES.get(state, CLOSED), state)


def change_badge(change: str) -> SafeString:
    """What a run did with a row."""
    return tone(CHANGE_TONES[change], str(Change(change).label))


def sync_words(state: str) -> str:
    """What Codat's word means, in ours."""
    return INITIAL_MEANS if state == INITIAL else str(SyncState(state).label)
