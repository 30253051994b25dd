"""What this room rings, and what it does at fixed times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from portal.postings.due import Where
from portal.postings.states import State
from portal.postings.tasks import ring
from portal.raising.following import follow_due
from portal.raising.models import Raised

# The sweep finds the others within seconds.
MOST_RUNG: Final = 50


def ring_all(raised: Iterable[Raised]) -> None:
    """Nudge workers to send what was just raised. Call it after the commit; a nudge may be lost."""
    ready = [one for one in raised if one.posting.state == State.READY]
    for one in ready[:MOST_RUNG]:
        connection = one.posting.connection
        ring(one.posting_id, Where(connection.pk, connection.integration))


def follow(_slot: datetime) -> None:
    """One pass of following, for the timetable."""
    follow_due()
