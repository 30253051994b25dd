"""One run from where it stands: read, compare, ask if much would disappear, send. An error's class says what then."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import Error as DatabaseError
from django.utils import timezone

from integrations.errors import IntegrationError, LeaseLost, OutcomeUnknown, Retryable, Unauthorised
from portal import context
from portal.connections import breaker
from portal.connections.models import Connection, Status
from portal.connections.services import deauthorise, source_of
from portal.reference.sync.counting import with_unknown_counted
from portal.reference.sync.guarding import may_go
from portal.reference.sync.leases import (
    READ_AGAIN,
    Interrupted,
    Lease,
    broke_off,
    far_end,
    lease_of,
    note_broken_off,
)
from portal.reference.sync.lists import dimensions_kept, targets
from portal.reference.sync.models import Record, SourceList, SyncRun, SyncState
from portal.reference.sync.planning import Way
from portal.reference.sync.pulling import pull
from portal.reference.sync.pushing import plans_of, push
from portal.reference.sync.rows import look_at_all
from portal.reference.sync.words import clock_of, name_of

logger = logging.getLogger(__name__)

WHO: Final = "sync"
AGAIN_SECONDS: Final = (5, 10, 20, 40, 55)
READ_AGAIN_SECONDS: Final = (30, 120)
NOT_NOW_SECONDS: Final = 55
ANOTHER_SENDS_SECONDS: Final = 5
MOST_TRIES: Final = 5
# A limit, or a list that the system has to fetch itself first: it waits, and that uses up no try.
WAITS_AT_MOST: Final = timedelta(hours=6)
SHORTEST_WAIT_SECONDS: Final = 30.0
LONGEST_WAIT_SECONDS: Final = 900.0

STARTS: Final = {SyncState.QUEUED: SyncState.FETCHING, SyncState.PROCESSING_QUEUED: SyncState.PROCESSING}
NOT_LINKED: Final = "{connection} is {status}. Link it again, then synchronise."
NOT_NOW: Final = "Waits until {connection} is in use again: {why}."
PAUSED: Final = "it is paused"
FAILING: Final = "its calls fail one after another at this time"
INCOMPLETE: Final = " Its list at {source} is incomplete until the next sync of it has ended."
BUG: Final = "An error on our side: {name}. The log has the details."


def perform(run_id: int) -> bool:
    """Bring a run as far as it goes now. Safe to call at any time, by anybody. False when there was nothing to do."""
    lease = take(run_id)
    if lease is None:
        return False
    with context.bound(sync_id=run_id, company_id=lease.run.company_id):
        _go(lease)
    return True


def take(run_id: int) -> Lease | None:
    """A run that is due, or None: it is somebody else's, it is over, or its connection is not to be used now."""
    now = timezone.now()
    runs = SyncRun.objects.select_related("company", "connection__company__tenant", "source__company__tenant")
    run = runs.filter(pk=run_id, state__in=STARTS, next_try_at__lte=now).first()
    if run is None or not _may_begin(run, now):
        return None
    return lease_of(run, STARTS[SyncState(run.state)], now)


def _may_begin(run: SyncRun, now: datetime) -> bool:
    far = far_end(run)
    if far.status != Status.LINKED:
        message = NOT_LINKED.format(connection=far, status=far.get_status_display()) + _left_behind(run)
        return _put(run, state=SyncState.PREREQUISITE_NOT_MET, ended_at=now, next_try_at=None, message=message)
    if why := _not_now(far, now):
        later = now + timedelta(seconds=NOT_NOW_SECONDS)
        return _put(run, next_try_at=later, message=NOT_NOW.format(connection=far, why=why))
    if run.state == SyncState.PROCESSING_QUEUED and _another_sends(run):
        return _put(run, next_try_at=now + timedelta(seconds=ANOTHER_SENDS_SECONDS))
    return True


def _not_now(far: Connection, now: datetime) -> str:
    if far.paused:
        return PAUSED
    return FAILING if breaker.is_open(far, now) else ""


def _another_sends(run: SyncRun) -> bool:
    """A company that has just changed its accounting system: the old one's last run may still be sending."""
    others = SyncRun.objects.filter(source_id=run.source_id, kind=run.kind, state=SyncState.PROCESSING)
    return others.exclude(pk=run.pk).exists()


def _put(run: SyncRun, **values: object) -> bool:
    """Change a run that waits, unless somebody else was faster. Always False: it is not begun."""
    SyncRun.objects.filter(pk=run.pk, state=run.state, next_try_at=run.next_try_at).update(**values)
    return False


def _go(lease: Lease) -> None:
    try:
        if lease.run.state != SyncState.FETCHING or _read(lease):
            _send(lease)
    except LeaseLost:
        logger.info("The sync was cancelled, or another worker goes on with it.")
    except DatabaseError:  # how it went cannot be written: it goes on when its lease runs out
        raise
    except Exception as error:
        logger.exception("The sync ended with an error of ours.")
        _end(lease, SyncState.INTERNAL_ERROR, BUG.format(name=type(error).__name__))


