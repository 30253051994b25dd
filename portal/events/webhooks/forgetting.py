"""Forget announcements, and with them their messages, when they have had their time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from portal.events.webhooks.models import Announcement, Dispatch

KEPT: Final = timedelta(days=30)
BATCH: Final = 500
MOST_BATCHES: Final = 20


def prune(now: datetime) -> dict[str, int]:
    """One pass over what was made more than 30 days before `now` (aware UTC), in the order of ids, which is that of
    time. Returns how many rows of what were deleted."""
    announcements = dispatches = 0
    for _ in range(MOST_BATCHES):
        first = Announcement.objects.order_by("pk").values_list("pk", "made_at")[:BATCH]
        old = [pk for pk, made_at in first if made_at < now - KEPT]
        messages = Dispatch.objects.filter(announcement_id__in=old)
        # A replay names the message that it repeats, so it goes first.
        dispatches += messages.filter(replay_of__isnull=False).delete()[0] + messages.delete()[0]
        announcements += Announcement.objects.filter(pk__in=old).delete()[0]
        if len(old) < BATCH:
            break
    return {"announcements deleted": announcements, "webhook messages deleted": dispatches}
