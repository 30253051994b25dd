"""How a source is asked: which connections can be, and its own list, at the vendor's pace and with patience."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, TypeVar

from django.db.models import QuerySet
from django.utils import timezone

from integrations.base import Source
from integrations.errors import Retryable
from portal.connections.models import Connection, Side, Status
from portal.connections.paced import paced
from portal.connections.registry import sources
from portal.connections.services import source_of
from portal.connections.setup import is_set_up
from portal.idle import give_back_connection
from portal.tenants.living import is_closed, is_live
from portal.tenants.models import Company

T = TypeVar("T")

# A list is read at night and may take its time, others first; each single request has the usual limits of its own.
READS_FOR_SECONDS: Final = 1800.0
# A person waits.
PAGE_PATIENCE_SECONDS: Final = 15.0
USUAL_PAUSE_SECONDS: Final = 15.0
LONGEST_PAUSE_SECONDS: Final = 120.0
LONGEST_NAP_SECONDS: Final = 10.0
PAUSES_IN_A_ROW: Final = 5

NOT_A_SOURCE: Final = "{connection} is an accounting system: it is reconciled with the books, not as a source."
NOT_INSTALLED: Final = "No source {slug} is installed."
NO_LIST: Final = "{name} does not tell its transactions."
NOT_LINKED: Final = "{connection} is {status}: it cannot be read."
PAUSED: Final = "{connection} is paused: nothing is asked there."
NOT_SET_UP: Final = "The interface of {connection} is not set up. Fill in its settings first."
CLOSED: Final = "{company} is closed: nothing more is taken in for it."
NOT_LIVE: Final = "{company} is not live yet: nothing at its source is ours so far."


def why_not(connection: Connection, now: datetime | None = None) -> str:
    """Why this connection cannot be reconciled with its source, in one sentence; empty when it can."""
    source = sources().get(connection.integration)
    if connection.side != Side.SOURCE:
        return NOT_A_SOURCE.format(connection=connection)
    if source is None:
        return NOT_INSTALLED.format(slug=connection.integration)
    if not source.offers.lists:
        return NO_LIST.format(name=source.metadata.name)
    if connection.status != Status.LINKED:
        return NOT_LINKED.format(connection=connection, status=connection.get_status_display())
    if connection.paused:
        return PAUSED.format(connection=connection)
    if not is_set_up(connection):
        return NOT_SET_UP.format(connection=connection)
    return _why_not_live(connection.company, now or timezone.now())


def _why_not_live(company: Company, now: datetime) -> str:
    if is_closed(company, now):
        return CLOSED.format(company=company)
    return "" if is_live(company, now) else NOT_LIVE.format(company=company)


def in_use(now: datetime) -> QuerySet[Connection]:
    """Connections that `why_not` speaks not against, as far as the database can tell: whether everything is filled in
    stands partly among the secrets."""
    slugs = [slug for slug, source in sources().items() if source.offers.lists]
    return Connection.objects.filter(
        side=Side.SOURCE, status=Status.LINKED, paused=False, integration__in=slugs, company__live_at__lte=now,
        company__closed_at__isnull=True,
    ).exclude(settings={})  # fmt: skip


@contextmanager
def opened(
    connection: Connection,
    keep: Callable[[], None],
    *,
    seconds: float = READS_FOR_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Source]:
    """The source, ready to be asked for at most so many seconds; `keep` is called before each request and may raise."""
    with paced(connection, keep, patience_seconds=seconds, sleep=sleep, deadline_seconds=2 * seconds) as outbound:
        yield source_of(connection, outbound)


def patiently(ask: Callable[[], T], keep: Callable[[], None], sleep: Callable[[float], None] = time.sleep) -> T:
    """Ask; where the vendor says that it was too often, wait as long as it wants and ask again, a few times.

    `keep` is called during each wait. Raises what `ask` raises.
    """
    for _ in range(PAUSES_IN_A_ROW):
        try:
            return ask()
        except Retryable as error:
            if not error.free:
                raise
            _pause(min(error.retry_after or USUAL_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS), keep, sleep)
    return ask()


def _pause(seconds: float, keep: Callable[[], None], sleep: Callable[[float], None]) -> None:
    while seconds > 0:
        give_back_connection()
        sleep(min(seconds, LONGEST_NAP_SECONDS))
        seconds -= LONGEST_NAP_SECONDS
        keep()
