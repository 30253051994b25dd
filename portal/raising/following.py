"""Where raised transactions stand at their source: asked less and less often, until they come back or somebody ended
them there, and for thirty days at most."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from integrations.documents import Stage
from integrations.errors import IntegrationError, Missing, Retryable, Unauthorised
from integrations.http import Outbound
from integrations.standing import Standing
from portal.connections.models import Connection, Status
from portal.connections.paced import paced
from portal.connections.registry import UnknownIntegration, source
from portal.connections.services import source_of
from portal.events.services import tell
from portal.postings.states import State
from portal.raising.linking import link
from portal.raising.models import Raised

# After it was raised, then after each look; the last one again and again.
WAITS: Final = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(days=1))
LONGEST: Final = timedelta(days=30)
LINKED_FOR: Final = timedelta(days=90)
TRIED_AGAIN_AFTER: Final = timedelta(minutes=15)
AT_ONCE: Final = 200
# For one connection in one pass: nobody waits for another's slow source for longer.
SECONDS: Final = 60.0
# All of them together, well within the job's lease; the rest is due at the next pass.
PASS_SECONDS: Final = 300.0
PATIENCE_SECONDS: Final = 20.0
# A source may not find at once what it has just taken.
LOOKS_BEFORE_MISSING: Final = 3

TOO_LONG: Final = "It has not come back for 30 days, so it is followed no more. It is linked all the same when it does."
GONE: Final = "The source does not know it any more."
WHAT: Final = {Stage.DENIED: "denied", Stage.DELETED: "deleted"}


def follow_due() -> int:
    """One pass over everything that is due. Returns how many were asked for at their sources."""
    link(_not_back(timezone.now()))
    _begin()
    _close()
    asked, until = 0, time.monotonic() + PASS_SECONDS
    for connection, rows in _due(timezone.now()):
        asked += _ask(connection, rows)
        if time.monotonic() > until:
            break
    return asked


def _not_back(now: datetime) -> QuerySet[Raised]:
    """What may still come back, also when it is followed no more."""
    return Raised.objects.filter(came_back__isnull=True, created_at__gt=now - LINKED_FOR)


def _followed() -> QuerySet[Raised]:
    return Raised.objects.filter(ended_at__isnull=True)


def _begin() -> None:
    """What the source has taken is followed from now on; it may have come back before we knew its id there."""
    new = _followed().filter(next_look_at__isnull=True, posting__state=State.POSTED)
    for one in new.select_related("posting").order_by("pk")[:AT_ONCE]:
        if link(Raised.objects.filter(pk=one.pk)):
            continue
        due = (one.posting.posted_at or timezone.now()) + WAITS[0]
        _followed().filter(pk=one.pk, next_look_at__isnull=True).update(
            next_look_at=due, number_there=one.posting.external_number
        )


def _close() -> None:
    """What staff closed never goes anywhere; what takes too long is left alone."""
    now = timezone.now()
    _followed().filter(posting__state=State.VOID).update(ended_at=now, next_look_at=None)
    old = _followed().filter(next_look_at__lte=now, posting__posted_at__lte=now - LONGEST)
    for pk in list(old.values_list("pk", flat=True)[:AT_ONCE]):
        if not link(Raised.objects.filter(pk=pk)):
            _followed().filter(pk=pk).update(ended_at=now, next_look_at=None, problem=TOO_LONG)


def _due(now: datetime) -> Iterator[tuple[Connection, list[Raised]]]:
    rows = _followed().filter(next_look_at__lte=now, posting__state=State.POSTED, posting__connection__paused=False)
    linked = rows.filter(posting__connection__status=Status.LINKED).select_related("posting__connection", "company")
    oldest = sorted(linked.order_by("next_look_at", "pk")[:AT_ONCE], key=_connection_id)
    for _, found in groupby(oldest, key=_connection_id):
        group = list(found)
        yield group[0].posting.connection, group


def _ask(connection: Connection, rows: Iterable[Raised]) -> int:
    """Ask a source for each of these, at its pace. One that cannot be reached is left alone until later."""
    asked, until = 0, time.monotonic() + SECONDS
    try:
        can_tell = source(connection.integration).offers.lists
    except UnknownIntegration:
        can_tell = False
    with paced(connection, _nothing, patience_seconds=PATIENCE_SECONDS) as outbound:
        for one in rows:
            if link(Raised.objects.filter(pk=one.pk)):
                continue
            if not can_tell:
                _later(one, "")
                continue
            asked += 1
            if not _look(one, connection, outbound) or time.monotonic() > until:
                break
    return asked


def _look(one: Raised, connection: Connection, outbound: Outbound) -> bool:
    """Ask where it stands. False when the source had better be left alone for now."""
    try:
        seen = source_of(connection, outbound).standing(one.posting.external_id or "")
    except Missing:
        if one.looks + 1 >= LOOKS_BEFORE_MISSING:
            _seen(one, Standing(external_id=one.posting.external_id or "", stage=Stage.DELETED), GONE)
        else:
            _later(one, GONE)
    except (Retryable, Unauthorised) as error:
        _followed().filter(pk=one.pk).update(problem=error.message, next_look_at=timezone.now() + TRIED_AGAIN_AFTER)
        return False
    except IntegrationError as error:
        _later(one, error.message)
    else:
        _seen(one, seen, "")
    return True


def _seen(one: Raised, seen: Standing, problem: str) -> None:
    """Write down where it stands; what was denied or deleted there is over, and told once."""
    now, over = timezone.now(), seen.stage in WHAT
    changed = _followed().filter(pk=one.pk, came_back__isnull=True).update(
        stage_there=seen.stage.value,
        word_there=seen.word[:100],
        stage_seen_at=now,
        number_there=(seen.number or one.number_there)[:100],
        problem=problem,
        looks=one.looks + 1,
        next_look_at=None if over else _next(one, now),
        ended_at=now if over else None,
    )  # fmt: skip
    if changed and over:
        _tell(one, seen, problem)


def _later(one: Raised, problem: str) -> None:
    _followed().filter(pk=one.pk).update(
        problem=problem, looks=one.looks + 1, next_look_at=_next(one, timezone.now())
    )  # fmt: skip


def _next(one: Raised, now: datetime) -> datetime:
    """When it is asked for again, having been asked `looks` times before this one."""
    return now + WAITS[min(one.looks + 1, len(WAITS) - 1)]


def _tell(one: Raised, seen: Standing, problem: str) -> None:
    where = source(one.posting.connection.integration).metadata.name
    message = f"{one.caller_key} ({seen.number or one.number_there or 'no number'}) was {WHAT[seen.stage]} in {where}."
    tell(
        f"raised.{WHAT[seen.stage]}", f"{message} {problem}".strip(), who="following", subject=one,
        tenant_id=one.company.tenant_id, company_id=one.company_id,
    )  # fmt: skip


def _connection_id(one: Raised) -> uuid.UUID:
    return one.posting.connection_id


def _nothing() -> None:
    """Nothing has to be kept between the requests."""
