"""What webhooks hint at: kept, gathered, and read from the feed; what they say themselves is never believed.

A hint that is lost, doubled or late changes nothing in the end: the readers find the same record by themselves.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import Error as DatabaseError
from django.db.transaction import atomic
from django.utils import timezone

from integrations.errors import IntegrationError, Missing, Unauthorised
from integrations.feeds import FedSource, Pointer
from integrations.http import nothing
from portal import context
from portal.connections import breaker
from portal.connections.models import Connection
from portal.connections.services import deauthorise
from portal.intake.answering import Ring
from portal.intake.feeds.asking import fed_sources, opened, readable
from portal.intake.feeds.models import LONGEST_ID, FeedReader, HintedRecord
from portal.intake.feeds.reading import address_of
from portal.intake.feeds.saving import changed, save, whole_of
from portal.intake.feeds.taking import take as take_delivery

logger = logging.getLogger(__name__)

WHO: Final = "feeds"
# Several hints at one record come at once, and some before the source shows what they are about.
GATHERED_FOR: Final = timedelta(seconds=2)
MOST_AT_ONCE: Final = 200
WAITS_SECONDS: Final = (10, 60, 300, 900, 3600)
FOUND: Final = "The record {record} is read from its feed."
SEARCHED: Final = "It does not say which record it is about: the feeds are read now."
STRANGE: Final = "It names no record that is read here: the feeds are read now."


def note(connection: Connection, pointer: Pointer, now: datetime) -> str:
    """Keep what a call hints at, or have the feeds read at once where it does not say; gives a sentence for people."""
    known = {feed.name for feed in fed_sources()[connection.integration].feeds}
    if not pointer.external_id or len(pointer.external_id) > LONGEST_ID:
        _read_all(connection, now)
        return SEARCHED
    if pointer.feed not in known:
        _read_all(connection, now)
        return STRANGE
    values: dict[str, Any] = {"hinted_at": now, "next_at": now + GATHERED_FOR, "tries": 0, "is_gone": pointer.is_gone}
    key: dict[str, Any] = {"connection": connection, "feed": pointer.feed, "external_id": pointer.external_id}
    HintedRecord.objects.update_or_create(**key, defaults=values)
    return FOUND.format(record=f"{pointer.feed} {pointer.external_id}")


def connections_hinted(now: datetime) -> list[str]:
    """The connections with records to be read at `now` (aware UTC)."""
    rows = HintedRecord.objects.filter(readable(now, prefix="connection__"), next_at__lte=now)
    return [str(pk) for pk in rows.values_list("connection_id", flat=True).order_by("connection_id").distinct()]


def follow(connection_id: str, ring: Ring) -> int:
    """Read the records of a connection that are due, those first that were hinted at last: what is only asked for
    again waits. Returns how many. Call it outside of any database transaction."""
    now = timezone.now()
    connection = Connection.objects.select_related("company__tenant").filter(readable(now), pk=connection_id).first()
    if connection is None or breaker.is_open(connection, now):
        return 0
    hints = list(
        HintedRecord.objects.filter(connection=connection, next_at__lte=now).order_by("-hinted_at")[:MOST_AT_ONCE]
    )
    with context.bound(company_id=connection.company_id), opened(connection, nothing) as asked:
        for done, hint in enumerate(hints):
            if not _follow(connection, asked, hint, ring):
                return done
    return len(hints)


def _follow(connection: Connection, asked: FedSource, hint: HintedRecord, ring: Ring) -> bool:
    """Whether the next one may be asked for."""
    later = _later(hint)
    if not HintedRecord.objects.filter(pk=hint.pk, next_at=hint.next_at).update(next_at=later):
        return True
    hint.next_at = later
    try:
        _read(connection, asked, hint, ring)
    except Missing:
        _done(hint)
    except Unauthorised as error:
        deauthorise(connection, who=WHO, why=error.message)
        return False
    except DatabaseError:
        raise
    except IntegrationError as error:
        _put_off(hint, error.message)
        return False
    except Exception as error:
        logger.exception("A record that was hinted at could not be read because of an error of ours.")
        _put_off(hint, type(error).__name__)
    else:
        _done(hint)
    return True


def _read(connection: Connection, asked: FedSource, hint: HintedRecord, ring: Ring) -> None:
    found = changed(connection, [asked.head(hint.feed, hint.external_id)])
    wholes = [whole for one in found if (whole := whole_of(asked, one)) is not None]
    endpoint = address_of(connection.endpoints.all())
    if endpoint is None:
        return
    with atomic():
        kept = save(endpoint, connection, wholes, timezone.now())
    for delivery_id in kept:
        take_delivery(delivery_id, ring)


def _done(hint: HintedRecord) -> None:
    """A hint that came again meanwhile stays: it may be about what came after."""
    HintedRecord.objects.filter(pk=hint.pk, next_at=hint.next_at).delete()


def _put_off(hint: HintedRecord, problem: str) -> None:
    """After the last try the readers are trusted to find it."""
    if hint.tries + 1 >= len(WAITS_SECONDS):
        _done(hint)
        return
    HintedRecord.objects.filter(pk=hint.pk, next_at=hint.next_at).update(tries=hint.tries + 1, problem=problem)


def _later(hint: HintedRecord) -> datetime:
    return timezone.now() + timedelta(seconds=WAITS_SECONDS[min(hint.tries, len(WAITS_SECONDS) - 1)])


def _read_all(connection: Connection, now: datetime) -> None:
    FeedReader.objects.filter(connection=connection, next_at__gt=now, still_open=False).update(next_at=now)
