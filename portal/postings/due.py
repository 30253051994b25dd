"""What is due, and where it goes: fair between connections, and as cheap with a long queue as with a short one."""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from portal import prepared
from portal.connections.models import Connection, Status
from portal.connections.places import Scope
from portal.postings.models import Posting
from portal.postings.states import LEASED, WAITING_FOR_THEIR_TIME, State

# The states stand in the text, as they stand in the index `posting_due`. Each connection is asked for its first rows
# alone, so that nobody ever counts through a whole queue.
_DUE: Final[LiteralString] = """
SELECT coalesce(array_agg(array[found.id::text, found.connection_id::text, found.integration, found.kept::text]
    ORDER BY found.turn, found.next_attempt_at, found.id), '{}')
FROM (
    SELECT first.id, c.id AS connection_id, c.integration, first.kept, first.turn, first.next_attempt_at
    FROM connections_connection AS c
    CROSS JOIN LATERAL (
        SELECT p.id, p.kept, p.next_attempt_at, row_number() OVER (ORDER BY p.next_attempt_at, p.id) AS turn
        FROM (
            (SELECT id, kept, next_attempt_at FROM postings_posting
             WHERE connection_id = c.id AND state IN ('awaiting', 'ready', 'unknown')
                 AND next_attempt_at <= %(now)s::timestamptz
             ORDER BY next_attempt_at LIMIT %(each)s::bigint)
            UNION ALL
            (SELECT id, kept, next_attempt_at FROM postings_posting
             WHERE connection_id = c.id AND state = 'held' AND recheck_asked LIMIT %(each)s::bigint)
        ) AS p
    ) AS first
    WHERE c.status = 'linked' AND NOT c.paused
        AND (c.open_until IS NULL OR c.open_until <= %(now)s::timestamptz) AND c.id <> ALL(%(without)s::uuid[])
    ORDER BY first.turn, first.next_attempt_at, first.id LIMIT %(limit)s::bigint
) AS found
"""
_NEXT: Final[LiteralString] = """
SELECT id FROM (
    SELECT p.id FROM postings_posting AS p JOIN connections_connection AS c ON c.id = p.connection_id
    WHERE p.connection_id = %(connection)s AND p.state IN ('awaiting', 'ready', 'unknown')
        AND p.next_attempt_at <= %(now)s AND NOT p.kept
        AND c.status = 'linked' AND NOT c.paused AND (c.open_until IS NULL OR c.open_until <= %(now)s)
    ORDER BY p.next_attempt_at LIMIT %(oldest)s
) AS oldest ORDER BY random() LIMIT 1
"""
_WHERE: Final[LiteralString] = """
SELECT p.connection_id, c.integration, p.kept
FROM postings_posting AS p JOIN connections_connection AS c ON c.id = p.connection_id
WHERE p.id = %(posting)s::bigint
"""
_OLDEST = 8


@dataclass(frozen=True, slots=True)
class Where:
    """Where a posting goes: its connection, that connection's integration, and whether it is a kept memo entry."""

    connection_id: uuid.UUID
    integration: str
    kept: bool = False


def where_is(posting_id: int) -> Where | None:
    """Where this posting goes; None when there is no such posting."""
    if prepared.can_run():
        row = prepared.run(_WHERE, {"posting": posting_id})
    else:
        found = Posting.objects.filter(pk=posting_id).values_list("connection_id", "connection__integration", "kept")
        row = found.first()
    return None if row is None else Where(*row)


def due(now: datetime, *, limit: int, each: int, without: Collection[uuid.UUID] = ()) -> list[tuple[int, Where]]:
    """Postings that wait for a worker at `now` (aware UTC), the longest waiting first, fairly: each connection's first
    come before any connection's second. At most `limit`, at most `each` of one connection, none of those in `without`.
    """
    if not prepared.can_run():
        return sorted_fairly(now, each, without)[:limit]
    row = prepared.run(_DUE, {"now": now, "limit": limit, "each": each, "without": list(without)}, plan_anew=True)
    return [(int(pk), Where(uuid.UUID(to), slug, kept == "true")) for pk, to, slug, kept in (row[0] if row else ())]


