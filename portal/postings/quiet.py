"""The quiet period: how long after a broken call the outside system may still commit it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from portal.connections.services import abilities
from portal.postings.models import Posting


def outcome_unknown(posting: Posting, now: datetime) -> dict[str, Any]:
    """The columns of a posting whose call ended at `now` (aware UTC) without an outcome.

    It is looked up when the period is over; until then a miss proves nothing, whoever asks.
    """
    until = now + timedelta(seconds=abilities(posting.connection).quiet_seconds)
    return {"misses": 0, "quiet_until": until, "next_attempt_at": until}


def is_quiet(posting: Posting, now: datetime) -> bool:
    """Whether a late commit may still appear at `now`."""
    return posting.quiet_until is not None and posting.quiet_until > now
