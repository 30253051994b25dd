"""Make announcements of what the logs say, for tenants who are told by webhook. Each row is announced exactly once.

A row may commit late, behind rows with greater ids. So the mark of a log goes past a row when it is two minutes old,
longer than a transaction may take (the time-outs of `portal/settings.py`); what is younger is read at once and on every
pass again, and its `origin` keeps it from being announced twice, however many processes read.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from portal.events.webhooks.logs import PAGE, Log, News, Span, logs
from portal.events.webhooks.models import Announcement, Consumer, Dispatch, Tail

YOUNG: Final = timedelta(minutes=2)
MARKED_EVERY: Final = timedelta(minutes=1)
BATCH: Final = 200

Listeners = dict[uuid.UUID, list[Consumer]]


def live() -> QuerySet[Consumer]:
    """The consumers that are told."""
    return Consumer.objects.filter(disabled_at__isnull=True, deleted_at__isnull=True)


def wants(consumer: Consumer, type_: str, company_id: uuid.UUID | None, happened_at: datetime) -> bool:
    """Whether a consumer asked for this. What happened before it was there is not told."""
    return (
        consumer.created_at <= happened_at
        and (not consumer.event_types or type_ in consumer.event_types)
        and consumer.company_id in (None, company_id)
    )


def announce(now: datetime | None = None) -> int:
    """One pass over every log at `now` (aware UTC). Returns how many announcements were made."""
    now = now or timezone.now()
    listeners: Listeners = defaultdict(list)
    for consumer in live().defer("secrets").order_by("created_at"):
        listeners[consumer.tenant_id].append(consumer)
    known = {tail.name: tail for tail in Tail.objects.all()}
    return sum(_read(log, known.get(log.name) or _begun(log, now), listeners, now) for log in logs())


def _begun(log: Log, now: datetime) -> Tail:
    """A log that is read for the first time begins where it ends: nothing of the past is told."""
    newest = log.newest()
    start = {"up_to": newest, "left": sorted(log.still_open(newest)), "read_at": now}
    tail, _ = Tail.objects.get_or_create(name=log.name, defaults=start)
    return tail


def _read(log: Log, tail: Tail, listeners: Listeners, now: datetime) -> int:
    marked_lately = tail.read_at is not None and tail.read_at > now - MARKED_EVERY
    if not listeners and marked_lately:
        return 0
    # First where the mark will stand, then what is read: whatever is behind the mark was there to be read.
    up_to = log.settled(tail.up_to, now - YOUNG)
    left = sorted(log.still_open(up_to))
    done = tuple(sorted(set(tail.left) - set(left)))
    span = Span(after=tail.up_to, again=done, tenants=frozenset(listeners))
    made = sum(_made(log, some, listeners, now) for some in _pages(log, span, now)) if listeners else 0
    if (up_to, left) != (tail.up_to, tail.left) or not marked_lately:
        # Of two who read at once one moves the mark; what the other saw is announced all the same.
        moved = Tail.objects.filter(pk=tail.pk, up_to=tail.up_to, read_at=tail.read_at)
        moved.update(up_to=up_to, left=left, read_at=now)
    return made


def _pages(log: Log, span: Span, now: datetime) -> Iterator[Sequence[News]]:
    yield log.waiting(span.tenants, now)
    page = log.news(span)
    while page:
        yield page
        if len(page) < PAGE:
            return
        last = page[-1].key
        span = replace(span, after=max(span.after, last), again=tuple(one for one in span.again if one > last))
        page = log.news(span)


def _made(log: Log, found: Sequence[News], listeners: Listeners, now: datetime) -> int:
    heard = [(one, _who_wants(one, listeners)) for one in found]
    wanted = [(one, consumers) for one, consumers in heard if consumers]
    return sum(_write(log, wanted[at : at + BATCH], now) for at in range(0, len(wanted), BATCH))


def _who_wants(one: News, listeners: Listeners) -> list[Consumer]:
    found = listeners.get(one.tenant_id, [])
    return [each for each in found if wants(each, one.type, one.company_id, one.happened_at)]


def _write(log: Log, wanted: Sequence[tuple[News, list[Consumer]]], now: datetime) -> int:
    """The announcements that are not there yet, and in the same transaction a message of each to every consumer."""
    origins = [one.origin for one, _ in wanted]
    known = set(Announcement.objects.filter(origin__in=origins).values_list("origin", flat=True))
    fresh = [(one, consumers) for one, consumers in wanted if one.origin not in known]
    payloads = log.payloads([one.key for one, _ in fresh]) if fresh else {}
    rows = {one.origin: _row(one, payloads[one.key], now) for one, _ in fresh if one.key in payloads}
    if not rows:
        return 0
    with atomic():
        Announcement.objects.bulk_create(rows.values(), ignore_conflicts=True)
        mine = Announcement.objects.filter(public_id__in=[row.public_id for row in rows.values()])
        ids = dict(mine.values_list("origin", "pk"))
        Dispatch.objects.bulk_create(
            Dispatch(consumer=each, announcement_id=ids[one.origin], made_at=now, next_try_at=now)
            for one, consumers in fresh
            for each in consumers
            if one.origin in ids
        )
    return len(ids)


def _row(one: News, payload: dict[str, object], now: datetime) -> Announcement:
    return Announcement(
        type=one.type, tenant_id=one.tenant_id, company_id=one.company_id, payload=payload, origin=one.origin,
        happened_at=one.happened_at, made_at=now,
    )  # fmt: skip
