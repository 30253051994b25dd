"""One pass over what was settled in an accounting system: all of it is taken in before the watermark moves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import Error as DatabaseError
from django.db.models import Q
from django.utils import timezone

from integrations.errors import IntegrationError, LeaseLost, OutcomeUnknown, Retryable, Unauthorised
from portal import context, leases
from portal.connections import breaker
from portal.connections.models import Connection
from portal.connections.paced import paced
from portal.connections.registry import system
from portal.connections.services import connector_of, deauthorise
from portal.leases import Lease, free
from portal.postings.destination import Destination
from portal.postings.due import Where
from portal.postings.states import State
from portal.settlements.becoming import take_back
from portal.settlements.models import SettlementReader
from portal.settlements.routes import Route, asked, routes, telling

logger = logging.getLogger(__name__)

WHO: Final = "settlements"
ASKED_FOR_SECONDS: Final = 600.0
WEEK: Final = timedelta(days=7)
DAY: Final = timedelta(days=1)
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
INSIDE_EVERY_SECONDS: Final = 60
FIRST_WAIT_SECONDS: Final = 30
LONGEST_WAIT_SECONDS: Final = 3600
NOWHERE: Final = "No source of this company takes payments now, so there is nowhere for them to go."
BUG: Final = "An error on our side: {name}. The log has the details."

Ring = Callable[[int, Where], None]


def ensure(now: datetime) -> None:
    """A reader for each connection that has somewhere to send payments to, due at `now` (aware UTC)."""
    known = set(SettlementReader.objects.values_list("connection_id", flat=True))
    for connection in asked(now):
        if connection.pk not in known:
            inside = {"every_seconds": INSIDE_EVERY_SECONDS} if system(connection.integration).can.transactional else {}
            SettlementReader.objects.get_or_create(connection=connection, defaults={"next_at": now, **inside})


def due(now: datetime) -> list[str]:
    """The connections whose readers wait for a worker at `now`, the longest waiting first."""
    waiting = SettlementReader.objects.filter(free(now), usable(now), next_at__lte=now).order_by("next_at", "pk")
    return [str(pk) for pk in waiting.values_list("pk", flat=True)]


def usable(now: datetime) -> Q:
    """Readers whose connection may be asked."""
    return telling(now, prefix="connection__")


def perform(connection_id: str, ring: Ring) -> bool:
    """Read once, to the end. Safe to call at any time, by anybody. False when there was nothing to do. Call it outside
    of any database transaction."""
    lease = _take(connection_id, timezone.now())
    if lease is None:
        return False
    with context.bound(company_id=lease.reader.connection.company_id):
        _go(lease, ring)
    return True


def _take(connection_id: str, now: datetime) -> Lease[SettlementReader] | None:
    rows = SettlementReader.objects.select_related("connection__company__tenant")
    reader = rows.filter(free(now), usable(now), pk=UUID(connection_id), next_at__lte=now).first()
    if reader is None or breaker.is_open(reader.connection, now):
        return None
    return leases.take(SettlementReader.objects.all(), reader, usable, now)


def _go(lease: Lease[SettlementReader], ring: Ring) -> None:
    try:
        _read(lease, ring)
    except LeaseLost:
        logger.info("Another worker goes on with these settlements.")
    except DatabaseError:
        raise
    except IntegrationError as error:
        _put_off(lease, error)
    except Exception as error:
        logger.exception("Settlements could not be read because of an error of ours.")
        _later(lease, BUG.format(name=type(error).__name__))


@dataclass(slots=True)
class _Pass:
    """What was seen so far. `newest` is the latest moment of writing."""

    newest: datetime
    read: int = 0
    taken: int = 0


def _read(lease: Lease[SettlementReader], ring: Ring) -> None:
    reader, now = lease.reader, timezone.now()
    found = routes(reader.connection)
    if not found:
        _later(lease, NOWHERE)
        return
    is_wide = reader.wide_at is None or now - reader.wide_at >= DAY
    so_far = _Pass(reader.read_through or BEGINNING)
    _take_all(lease, found, _since(reader, is_wide=is_wide), so_far, ring)
    lease.end(
        read_through=so_far.newest, read=so_far.read, taken=so_far.taken, ended_at=now, tries=0, problem="",
        wide_at=now if is_wide else reader.wide_at, next_at=now + timedelta(seconds=reader.every_seconds),
    )  # fmt: skip


def _since(reader: SettlementReader, *, is_wide: bool) -> datetime:
    """Nothing that was settled before the company was live can go to an invoice that we posted."""
    began = reader.connection.company.live_at or timezone.now()
    if reader.read_through is None:
        return began
    back = WEEK if is_wide else timedelta(seconds=reader.overlap_seconds)
    return max(reader.read_through - back, began)


def _take_all(
    lease: Lease[SettlementReader], found: Sequence[Route], since: datetime, so_far: _Pass, ring: Ring
) -> None:
    connection = lease.reader.connection
    with paced(connection, lease.keep, deadline_seconds=ASKED_FOR_SECONDS) as outbound:
        for settled in connector_of(connection, outbound).settled_since(since):
            so_far.read += 1
            so_far.newest = max(so_far.newest, settled.written_at)
            for acceptance in take_back(settled, found):
                so_far.taken += 1
                if acceptance.state is State.READY:
                    ring(acceptance.posting_id, _where(acceptance.posting.connection))


def _where(connection: Connection) -> Where:
    to = Destination.of(connection)
    return Where(to.connection_id, to.integration)


def _put_off(lease: Lease[SettlementReader], error: IntegrationError) -> None:
    """What can only be mended by a person waits for the usual time."""
    reader, now = lease.reader, timezone.now()
    if isinstance(error, Unauthorised):
        lease.end(problem=error.message, next_at=now)
        deauthorise(reader.connection, who=WHO, why=error.message)
    elif isinstance(error, Retryable | OutcomeUnknown):
        wished = error.retry_after or 0 if isinstance(error, Retryable) else 0
        seconds = min(max(wished, FIRST_WAIT_SECONDS * 2**reader.tries), LONGEST_WAIT_SECONDS)
        tries = min(reader.tries + 1, 8)
        lease.end(problem=error.message, tries=tries, next_at=now + timedelta(seconds=seconds))
    else:
        _later(lease, error.message)


def _later(lease: Lease[SettlementReader], problem: str) -> None:
    wait = max(lease.reader.every_seconds, 900)
    lease.end(problem=problem, next_at=timezone.now() + timedelta(seconds=wait))
