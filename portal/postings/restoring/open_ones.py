"""Nothing that was open in the backup is believed: it may have been posted, refused or repaired since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.db.transaction import atomic

from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration, system
from portal.postings.changes import change
from portal.postings.models import Attempt, Posting
from portal.postings.quiet import outcome_unknown
from portal.postings.states import Actor, State

LOOKED_UP: Final = (State.READY, State.SENDING, State.AWAITING, State.UNKNOWN, State.CHECKING)
LEFT_WHERE_THEY_ARE: Final = (State.HELD, State.REJECTED, State.WITHDRAWN)
RESTORED: Final = "Restored from an older backup: whether it was booked since then is looked up."
DIED: Final = "The backup was made in the middle of it."
LONGEST_QUIET: Final = timedelta(days=1)
BATCH: Final = 500


def open_counts(now: datetime) -> Counter[str]:
    """How many postings `distrust` would touch at `now`, by state. What is booked in our own database is not among
    them: it was restored together with its books."""
    counted: Counter[str] = Counter()
    for connection in _connections():
        for rows in (_to_be_looked_up(connection, now), _to_be_marked(connection)):
            counted.update(rows.order_by().values_list("state", flat=True))
    return counted


def distrust(now: datetime) -> Counter[str]:
    """Take everything open to `unknown`, due after the system's quiet period; nothing is sent before it is looked up.

    What is held, rejected or withdrawn stays, and is marked as perhaps being in the books: a retry, whoever asks for
    it, looks first. In batches, each committed; a second call finds nothing more to do. `now` is aware UTC; no worker
    may run. Returns how many were touched, by the state in which they were.
    """
    touched: Counter[str] = Counter()
    for connection in _connections():
        for ids in _batches(_to_be_looked_up(connection, now)):
            touched.update(_into_unknown(ids, now))
        touched.update(_mark(connection, now))
    return touched


def _connections() -> Iterator[Connection]:
    """All of them, unlinked ones too: their rest may be repaired by hand still."""
    yield from Connection.objects.defer("secrets").order_by("pk")


def _outside(connection: Connection) -> QuerySet[Posting]:
    """The postings of a connection that leave our own database."""
    rows = Posting.objects.filter(connection=connection, kept=False)
    try:
        return rows.none() if system(connection.integration).can.transactional else rows
    except UnknownIntegration:
        return rows


def _to_be_looked_up(connection: Connection, now: datetime) -> QuerySet[Posting]:
    """All that are open, without those that are as this leaves them."""
    as_left = Q(state=State.UNKNOWN, may_exist=True, misses=0, reason=RESTORED, quiet_until__gt=now - LONGEST_QUIET)
    return _outside(connection).filter(state__in=LOOKED_UP).exclude(as_left)


def _to_be_marked(connection: Connection) -> QuerySet[Posting]:
    return _outside(connection).filter(state__in=LEFT_WHERE_THEY_ARE, may_exist=False)


def _batches(rows: QuerySet[Posting]) -> Iterator[list[int]]:
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _into_unknown(ids: list[int], now: datetime) -> Counter[str]:
    touched: Counter[str] = Counter()
    with atomic():
        rows = Posting.objects.select_for_update(of=("self",)).select_related("connection").filter(pk__in=ids)
        for posting in rows.defer("connection__secrets"):
            touched[posting.state] += 1
            _one_into_unknown(posting, now)
        Attempt.objects.filter(posting_id__in=ids, ended_at__isnull=True).update(
            ended_at=now, outcome="Died", message=DIED
        )
    return touched


def _one_into_unknown(posting: Posting, now: datetime) -> None:
    """An operation that the system took before the backup stays known: it may book as long as it has not ended."""
    fields = {**_doubts(posting, now), "tries": 0, "crashes": 0, "reason": RESTORED, "asked_by": None, "waits_for": ""}
    if posting.state == State.UNKNOWN:
        Posting.objects.filter(pk=posting.pk).update(**fields)
    else:
        change(posting, State.UNKNOWN, who=Actor.RESTORE, why=RESTORED, **fields)


def _mark(connection: Connection, now: datetime) -> Counter[str]:
    rows = _to_be_marked(connection)
    counted = Counter(rows.order_by().values_list("state", flat=True))
    if counted:
        doubts = _doubts(Posting(connection=connection), now)
        rows.update(may_exist=True, misses=0, quiet_until=doubts["quiet_until"])
    return counted


def _doubts(posting: Posting, now: datetime) -> dict[str, Any]:
    """What makes a posting one that may be in the books, with the quiet period of its system."""
    try:
        return {**outcome_unknown(posting, now), "may_exist": True}
    except UnknownIntegration:  # its connector is not installed: it waits until it is
        return {"misses": 0, "quiet_until": now, "next_attempt_at": now, "may_exist": True}
