"""Work through what is due of one connection, without taking the threads from the postings."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from portal.postings.attachments.due import due_connections, due_of, end_of_unlinked
from portal.postings.attachments.handing import hand_over
from portal.postings.attachments.noticing import notice_posted
from portal.postings.shares import Shares, shares
from portal.postings.work import stopping

# A file takes seconds: a worker process keeps most of its threads for postings, and one is enough for a connection.
_room: Final = threading.BoundedSemaphore(max(1, settings.WORKER_THREADS // 4))
_alone: Final = Shares(1)


def look(now: datetime) -> list[UUID]:
    """Notice what was posted, and give the connections to ring for at `now` (aware UTC)."""
    notice_posted(now)
    end_of_unlinked(now)
    return due_connections(now)


def hand_over_where_there_is_room(connection_id: UUID) -> int:
    """For a worker's thread: what is due of a connection, one after the other, until the vendor fails.

    Returns how many were tried. Where there is no room they stay due.
    """
    if not _room.acquire(blocking=False):
        return 0
    try:
        with _alone.one(connection_id) as alone, shares.one(connection_id) as granted:
            return _hand_over_all(connection_id) if alone and granted else 0
    finally:
        _room.release()


def _hand_over_all(connection_id: UUID) -> int:
    tried = 0
    for handover_id in due_of(connection_id, timezone.now()):
        if stopping.is_set():
            break
        tried += 1
        if not hand_over(handover_id):
            break
    return tried
