"""What waits for a connection that was unlinked: nothing will ever be sent through it, so a person has to look.

A posting never changes its connection, and a transaction has one posting: what waits does not move to the connection
that comes after. It is held, with that as its reason; then it can be marked as posted or closed as anything held can.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.db.transaction import atomic

from portal.connections.models import Connection, Status
from portal.connections.registry import UnknownIntegration, system
from portal.postings.changes import change
from portal.postings.models import Posting
from portal.postings.states import LEASED, NEEDS_A_PERSON, WAITING_FOR_THEIR_TIME, Actor, State

NEVER_SENT: Final = "Its connection to {name} was unlinked. It was never sent, so it is not in the books."
MAY_EXIST: Final = (
    "Its connection to {name} was unlinked before it was known whether it was booked. Look there before anything else."
)
NOT_BOOKED: Final = "Its connection to {name} was unlinked. What was tried before did not book it."
PASS_SECONDS: Final = 20.0
AT_ONCE_SECONDS: Final = 5.0
BATCH: Final = 200
COUNTED: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What an unlinked connection leaves, or would leave, behind: how many of each as it is said (`7`, `1,000+`), empty
    for none."""

    never_sent: str
    may_exist: str
    need_a_person: str

    @property
    def is_any(self) -> bool:
        """Whether anything waits."""
        return bool(self.never_sent or self.may_exist or self.need_a_person)


def waiting(connections: QuerySet[Connection]) -> Waiting:
    """What waits for these connections, counted up to a bound; in four queries."""
    rows = Posting.objects.filter(connection__in=connections).order_by()
    # Asked for in the words of the partial indexes: nothing that is posted is looked at.
    due, held_by_workers = rows.filter(state__in=WAITING_FOR_THEIR_TIME), rows.filter(state__in=LEASED)
    not_booked = Q(state=State.READY, may_exist=False)
    return Waiting(
        never_sent=_said(_count(due.filter(not_booked))),
        may_exist=_said(_count(due.exclude(not_booked)) + _count(held_by_workers)),
        need_a_person=_said(_count(rows.filter(state__in=NEEDS_A_PERSON))),
    )


def hold_unlinked(
    connections: QuerySet[Connection] | None = None,
    *,
    user: AbstractBaseUser | None = None,
    seconds: float = PASS_SECONDS,
) -> int:
    """Hold what waits for connections that are unlinked (of these, or of all), for some seconds at most.

    What a worker has in its hands is left to it: it is found by a later call. Safe to call at any time, by anybody.
    Returns how many were held.
    """
    unlinked = (Connection.objects.all() if connections is None else connections).filter(status=Status.UNLINKED)
    until, held = time.monotonic() + seconds, 0
    for posting in _stranded(unlinked):
        held += _hold(posting, user)
        if time.monotonic() > until:
            break
    return held


def hold_at_once(connection: Connection, user: AbstractBaseUser | None) -> int:
    """Hold what waits for one that was just unlinked, while whoever ended it waits: what five seconds are too short for
    is found by the job."""
    return hold_unlinked(Connection.objects.filter(pk=connection.pk), user=user, seconds=AT_ONCE_SECONDS)


def _stranded(unlinked: QuerySet[Connection]) -> Iterator[Posting]:
    """The longest known first; each batch is read anew, for what was held is not found again."""
    last = 0
    rows = Posting.objects.filter(connection__in=unlinked, state__in=WAITING_FOR_THEIR_TIME).order_by("pk")
    while batch := list(rows.filter(pk__gt=last).select_related("transaction", "connection")[:BATCH]):
        yield from batch
        last = batch[-1].pk


def _hold(posting: Posting, user: AbstractBaseUser | None) -> bool:
    """What the vendor had taken, and is asked about no more, is of unknown outcome before it is held."""
    before, why = State(posting.state), _why(posting)
    fields: dict[str, Any] = {"next_attempt_at": None, "reason": why, "error_class": ""}
    guard = {"next_attempt_at": posting.next_attempt_at, "attempt_count": posting.attempt_count}
    with atomic():
        if before is State.AWAITING and not change(posting, State.UNKNOWN, who=Actor.WORKER, why=why, guard=guard):
            return False
        return change(posting, State.HELD, who=Actor.WORKER, why=why, user=user, guard=guard, **fields)


def _why(posting: Posting) -> str:
    if posting.may_exist or posting.state != State.READY:
        sentence = MAY_EXIST
    else:
        sentence = NOT_BOOKED if posting.attempts_made else NEVER_SENT
    return sentence.format(name=_name(posting.connection.integration))


def _count(rows: QuerySet[Posting]) -> int:
    return rows[: COUNTED + 1].count()


def _said(count: int) -> str:
    return f"{COUNTED:,}+" if count > COUNTED else f"{count:,}" if count else ""


def _name(slug: str) -> str:
    try:
        return system(slug).metadata.name
    except UnknownIntegration:
        return slug
