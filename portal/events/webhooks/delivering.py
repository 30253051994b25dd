"""Take the messages that are due, send each, and write down what came of it. The rows are the queue.

A message is taken under a lease by a guarded UPDATE; at most two of one consumer are under way at once, over all
processes. Whoever loses its lease writes nothing: the message is sent again by somebody else, with the same id.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import OuterRef, Subquery
from django.db.transaction import atomic
from django.utils import timezone

from portal.events.webhooks.announcing import live
from portal.events.webhooks.exactly import instant
from portal.events.webhooks.logs import TEST
from portal.events.webhooks.models import Consumer, Dispatch, DispatchState
from portal.events.webhooks.schedule import DISABLED_AFTER, MOST_TRIES, pause
from portal.events.webhooks.sending import Outcome, send
from portal.events.webhooks.stopping import FIVE_DAYS, GONE_WORDS, switch_off

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=60)
AT_ONCE: Final = 2
MOST_CONSUMERS: Final = 500
TRIES_KEPT: Final = 10
DIED: Final = "The worker that sent it ended in the middle, time and again."

Send = Callable[[Consumer, Any, datetime], Outcome]


def due(now: datetime) -> list[tuple[uuid.UUID, bool]]:
    """The consumers with something to be sent at `now` (aware UTC), and whether each is failing; the longest waiting
    first. Each is asked for its first message alone, so that nobody counts through a long queue."""
    first = Dispatch.objects.filter(consumer=OuterRef("pk"), next_try_at__lte=now).order_by("next_try_at")
    rows = live().annotate(due_at=Subquery(first.values("next_try_at")[:1])).filter(due_at__isnull=False)
    found = rows.order_by("due_at").values_list("pk", "failing_since")[:MOST_CONSUMERS]
    return [(pk, failing_since is not None) for pk, failing_since in found]


def claim(consumer_id: uuid.UUID, now: datetime) -> Dispatch | None:
    """The consumer's next message, ours until the lease runs out; None when nothing is due or two are under way."""
    with atomic():
        # Who holds the row decides alone how many are under way.
        consumer = live().select_for_update(no_key=True).filter(pk=consumer_id).first()
        if consumer is None or _under_way(consumer, now) >= AT_ONCE:
            return None
        rows = Dispatch.objects.filter(consumer=consumer, next_try_at__lte=now).order_by("next_try_at", "pk")
        row = rows.select_related("announcement").first()
        while row is not None and row.tries >= MOST_TRIES:
            Dispatch.objects.filter(pk=row.pk).update(**_closed(DispatchState.GIVEN_UP), problem=DIED)
            row = rows.select_related("announcement").first()
        if row is None:
            return None
        row.consumer = consumer
        return row if _taken(row, now) else None


def deliver(row: Dispatch, *, by: Send = send) -> Outcome:
    """Send a message that is ours, and settle it."""
    outcome = by(row.consumer, row.announcement, timezone.now())
    if not settle(row, outcome, timezone.now()):
        logger.warning("webhooks: the lease of message %s ran out before it was settled.", row.pk)
    return outcome


def settle(row: Dispatch, outcome: Outcome, now: datetime) -> bool:
    """Write what came of a try that ended at `now`. False when the message is not ours any more: nothing is written."""
    wait = None if outcome.arrived or outcome.gone or _is_test(row) else pause(row.tries, outcome.retry_after)
    values = _closed(DispatchState.ARRIVED if outcome.arrived else DispatchState.GIVEN_UP)
    if wait is not None:
        values |= {"state": DispatchState.WAITING, "next_try_at": now + wait}
    told = {"at": instant(now), "status": outcome.status, "milliseconds": outcome.milliseconds,
            "problem": outcome.problem}  # fmt: skip
    values |= {
        "status_code": outcome.status, "problem": outcome.problem, "arrived_at": now if outcome.arrived else None,
        "tries_told": [*row.tries_told, told][-TRIES_KEPT:],
    }  # fmt: skip
    with atomic():
        if not Dispatch.objects.filter(pk=row.pk, lease_token=row.lease_token).update(**values):
            return False
        _note(row, outcome, values["state"] == DispatchState.GIVEN_UP, now)
    for name, value in values.items():
        setattr(row, name, value)
    return True


def _note(row: Dispatch, outcome: Outcome, given_up: bool, now: datetime) -> None:
    """What the try says of its consumer. One that wants no more, or that took nothing for five days, is disabled."""
    consumers = Consumer.objects.filter(pk=row.consumer_id)
    if outcome.arrived:
        if row.consumer.failing_since is not None:
            consumers.update(failing_since=None)
    elif outcome.gone:
        switch_off(row.consumer, GONE_WORDS, now)
    elif not _is_test(row):
        consumers.filter(failing_since__isnull=True).update(failing_since=now)
        if given_up and consumers.filter(failing_since__lte=now - DISABLED_AFTER).exists():
            switch_off(row.consumer, FIVE_DAYS, now)


def _taken(row: Dispatch, now: datetime) -> bool:
    values = {
        "state": DispatchState.SENDING, "lease_token": uuid.uuid4(), "lease_until": now + LEASE,
        "next_try_at": now + LEASE, "tries": row.tries + 1,
    }  # fmt: skip
    held = Dispatch.objects.filter(pk=row.pk, state=row.state, lease_token=row.lease_token, tries=row.tries)
    if not held.update(**values):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return True


def _under_way(consumer: Consumer, now: datetime) -> int:
    # Twice the lease: another process's clock may be ahead of this one's.
    soon = Dispatch.objects.filter(consumer=consumer, next_try_at__gt=now, next_try_at__lte=now + 2 * LEASE)
    return soon.filter(state=DispatchState.SENDING).count()


def _closed(state: DispatchState) -> dict[str, Any]:
    return {"state": state, "next_try_at": None, "lease_token": None, "lease_until": None}


def _is_test(row: Dispatch) -> bool:
    """A test is tried once: somebody looks at what comes of it."""
    return row.announcement.type == TEST
