"""Reconcile one connection: read what it lists, compare, write what differs, and how it went."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import Error as DatabaseError
from django.utils import timezone

from integrations.errors import IntegrationError, Unauthorised
from portal import context
from portal.connections.models import Connection
from portal.connections.services import deauthorise
from portal.postings.reconciliation.comparing import MOST_LOOKED_UP, Comparison
from portal.postings.reconciliation.leases import DAYS, Lease, TakenOver, ask, take
from portal.postings.reconciliation.listing import read_all
from portal.postings.reconciliation.models import ListedDocument, ReconciliationRun, RunState
from portal.postings.shares import shares
from portal.postings.work import stopping

logger = logging.getLogger(__name__)

BUG: Final = "An error on our side: {name}. The log has the details."

# A run lasts for minutes: a worker process keeps most of its threads for postings.
_room = threading.BoundedSemaphore(max(1, settings.WORKER_THREADS // 4))


def reconcile(
    connection_id: UUID, since: datetime, until: datetime, *, user: AbstractBaseUser | None = None
) -> ReconciliationRun:
    """Compare what was posted from `since` to `until` (aware UTC) with what stands there, now and in this thread.

    Raises `CannotReconcile` when the connection cannot be read, or is being reconciled already. How it went, a system
    that could not be read included, stands on the run that comes back.
    """
    connection = Connection.objects.select_related("company").get(pk=connection_id)
    run = ask(connection, since=since, until=until, user=user)
    perform(run.pk)
    run.refresh_from_db()
    return run


def ask_now(connection: Connection, user: AbstractBaseUser | None = None, days: int = DAYS) -> ReconciliationRun:
    """Put a run over the last days into the queue. Ring afterwards. Raises `CannotReconcile`."""
    now = timezone.now()
    return ask(connection, since=now - timedelta(days=days), until=now, user=user)


def perform_where_there_is_room(run_id: int) -> None:
    """For a worker's thread: run it, and then what waits, as long as there is room. What finds none stays waiting."""
    following: int | None = run_id
    while following is not None:
        if not _room.acquire(blocking=False):
            return
        try:
            _perform_in_its_share(following)
        finally:
            _room.release()
        following = None if stopping.is_set() else _next_waiting(following)


def perform(run_id: int) -> None:
    """Do a waiting run. Safe to call at any time and by anybody: what is not waiting any more is left alone."""
    lease = take(run_id)
    if lease is None:
        return
    with context.bound(reconciliation_id=run_id, company_id=lease.run.connection.company_id):
        _go(lease)


def _go(lease: Lease) -> None:
    try:
        read_all(lease)
        Comparison(lease, asks_left=MOST_LOOKED_UP).all()
    except TakenOver:
        logger.warning("stale_lease: another worker goes on with this connection.")
        ListedDocument.objects.filter(run_id=lease.run.pk).delete()
    except IntegrationError as error:
        _unread(lease, error)
    except DatabaseError:  # how it went cannot be written: it is abandoned when its lease runs out
        raise
    except Exception as error:
        logger.exception("The reconciliation ended with an error of ours.")
        lease.end(RunState.FAILED, error=BUG.format(name=type(error).__name__))
    else:
        lease.end(RunState.FINISHED)


def _unread(lease: Lease, error: IntegrationError) -> None:
    """No alarm by itself: it is read again in an hour. Credentials that are refused stop the connection, as always."""
    lease.end(RunState.UNREAD, error=error.message)
    if isinstance(error, Unauthorised):
        deauthorise(lease.run.connection, who="reconciliation", why=error.message)


def _perform_in_its_share(run_id: int) -> None:
    connection_id = ReconciliationRun.objects.filter(pk=run_id).values_list("connection", flat=True).first()
    if connection_id is None:
        return
    with shares.one(connection_id) as granted:
        if granted:
            perform(run_id)


def _next_waiting(after: int) -> int | None:
    waiting = ReconciliationRun.objects.filter(state=RunState.WAITING, pk__gt=after).order_by("pk")
    return waiting.values_list("pk", flat=True).first()
