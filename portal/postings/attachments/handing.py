"""Hand the files of one document over: listed at the source, fetched one at a time, attached in the books, marked.

Before anything is attached the books are asked what is there, so that a second try never doubles a file. Nothing that
happens here moves the posting.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from django.db import Error as DatabaseError
from django.utils import timezone

from integrations.documents import Kind
from integrations.errors import IntegrationError, LeaseLost, OutcomeUnknown, Rejected, Retryable, Unauthorised
from integrations.http import Outbound
from integrations.papers import LARGEST_FILE, Attachment, File
from portal import context
from portal.connections import breaker
from portal.connections.models import Connection, Status
from portal.connections.paced import paced
from portal.connections.services import abilities, connector_of, deauthorise, source_of
from portal.postings.attachments import files
from portal.postings.attachments.leases import CALL_SECONDS, PATIENCE_SECONDS, Lease, give_up, take
from portal.postings.attachments.models import HandedFile, Handover, HandoverState
from portal.postings.attachments.naming import folded
from portal.postings.attachments.schedule import free_delay
from portal.postings.attachments.sides import source_connection

logger = logging.getLogger(__name__)

WHO: Final = "attachments"
TOO_LARGE: Final = f"It is larger than {LARGEST_FILE // 1024**2} MB, which is the most that is handed over."
WAS_THERE: Final = "A file of this name was there already."
GONE: Final = "The source does not tell of it any more."
NO_SOURCE: Final = "The connection that its files come from was unlinked, or its settings are incomplete."
RESTS: Final = "{connection} is not in use now. It goes on when it is."
BUG: Final = "An error on our side: {name}. The log has the details."


def hand_over(handover_id: int) -> bool:
    """Do what one handover needs, if it is due and its connections are in use. Safe to call at any time, by anybody.

    False when something failed that the next one of the same connection would meet as well.
    """
    handover, now = _read(handover_id), timezone.now()
    if handover is None or not _in_use(handover.connection, now):
        return True
    source = source_connection(handover.posting)
    if source is None:
        give_up(handover, NO_SOURCE, now)
        return True
    lease = take(handover, source, now)
    if lease is None:
        return True
    if not _in_use(source, now):
        return lease.wait(RESTS.format(connection=source), free_delay(None))
    with context.bound(posting_id=handover.posting_id, company_id=handover.connection.company_id):
        return _go(lease)


def _read(handover_id: int) -> Handover | None:
    rows = Handover.objects.select_related("connection__company", "posting__transaction", "posting__connection")
    return rows.defer("posting__transaction__content").filter(pk=handover_id).first()


def _in_use(connection: Connection, now: datetime) -> bool:
    return connection.status == Status.LINKED and not connection.paused and not breaker.is_open(connection, now)


def _go(lease: Lease) -> bool:
    try:
        _all_files(lease)
    except DatabaseError:  # how it went cannot be written: it is due again when its lease runs out
        raise
    except IntegrationError as error:
        return _broke_off(lease, error)
    except Exception as error:
        logger.exception("Handing files over ended with an error of ours.")
        lease.failed(BUG.format(name=type(error).__name__), quiet=_quiet(lease))
    else:
        lease.end(*files.outcome(lease.handover))
    return True


def _broke_off(lease: Lease, error: IntegrationError) -> bool:
    """What a failure means for the handover; whether the next one of the connection may be tried."""
    end = next(end for kind, end in ENDS.items() if isinstance(error, kind))
    return end(lease, error)


def _taken_away(_: Lease, error: IntegrationError) -> bool:
    logger.warning("stale_lease: %s", error.message)
    return True


def _locked_out(lease: Lease, error: IntegrationError) -> bool:
    lease.wait(error.message, free_delay(None))
    deauthorise(lease.asked, who=WHO, why=error.message)
    return False


def _later(lease: Lease, error: IntegrationError) -> bool:
    wished = error.retry_after if isinstance(error, Retryable) else None
    if isinstance(error, Retryable) and error.free:
        lease.wait(error.message, free_delay(wished))
    else:
        lease.failed(error.message, wished_seconds=wished)
    return False


def _in_doubt(lease: Lease, error: IntegrationError) -> bool:
    lease.failed(error.message, quiet=_quiet(lease))
    return False


def _refused(lease: Lease, error: IntegrationError) -> bool:
    """Not one file, but the document: it is not there, or a setting is wrong."""
    lease.end(HandoverState.GIVEN_UP, error.message)
    return True


# The first that fits: the last one fits all.
ENDS: Final[Mapping[type[IntegrationError], Callable[[Lease, IntegrationError], bool]]] = {
    LeaseLost: _taken_away,
    Unauthorised: _locked_out,
    Retryable: _later,
    OutcomeUnknown: _in_doubt,
    IntegrationError: _refused,
}


def _all_files(lease: Lease) -> None:
    told = {files.id_of(one): one for one in _listed(lease)}
    to_go = files.keep_track(lease.handover, told.values())
    there = _there(lease) if to_go else frozenset()
    for row in to_go:
        lease.keep()
        _one_file(lease, row, told.get(row.external_id), there)


def _one_file(lease: Lease, row: HandedFile, attachment: Attachment | None, there: Collection[str]) -> None:
    if folded(row.name) in there:
        files.was_there(row, WAS_THERE)
    elif attachment is None:
        files.refused(row, GONE)
    elif attachment.size is not None and attachment.size > LARGEST_FILE:
        files.refused(row, TOO_LARGE)
    else:
        _fetch_and_attach(lease, row, attachment)


def _fetch_and_attach(lease: Lease, row: HandedFile, attachment: Attachment) -> None:
    try:
        file = _fetched(lease, row, attachment)
        _attach(lease, file)
    except Rejected as error:
        files.refused(row, error.message)
    except (Retryable, OutcomeUnknown) as error:
        files.failed(row, error.message)
        raise
    else:
        files.handed(row, file)


# --- the calls -------------------------------------------------------------------------------------------------------


def _listed(lease: Lease) -> tuple[Attachment, ...]:
    with _asking(lease, lease.source) as outbound:
        return source_of(lease.source, outbound).attachments(lease.handover.posting.transaction.external_id)


def _fetched(lease: Lease, row: HandedFile, attachment: Attachment) -> File:
    """The file under its name over there."""
    external_id = lease.handover.posting.transaction.external_id
    with _asking(lease, lease.source) as outbound:
        found = source_of(lease.source, outbound).attachment(external_id, attachment)
    if len(found.content) > LARGEST_FILE:
        raise Rejected(TOO_LARGE)
    return File(name=row.name, content_type=found.content_type or row.content_type, content=found.content)


def _there(lease: Lease) -> frozenset[str]:
    with _asking(lease, lease.books) as outbound:
        found = connector_of(lease.books, outbound).attached(*_document(lease))
    return frozenset(folded(one.name) for one in found)


def _attach(lease: Lease, file: File) -> None:
    lease.begin_to_write(_quiet(lease))
    with _asking(lease, lease.books) as outbound:
        connector_of(lease.books, outbound).attach(*_document(lease), file)


@contextmanager
def _asking(lease: Lease, connection: Connection) -> Iterator[Outbound]:
    """The terms of one call: what is asked says so, and its limits are kept."""
    lease.asked = connection
    with paced(
        connection,
        lease.keep,
        patience_seconds=PATIENCE_SECONDS,
        still_ours=lease.still_ours,
        deadline_seconds=CALL_SECONDS,
    ) as outbound:
        yield outbound


def _document(lease: Lease) -> tuple[Kind, str]:
    posting = lease.handover.posting
    return Kind(posting.kind), posting.external_id or ""


def _quiet(lease: Lease) -> timedelta:
    """How long after a broken call a file may show up late over there."""
    return timedelta(seconds=abilities(lease.books).quiet_seconds)
