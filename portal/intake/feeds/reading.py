"""One pass of a reader from where it stands: page by page, each saved before the next one is asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from django.db import Error as DatabaseError
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.errors import IntegrationError, LeaseLost, OutcomeUnknown, Retryable, Unauthorised
from integrations.feeds import HeadPage, Wanted
from portal import context
from portal.connections.models import Endpoint
from portal.connections.services import deauthorise
from portal.intake import endpoints
from portal.intake.answering import Ring
from portal.intake.endpoints import OpenEndpoint
from portal.intake.feeds.asking import opened
from portal.intake.feeds.leases import Lease, take
from portal.intake.feeds.models import FeedReader
from portal.intake.feeds.saving import Changed, Whole, changed, keep_unreadable, save, whole_of
from portal.intake.feeds.taking import take as take_delivery

logger = logging.getLogger(__name__)

WHO: Final = "feeds"
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
SAVED_AT_ONCE: Final = 20
# A long first read lets others have the thread now and then, and goes on from its last page.
TURN_SECONDS: Final = 300.0
NOTHING_YET: Final = {"pages": 0, "read": 0, "taken": 0, "unreadable": 0}
FIRST_WAIT_SECONDS: Final = 30
LONGEST_WAIT_SECONDS: Final = 900
NO_ENDPOINT: Final = "The connection has no open address: open one, so that what is read has a place to go."
BUG: Final = "An error on our side: {name}. The log has the details."


def perform(reader_id: int, ring: Ring) -> bool:
    """Read on from where the reader stands, to the end or for five minutes. Safe to call at any time, by anybody. False
    when there was nothing to do. Call it outside of any database transaction."""
    lease = take(reader_id, timezone.now())
    if lease is None:
        return False
    with context.bound(company_id=lease.reader.connection.company_id):
        _go(lease, ring)
    return True


def _go(lease: Lease, ring: Ring) -> None:
    try:
        _read_or_put_off(lease, ring)
    except LeaseLost:
        logger.info("Another worker goes on with this feed.")


def _read_or_put_off(lease: Lease, ring: Ring) -> None:
    try:
        _read(lease, ring)
    except (DatabaseError, LeaseLost):
        raise
    except IntegrationError as error:
        _put_off(lease, error)
    except Exception as error:
        logger.exception("A feed could not be read because of an error of ours.")
        _end_with(lease, BUG.format(name=type(error).__name__))


def _read(lease: Lease, ring: Ring) -> None:
    reader = lease.reader
    endpoint = address_of(reader.connection.endpoints.all())
    if endpoint is None:
        _end_with(lease, NO_ENDPOINT)
        return
    if reader.since is None:
        _begin(lease)
    began = lease.clock()
    while _read_page(lease, endpoint, ring):
        if lease.clock() - began > TURN_SECONDS:
            lease.end(next_at=timezone.now())
            return
    _complete(lease)


def _read_page(lease: Lease, endpoint: OpenEndpoint, ring: Ring) -> bool:
    """Whether there is another page behind it."""
    with opened(lease.reader.connection, lease.keep) as asked:
        page = asked.page(_wanted(lease))
    _save(lease, endpoint, page, ring)
    return bool(page.after)


def _begin(lease: Lease) -> None:
    reader = lease.reader
    known = None if reader.still_open else reader.read_through
    since = known - timedelta(seconds=reader.overlap_seconds) if known else BEGINNING
    lease.write(since=since, after="", newest=None, began_at=timezone.now(), **NOTHING_YET)


def _wanted(lease: Lease) -> Wanted:
    reader = lease.reader
    since = reader.since or BEGINNING
    return Wanted(feed=reader.feed, since=since, still_open=reader.still_open, after=reader.after)


def _save(lease: Lease, endpoint: OpenEndpoint, page: HeadPage, ring: Ring) -> None:
    """A page that was broken off is asked for again; what of it is saved is known then, and costs no request."""
    reader = lease.reader
    for part in _parts(changed(reader.connection, page.heads)):
        _keep(lease, endpoint, _wholes(lease, part), ring)
    with atomic():
        keep_unreadable(endpoint, page.unreadable, timezone.now())
        lease.write(after=page.after, newest=_newest(reader, page), tries=0, problem="", **_counted(reader, page))


def _newest(reader: FeedReader, page: HeadPage) -> datetime | None:
    moments = [head.moment for head in page.heads]
    return max([*moments, *([reader.newest] if reader.newest else [])], default=None)


def _counted(reader: FeedReader, page: HeadPage) -> dict[str, int]:
    return {
        "pages": reader.pages + 1,
        "read": reader.read + len(page.heads),
        "unreadable": reader.unreadable + len(page.unreadable),
    }


def _parts(found: Sequence[Changed]) -> Iterator[list[Changed]]:
    rest = iter(found)
    while part := list(islice(rest, SAVED_AT_ONCE)):
        yield part


def _wholes(lease: Lease, part: Sequence[Changed]) -> list[Whole]:
    with opened(lease.reader.connection, lease.keep) as asked:
        return [whole for one in part if (whole := whole_of(asked, one)) is not None]


def _keep(lease: Lease, endpoint: OpenEndpoint, found: Sequence[Whole], ring: Ring) -> None:
    reader = lease.reader
    with atomic():
        kept = save(endpoint, reader.connection, found, timezone.now())
        lease.write(taken=reader.taken + len(kept))
    for delivery_id in kept:
        take_delivery(delivery_id, ring)


def _complete(lease: Lease) -> None:
    reader, now = lease.reader, timezone.now()
    through = max((one for one in (reader.read_through, reader.newest) if one), default=None)
    lease.end(
        since=None, after="", newest=None, read_through=through, ended_at=now, tries=0, problem="",
        next_at=now + timedelta(seconds=reader.every_seconds),
    )  # fmt: skip


def _put_off(lease: Lease, error: IntegrationError) -> None:
    """The pass goes on later from its last page; what can only be mended by a person waits for the usual time."""
    reader, now = lease.reader, timezone.now()
    if isinstance(error, Unauthorised):
        lease.end(problem=error.message, next_at=now)
        deauthorise(reader.connection, who=WHO, why=error.message)
    elif isinstance(error, Retryable) and error.free:
        lease.end(problem=error.message, next_at=now + timedelta(seconds=_bounded(error.retry_after or 0)))
    elif isinstance(error, Retryable | OutcomeUnknown):
        seconds = _bounded(FIRST_WAIT_SECONDS * 2**reader.tries)
        lease.end(problem=error.message, tries=min(reader.tries + 1, 10), next_at=now + timedelta(seconds=seconds))
    else:
        _end_with(lease, error.message)


def _end_with(lease: Lease, problem: str) -> None:
    later = timezone.now() + timedelta(seconds=lease.reader.every_seconds)
    lease.end(problem=problem, next_at=later, since=None, after="")


def _bounded(seconds: float) -> float:
    return min(max(seconds, FIRST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)


def address_of(rows: QuerySet[Endpoint]) -> OpenEndpoint | None:
    """The open address of a connection that takes all kinds; None where it has none."""
    found = rows.filter(is_active=True, kind="").select_related("connection").order_by("created_at").first()
    return endpoints.find(found.connection.integration, found.pk, timezone.now()) if found else None
