"""Ask the books what was changed there, and look through what was posted for numbers that the source shall have."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from django.db import Error as DatabaseError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from integrations.amendments import POSTED_NUMBER, Amended
from integrations.errors import IntegrationError, LeaseLost, Retryable, Unauthorised
from integrations.feeds import FedSource
from portal import context
from portal.amending.models import AmendmentDuty, BooksReader, Member
from portal.amending.noticing import books_say, posted_numbers
from portal.amending.sides import amendable_postings, fed_slugs
from portal.connections import breaker
from portal.connections.models import Connection, Side, Status
from portal.connections.paced import paced
from portal.connections.services import abilities, connector_of, deauthorise, source_of
from portal.leases import Lease, free, take
from portal.postings.models import Posting
from portal.postings.states import State

logger = logging.getLogger(__name__)

WHO: Final = "amendments"
EVERY: Final = timedelta(minutes=1)
# A change may be seen some time after its moment, where its transaction was slow to commit.
OVERLAP: Final = timedelta(minutes=10)
AT_ONCE: Final = 100
MOST_NUMBERS: Final = 1000
CALL_SECONDS: Final = 300.0
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=1)
BUG: Final = "An error on our side: {name}. The log has the details."


def due_readers(now: datetime) -> list[uuid.UUID]:
    """The accounting connections to be asked at `now` (aware UTC); new ones get their reader, and begin now."""
    _make_readers(now)
    rows = BooksReader.objects.filter(free(now), next_at__lte=now, connection__in=_able())
    return list(rows.order_by("next_at").values_list("pk", flat=True))


def perform(connection_id: uuid.UUID) -> bool:
    """One pass. Safe to call at any time, by anybody, outside of any transaction. False: there was nothing to do."""
    lease = _take(connection_id, timezone.now())
    if lease is None:
        return False
    with context.bound(company_id=lease.reader.connection.company_id):
        try:
            _read(lease)
        except DatabaseError:
            raise
        except LeaseLost:
            logger.info("Another worker goes on with these amendments.")
        except IntegrationError as error:
            _put_off(lease, error)
        except Exception as error:
            logger.exception("What was changed in the books could not be read because of an error of ours.")
            _later(lease, BUG.format(name=type(error).__name__))
    return True


def _able() -> QuerySet[Connection]:
    """Accounting connections in use, of companies with a source that is read."""
    fed = Connection.objects.filter(company=OuterRef("company"), side=Side.SOURCE, integration__in=fed_slugs())
    rows = Connection.objects.filter(Exists(fed.exclude(status=Status.UNLINKED)), side=Side.ACCOUNTING)
    return rows.filter(status=Status.LINKED, paused=False)


def _make_readers(now: datetime) -> None:
    new = _able().filter(amendments_reader=None)
    readers = [BooksReader(connection=one, read_through=now, next_at=now) for one in new.only("pk")]
    BooksReader.objects.bulk_create(readers, ignore_conflicts=True)


def _take(connection_id: uuid.UUID, now: datetime) -> Lease[BooksReader] | None:
    rows = BooksReader.objects.select_related("connection__company__tenant")
    reader = rows.filter(free(now), pk=connection_id, next_at__lte=now, connection__in=_able()).first()
    if reader is None or breaker.is_open(reader.connection, now):
        return None
    return take(BooksReader.objects.all(), reader, _usable, now)


def _usable(_: datetime) -> Q:
    return Q(connection__in=_able())


def _read(lease: Lease[BooksReader]) -> None:
    if abilities(lease.reader.connection).tells_amendments:
        _read_changes(lease)
    _read_numbers(lease)
    now = timezone.now()
    lease.end(ended_at=now, next_at=now + EVERY, tries=0, problem="")


def _read_changes(lease: Lease[BooksReader]) -> None:
    """In parts; how far is written down after what a part tells is."""
    reader = lease.reader
    with paced(reader.connection, lease.keep, deadline_seconds=CALL_SECONDS) as outbound:
        told = connector_of(reader.connection, outbound).amended_since(reader.read_through - OVERLAP)
        for part in _parts(told):
            books_say(reader.connection, part)
            lease.write(read_through=max(reader.read_through, part[-1].changed_at))


def _parts(told: Iterator[Amended]) -> Iterator[list[Amended]]:
    while part := list(islice(told, AT_ONCE)):
        yield part


def _read_numbers(lease: Lease[BooksReader]) -> None:
    """What was posted since the source has a field for it."""
    reader, sources = lease.reader, list(_taking_numbers(lease.reader.connection))
    if not sources:
        if reader.numbered_through is not None:
            lease.write(numbered_through=None)
        return
    if reader.numbered_through is None:
        lease.write(numbered_through=timezone.now())
    for source in sources:
        _owe_numbers(lease, source)


def _taking_numbers(connection: Connection) -> Iterator[Connection]:
    rows = Connection.objects.filter(company=connection.company_id, side=Side.SOURCE, integration__in=fed_slugs())
    for one in rows.exclude(status=Status.UNLINKED).select_related("company"):
        source = source_of(one)
        if isinstance(source, FedSource) and POSTED_NUMBER in source.amendable():
            yield one


def _owe_numbers(lease: Lease[BooksReader], source: Connection) -> None:
    reader = lease.reader
    since = (reader.numbered_through or timezone.now()) - OVERLAP
    found = list(_unnumbered(reader.connection, source, since)[:MOST_NUMBERS])
    posted_numbers(found, source)
    if newest := max((one.posted_at for one in found if one.posted_at), default=None):
        lease.write(numbered_through=max(reader.numbered_through or newest, newest))


def _unnumbered(connection: Connection, source: Connection, since: datetime) -> QuerySet[Posting]:
    known = AmendmentDuty.objects.filter(posting=OuterRef("pk"), member=Member.POSTED_NUMBER)
    rows = amendable_postings().filter(~Exists(known), connection=connection, state=State.POSTED, kept=False)
    return rows.filter(transaction__source=source.integration, posted_at__gte=since).order_by("posted_at", "pk")


def _put_off(lease: Lease[BooksReader], error: IntegrationError) -> None:
    if isinstance(error, Unauthorised):
        deauthorise(lease.reader.connection, who=WHO, why=error.message)
    wished = error.retry_after if isinstance(error, Retryable) else None
    _later(
        lease, error.message, timedelta(seconds=wished or 0), counts=not (isinstance(error, Retryable) and error.free)
    )


def _later(lease: Lease[BooksReader], problem: str, wished: timedelta = timedelta(0), *, counts: bool = True) -> None:
    """What of it is saved stays so."""
    tries = min(lease.reader.tries + counts, 10)
    wait = min(max(FIRST_WAIT * 2 ** max(tries - 1, 0), wished), LONGEST_WAIT)
    lease.end(problem=problem, tries=tries, next_at=timezone.now() + wait)
