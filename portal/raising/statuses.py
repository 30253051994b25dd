"""Where a raised transaction stands, in one word: its posting and what the source says of it, taken together."""

from __future__ import annotations

from typing import Final

from django.db.models import Q, TextChoices
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from integrations.documents import Stage
from portal.postings.states import UNDER_WAY, State
from portal.raising.models import Raised
from portal.tones import CLOSED, PERSON, POSTED, WAITING, tone
from portal.tones import UNDER_WAY as RING

GONE: Final = (Stage.DENIED.value, Stage.DELETED.value)


class Status(TextChoices):
    """The closed set of words."""

    ON_ITS_WAY = "on_its_way", _("On its way")
    REFUSED = "refused", _("Refused")
    HELD = "held", _("Held")
    AT_SOURCE = "at_source", _("At the source")
    DENIED = "denied", _("Denied")
    DELETED = "deleted", _("Deleted")
    CAME_BACK = "came_back", _("Came back approved")
    CLOSED = "closed", _("Closed")


_OPEN: Final = Q(came_back__isnull=True)
_THERE: Final = _OPEN & Q(posting__state=State.POSTED)
WHERE: Final[dict[Status, Q]] = {
    Status.ON_ITS_WAY: _OPEN & Q(posting__state__in=sorted(UNDER_WAY)),
    Status.REFUSED: _OPEN & Q(posting__state=State.REJECTED),
    Status.HELD: _OPEN & Q(posting__state=State.HELD),
    Status.AT_SOURCE: _THERE & ~Q(stage_there__in=GONE),
    Status.DENIED: _THERE & Q(stage_there=Stage.DENIED.value),
    Status.DELETED: _THERE & Q(stage_there=Stage.DELETED.value),
    Status.CAME_BACK: Q(came_back__isnull=False),
    Status.CLOSED: _OPEN & Q(posting__state__in=[State.VOID, State.WITHDRAWN]),
}
TONES: Final[dict[Status, str]] = {
    Status.ON_ITS_WAY: RING,
    Status.REFUSED: PERSON,
    Status.HELD: PERSON,
    Status.AT_SOURCE: WAITING,
    Status.DENIED: PERSON,
    Status.DELETED: CLOSED,
    Status.CAME_BACK: POSTED,
    Status.CLOSED: CLOSED,
}
_OF_POSTING: Final[dict[State, Status]] = {
    State.REJECTED: Status.REFUSED,
    State.HELD: Status.HELD,
    State.VOID: Status.CLOSED,
    State.WITHDRAWN: Status.CLOSED,
}
_OF_STAGE: Final[dict[str, Status]] = {
    Stage.DENIED.value: Status.DENIED,
    Stage.DELETED.value: Status.DELETED,
}


def status_of(raised: Raised) -> Status:
    """Where it stands."""
    if raised.came_back_id is not None:
        return Status.CAME_BACK
    state = State(raised.posting.state)
    if state is State.POSTED:
        return _OF_STAGE.get(raised.stage_there, Status.AT_SOURCE)
    return _OF_POSTING.get(state, Status.ON_ITS_WAY)


def reason_of(raised: Raised) -> str:
    """Why it stands where it stands, in one plain sentence; empty where nothing is wrong."""
    return raised.posting.reason or raised.problem


def badge(raised: Raised) -> SafeString:
    """The status as a word with a shape and a colour."""
    status = status_of(raised)
    return tone(TONES[status], str(status.label))
