"""How webhooks and their messages look: a word with a shape and a colour."""

from __future__ import annotations

from typing import Final

from django.utils import timezone
from django.utils.safestring import SafeString

from portal.events.webhooks.models import Consumer, Dispatch, DispatchState
from portal.tones import CLOSED, PERSON, POSTED, UNDER_WAY, WAITING, tone

TONES: Final[dict[str, str]] = {
    DispatchState.WAITING: WAITING,
    DispatchState.SENDING: UNDER_WAY,
    DispatchState.ARRIVED: POSTED,
    DispatchState.GIVEN_UP: PERSON,
}


def dispatch_badge(dispatch: Dispatch) -> SafeString:
    """Where a message stands; one whose worker died waits for another one."""
    state = DispatchState(dispatch.state)
    if state is DispatchState.SENDING and dispatch.next_try_at and dispatch.next_try_at <= timezone.now():
        state = DispatchState.WAITING
    return tone(TONES[state], str(state.label))


def consumer_badge(consumer: Consumer) -> SafeString:
    """Whether it is told anything, and whether that arrives."""
    if consumer.deleted_at is not None:
        return tone(CLOSED, "Deleted")
    if consumer.disabled_at is not None:
        return tone(PERSON, "Switched off") if consumer.disabled_why else tone(CLOSED, "Off")
    return tone(WAITING, "Failing") if consumer.failing_since is not None else tone(POSTED, "On")
