"""Whose turn it is: a run is asked for, taken by one worker under a lease, kept while it goes on, and ended once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.errors import IntegrationError, Retryable
from portal.connections import breaker
from portal.connections.models import Connection, Side, Status
from portal.connections.registry import accounting_systems
from portal.connections.services import abilities
from portal.postings.reconciliation.models import ListedDocument, ReconciliationRun, RunState

LEASE = timedelta(minutes=5)
KEPT_EVERY_SECONDS = 2.0
DAYS = 7
DIED = "The worker that ran it ended in the middle. The next run begins afresh."
STOPPED = "The connection was paused or unlinked meanwhile. It is read again when it is in use."
UNDER_WAY = "{connection}: a reconciliation is waiting or running already."
BREAKER_OPEN = "Its calls fail one after another at this time; it is read when they are answered again."


class CannotReconcile(Exception):
    """There is nothing to begin; `message` says why in one plain sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TakenOver(IntegrationError):
    """Somebody else goes on with this connection, or it is not to be read any more: stop at once."""


@dataclass(slots=True)
class Lease:
    """A run that is ours as long as `keep` says so. `clock` is monotonic, in seconds."""

    run: ReconciliationRun
    token: uuid.UUID
    started_at: datetime
    clock: Callable[[], float] = time.monotonic
    kept_at: float = field(default_factory=time.monotonic)

    def keep(self) -> None:
        """Renew the lease and write the progress, every two seconds at most. Raises `TakenOver`, `Retryable`."""
        if self.clock() - self.kept_at < KEPT_EVERY_SECONDS:
            return
        self.kept_at = self.clock()
        if not self._held().update(lease_until=timezone.now() + LEASE, read=self.run.read):
            raise TakenOver("This run was taken over by another worker.")
        if not _in_use().filter(pk=self.run.connection_id).exists():
            raise Retryable(STOPPED)

    def end(self, state: RunState, **fields: Any) -> bool:
        """Write how it ended, and forget what was listed. False when it was not ours any more."""
        run = self.run
        ended = self._held().update(
            state=state, ended_at=timezone.now(), lease_token=None, lease_until=None,
            read=run.read, compared=run.compared, agreeing=run.agreeing, missing=run.missing, extra=run.extra,
            double=run.double, different=run.different, known=run.known, left=run.left, resolved=run.resolved, **fields,
        )  # fmt: skip
        ListedDocument.objects.filter(run_id=run.pk).delete()
        return bool(ended)

    def _held(self) -> QuerySet[ReconciliationRun]:
        return ReconciliationRun.objects.filter(pk=self.run.pk, state=RunState.RUNNING, lease_token=self.token)


def why_not(connection: Connection) -> str:
    """Why this connection cannot be reconciled, in one sentence; empty when it can."""
    if connection.side != Side.ACCOUNTING:
        return f"{connection} is a source: nothing is posted into it."
    system = accounting_systems().get(connection.integration)
    if system is None:
        return f"No accounting system {connection.integration} is installed."
    if not abilities(connection).lists:
        return f"{system.metadata.name} cannot list what it holds with our key."
    if connection.status != Status.LINKED:
        return f"{connection} is {connection.get_status_display()}: it cannot be read."
    return f"{connection} is paused: nothing is asked there." if connection.paused else ""


def ask(
    connection: Connection, *, since: datetime, until: datetime, user: AbstractBaseUser | None = None
) -> ReconciliationRun:
    """Put a run into the queue: postings from `since` to `until` (aware UTC). Ring afterwards.

    Raises `CannotReconcile` when it cannot be read, or one is waiting or running already.
    """
    if why := why_not(connection):
        raise CannotReconcile(why)
    now = timezone.now()
    abandon_dead(now)
    try:
        with atomic():
            return ReconciliationRun.objects.create(
                connection=connection, since=since, until=until, asked_by_id=user.pk if user else None, asked_at=now
            )
    except IntegrityError:
        raise CannotReconcile(UNDER_WAY.format(connection=connection)) from None


def take(run_id: int) -> Lease | None:
    """Take a waiting run, or None: it is somebody else's, it is over, or its connection is not to be read now."""
    run = ReconciliationRun.objects.select_related("connection__company").filter(pk=run_id).first()
    if run is None or run.state != RunState.WAITING:
        return None
    now, token = timezone.now(), uuid.uuid4()
    if why := _not_now(run.connection, now):
        _end_waiting(run, now, why)
        return None
    values = {"state": RunState.RUNNING, "started_at": now, "lease_token": token, "lease_until": now + LEASE}
    if not ReconciliationRun.objects.filter(pk=run_id, state=RunState.WAITING).update(**values):
        return None
    for name, value in values.items():
        setattr(run, name, value)
    return Lease(run, token, now)


def abandon_dead(now: datetime) -> int:
    """Close the runs whose worker ended; what they listed goes with them. Returns how many."""
    dead = ReconciliationRun.objects.filter(state=RunState.RUNNING, lease_until__lt=now)
    return sum(_abandon(run, now) for run in dead)


def _abandon(run: ReconciliationRun, now: datetime) -> bool:
    held = ReconciliationRun.objects.filter(pk=run.pk, state=RunState.RUNNING, lease_token=run.lease_token)
    gone = held.filter(lease_until__lt=now).update(
        state=RunState.ABANDONED, ended_at=now, lease_token=None, lease_until=None, error=DIED
    )
    if gone:
        ListedDocument.objects.filter(run_id=run.pk).delete()
    return bool(gone)


def _not_now(connection: Connection, now: datetime) -> str:
    return why_not(connection) or (BREAKER_OPEN if breaker.is_open(connection, now) else "")


def _end_waiting(run: ReconciliationRun, now: datetime, why: str) -> None:
    ReconciliationRun.objects.filter(pk=run.pk, state=RunState.WAITING).update(
        state=RunState.UNREAD, ended_at=now, error=why
    )


def _in_use() -> QuerySet[Connection]:
    return Connection.objects.filter(status=Status.LINKED, paused=False)
