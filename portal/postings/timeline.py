"""What happened to a transaction at its source, asked when somebody wants to see it, and kept for a minute.

A page waits some seconds for it at most. When the source cannot be asked, the last that it told is shown with a note.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

from integrations.errors import IntegrationError
from integrations.http import nothing
from integrations.standing import Event
from portal.connections import registry
from portal.connections.models import Connection, Status
from portal.connections.onlookers import one_of
from portal.connections.paced import paced
from portal.connections.services import source_of
from portal.connections.setup import is_set_up, source_connections
from portal.postings.models import Transaction

logger = logging.getLogger(__name__)

ASKED_WITHIN_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 2.0
FRESH: Final = timedelta(seconds=60)
# The last that was told, for as long as the source cannot be asked.
KEPT_SECONDS: Final = 86_400
# Who looks again at once does not wait again at once.
FAILED_SECONDS: Final = 10
OFFERS_NONE: Final = "{source} tells no timeline."
NO_CONNECTION: Final = "{company} has no connection to {source} that can be asked for it."
NOT_LINKED: Final = "The connection to {source} is {status}: link it again to see the timeline."
PAUSED: Final = "The connection to {source} is paused: resume it to see the timeline."
BUG: Final = "An error on our side: {name}. The log has the details."


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What the source told, the oldest first, at `asked_at` (aware UTC).

    `problem` says in one sentence why there is nothing to show, `note` why this is the last known and not the newest.
    """

    events: tuple[Event, ...] = ()
    asked_at: datetime | None = None
    problem: str = ""
    note: str = ""


def has_timeline(transaction: Transaction) -> bool:
    """Whether its source is one that tells timelines. Asks nobody."""
    source = registry.sources().get(transaction.source)
    return source is not None and source.offers.timeline


def timeline_of(transaction: Transaction) -> Timeline:
    """What the source tells of a transaction, at most a minute old. It waits some seconds at most and never raises
    what the source raises. Call it outside of any database transaction."""
    connection = _connection(transaction) if has_timeline(transaction) else None
    if why := _why_not(transaction, connection):
        return _last_known(transaction, why)
    kept = _kept(transaction)
    if kept is not None and kept.asked_at is not None and timezone.now() - kept.asked_at < FRESH:
        return kept
    if failed := _read(_failed_key(transaction)):
        return _last_known(transaction, str(failed))
    return _asked(transaction, connection) if connection else Timeline()


def _connection(transaction: Transaction) -> Connection | None:
    rows = source_connections(transaction.company_id).filter(integration=transaction.source)
    return next((one for one in rows if is_set_up(one)), None)


def _why_not(transaction: Transaction, connection: Connection | None) -> str:
    source = _name(transaction.source)
    if not has_timeline(transaction):
        return OFFERS_NONE.format(source=source)
    if connection is None:
        return NO_CONNECTION.format(company=transaction.company, source=source)
    if connection.status != Status.LINKED:
        return NOT_LINKED.format(source=source, status=connection.get_status_display())
    return PAUSED.format(source=source) if connection.paused else ""


def _name(slug: str) -> str:
    """What people call the source."""
    known = registry.sources().get(slug)
    return known.metadata.name if known is not None else slug


def _asked(transaction: Transaction, connection: Connection) -> Timeline:
    try:
        with (
            one_of(connection.company_id),
            paced(
                connection, nothing, patience_seconds=PATIENCE_SECONDS, deadline_seconds=ASKED_WITHIN_SECONDS
            ) as outbound,
        ):
            events = source_of(connection, outbound).timeline(transaction.external_id)
    except IntegrationError as error:
        return _not_told(transaction, error.message)
    except Exception as error:
        logger.exception("The timeline of %s could not be read.", transaction.number)
        return _not_told(transaction, BUG.format(name=type(error).__name__))
    told = Timeline(events=tuple(events), asked_at=timezone.now())
    _write(_key(transaction), _plain(told), KEPT_SECONDS)
    return told


def _not_told(transaction: Transaction, why: str) -> Timeline:
    _write(_failed_key(transaction), why, FAILED_SECONDS)
    return _last_known(transaction, why)


def _last_known(transaction: Transaction, why: str) -> Timeline:
    kept = _kept(transaction)
    return Timeline(problem=why) if kept is None else Timeline(events=kept.events, asked_at=kept.asked_at, note=why)


# --- the cache -------------------------------------------------------------------------------------------------------


def _key(transaction: Transaction) -> str:
    return f"timeline:{transaction.pk}"


def _failed_key(transaction: Transaction) -> str:
    return f"timeline-failed:{transaction.pk}"


def _plain(timeline: Timeline) -> dict[str, Any]:
    """Without classes of ours, so that any release can read it."""
    events = [{"at": one.at, "what": one.what, "who": one.who, "detail": one.detail} for one in timeline.events]
    return {"asked_at": timeline.asked_at, "events": events}


def _kept(transaction: Transaction) -> Timeline | None:
    kept = _read(_key(transaction))
    if not isinstance(kept, Mapping):
        return None
    return Timeline(events=tuple(Event(**one) for one in kept["events"]), asked_at=kept["asked_at"])


def _read(key: str) -> Any:
    """None where there is nothing, and while the cache is away."""
    try:
        return cache.get(key)
    except RedisError:
        return None


def _write(key: str, value: Any, seconds: int) -> None:
    try:
        cache.set(key, value, seconds)
    except RedisError:
        logger.warning("The cache is away: a timeline could not be kept.")