def _read(lease: Lease) -> bool:
    """Pull, and see what the source is to be told. False when it came to nothing, which is written on the run."""
    run = lease.run
    try:
        targets(run)  # lists that are known from the start need no second look
        pull(lease)
        found, _ = targets(run)
        for target in found:
            if run.is_full:
                target.records.exclude(refused_hash="").update(refused_hash="")
            look_at_all(lease, source_of(target.list.connection), target)
    except LeaseLost:
        raise
    except IntegrationError as error:
        _not_read(lease, error)
        return False
    return True


def _send(lease: Lease) -> None:
    run = lease.run
    try:
        plans = with_unknown_counted(lease, plans_of(lease))
        if not may_go(lease, plans):
            return
        if run.state == SyncState.FETCHING and any(plan.way is not Way.NOTHING for plan in plans):
            lease.send_now()
        if push(lease, plans):
            _complete(lease)
    except LeaseLost:
        raise
    except IntegrationError as error:
        _not_sent(lease, error)


def _not_read(lease: Lease, error: IntegrationError) -> None:
    run, now = lease.run, timezone.now()
    if isinstance(error, Interrupted):
        lease.hand_back(SyncState.QUEUED, now, READ_AGAIN.format(why=error.message))
    elif isinstance(error, Unauthorised):
        lease.end(SyncState.AUTH_ERROR, error.message)
        deauthorise(run.connection, who=WHO, why=error.message)
    elif isinstance(error, Retryable) and error.free and now - run.asked_at < WAITS_AT_MOST:
        later = now + timedelta(seconds=min(max(error.retry_after or 0, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS))
        why = f"{error.message} It is read again at {clock_of(run.connection, later)}."
        lease.hand_back(SyncState.QUEUED, later, why)
    elif isinstance(error, Retryable | OutcomeUnknown) and run.tries < len(READ_AGAIN_SECONDS):
        later = now + timedelta(seconds=READ_AGAIN_SECONDS[run.tries])
        why = f"{error.message} It is read again at {clock_of(run.connection, later)}."
        lease.hand_back(SyncState.QUEUED, later, why, tries=run.tries + 1)
    else:
        is_limit = isinstance(error, Retryable) and error.free
        lease.end(SyncState.RATE_LIMIT_ERROR if is_limit else SyncState.FETCH_ERROR, error.message)


def _not_sent(lease: Lease, error: IntegrationError) -> None:
    run, now = lease.run, timezone.now()
    incomplete = note_broken_off(run, now)
    if isinstance(error, Interrupted):
        _again(lease, error, now, incomplete=incomplete, tries=run.tries)
    elif isinstance(error, Unauthorised):
        refused_by = far_end(run)
        _end(lease, SyncState.AUTH_ERROR, error.message)
        deauthorise(refused_by, who=WHO, why=error.message)
    elif isinstance(error, OutcomeUnknown) or (isinstance(error, Retryable) and (incomplete or run.tries < MOST_TRIES)):
        later = now + timedelta(seconds=AGAIN_SECONDS[min(run.tries, len(AGAIN_SECONDS) - 1)])
        _again(lease, error, later, incomplete=incomplete, tries=run.tries + 1)
    else:
        is_limit = isinstance(error, Retryable) and error.free
        _end(lease, SyncState.RATE_LIMIT_ERROR if is_limit else SyncState.PROCESSING_ERROR, error.message)


def _again(lease: Lease, error: IntegrationError, at: datetime, *, incomplete: bool, tries: int) -> None:
    when = f"at {clock_of(lease.run.connection, at)}"
    message = broke_off(lease.run, error.message, when, from_the_start=incomplete)
    lease.hand_back(SyncState.PROCESSING_QUEUED, at, message, tries=tries)


def _complete(lease: Lease) -> None:
    """What is no longer in use is forgotten once the source does not have it any more either."""
    run = lease.run
    forgotten = Record.objects.filter(connection=run.connection, kind=run.kind, is_active=False, pushed_code="")
    kept = dimensions_kept(run)
    with lease.writing():
        forgotten.exclude(dimension__in=kept).delete()
    run.refused = _refused(run)
    went = not lease.problems or _has_a_list(run)
    lease.end(SyncState.COMPLETE if went else SyncState.PREREQUISITE_NOT_MET, " ".join(lease.problems))


def _has_a_list(run: SyncRun) -> bool:
    """Whether any of the dimensions has a place at the source."""
    return SourceList.objects.filter(connection=run.source, kind=run.kind, replaced_at__isnull=False).exists()


def _end(lease: Lease, state: SyncState, message: str) -> None:
    lease.run.refused = _refused(lease.run)
    lease.end(state, message + _left_behind(lease.run))


def _refused(run: SyncRun) -> int:
    return Record.objects.filter(connection=run.connection, kind=run.kind).exclude(refused="").count()


def _left_behind(run: SyncRun) -> str:
    if run.source is None or not note_broken_off(run, timezone.now()):
        return ""
    return INCOMPLETE.format(source=name_of(run.source))