def sorted_fairly(now: datetime, each: int, without: Collection[uuid.UUID] = ()) -> list[tuple[int, Where]]:
    """The same in the ORM's words."""
    found = sorted(_turns(now, each, without), key=lambda one: one[0])
    return [(pk, where) for _, pk, where in found]


def _turns(
    now: datetime, each: int, without: Collection[uuid.UUID]
) -> Iterator[tuple[tuple[int, datetime, int], int, Where]]:
    any_due = _is_due(now) & Q(connection_id=OuterRef("pk"))
    waited_for = Connection.objects.filter(_may_send("", now), Exists(Posting.objects.filter(any_due)))
    for connection in waited_for.exclude(pk__in=list(without)):
        first = Posting.objects.filter(_is_due(now), connection=connection).order_by("next_attempt_at", "pk")[:each]
        for turn, (pk, at, kept) in enumerate(first.values_list("pk", "next_attempt_at", "kept")):
            yield (turn, at or now, pk), pk, Where(connection.pk, connection.integration, kept)


def _is_due(now: datetime) -> Q:
    waiting = Q(state__in=WAITING_FOR_THEIR_TIME, next_attempt_at__lte=now)
    return waiting | Q(state=State.HELD, recheck_asked=True)


def _may_send(prefix: str, now: datetime) -> Q:
    """Whether something may go out to a connection; `prefix` leads to it."""
    closed = Q(**{f"{prefix}open_until__isnull": True}) | Q(**{f"{prefix}open_until__lte": now})
    return closed & Q(**{f"{prefix}status": Status.LINKED, f"{prefix}paused": False})


def next_of(where: Where, *, whole_installation: bool) -> tuple[int, Where] | None:
    """One of the longest waiting postings of a connection, else of all connections to its system.

    Any of the oldest: several that look at once should not all reach for the same.
    """
    found = _next_of_connection(where.connection_id)
    if found is not None or not whole_installation:
        return None if found is None else (found, where)
    return _next_of_system(where.integration)


def _next_of_connection(connection_id: uuid.UUID) -> int | None:
    now = timezone.now()
    if prepared.can_run():
        row = prepared.run(_NEXT, {"connection": connection_id, "now": now, "oldest": _OLDEST}, plan_anew=True)
        return None if row is None else int(row[0])
    waiting = _waiting(now).filter(connection_id=connection_id).values_list("pk", flat=True)
    found = list(waiting[:_OLDEST])
    return random.choice(found) if found else None  # noqa: S311


def _next_of_system(integration: str) -> tuple[int, Where] | None:
    waiting = _waiting(timezone.now()).filter(connection__integration=integration).values_list("pk", "connection_id")
    if not (found := list(waiting[:_OLDEST])):
        return None
    pk, connection_id = random.choice(found)  # noqa: S311
    return pk, Where(connection_id, integration)


def _waiting(now: datetime) -> QuerySet[Posting]:
    """What may be sent or asked for now, the longest waiting first."""
    waiting = Posting.objects.filter(state__in=WAITING_FOR_THEIR_TIME, next_attempt_at__lte=now, kept=False)
    return waiting.filter(_may_send("connection__", now)).order_by("next_attempt_at")


def in_mid_call(scope: Scope) -> list[uuid.UUID]:
    """The lease tokens of this scope's postings that a worker holds now.

    All that are held are read, which are as many as workers have threads: asked for one connection's, a plan that was
    made while the table was small would look through all of its postings.
    """
    held = Posting.objects.filter(state__in=LEASED, lease_until__gt=timezone.now()).select_related("connection")
    rows = held.only("lease_token", "connection__integration", "connection__limit_group")
    return [one.lease_token for one in rows if one.lease_token is not None and _is_in(scope, one.connection)]


def _is_in(scope: Scope, connection: Connection) -> bool:
    if scope.connection_id is not None:
        return connection.pk == scope.connection_id
    if scope.group:
        return connection.limit_group == scope.group
    return connection.integration == scope.integration
