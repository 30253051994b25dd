"""Whose turn it is: a run is asked for, taken by one worker under a lease, kept while it goes on, and ended once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.errors import IntegrationError, Retryable
from portal.connections import breaker
from portal.connections.models import Connection
from portal.intake.reconciliation.asking import why_not
from portal.intake.reconciliation.models import SourceRun, SourceRunState

LEASE: Final = timedelta(minutes=5)
KEPT_EVERY_SECONDS: Final = 2.0
WINDOW: Final = timedelta(days=35)
FRESH: Final = timedelta(minutes=15)
GOES_ON_WITHIN: Final = timedelta(days=3)
DIED: Final = "The worker that ran it ended in the middle. The next run goes on where it stood."
STOPPED: Final = "The connection was paused or unlinked meanwhile. It is read again when it is in use."
UNDER_WAY: Final = "{connection}: a reconciliation with the source is waiting or running already."
BREAKER_OPEN: Final = "Its calls fail one after another at this time; it is read when they are answered again."
PROGRESS: Final = ("position", "calls", "read", "compared", "never_received", "deleted", "known", "left", "undated",
                   "resolved")  # fmt: skip


class CannotReconcile(Exception):
    """There is nothing to begin; `message` says why in one plain sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TakenOver(IntegrationError):
    """Somebody else goes on with this connection: stop at once."""


@dataclass(slots=True)
class Lease:
    """A run that is ours as long as `keep` says so. `clock` is monotonic, in seconds."""

    run: SourceRun
    token: uuid.UUID
    clock: Callable[[], float] = time.monotonic
    kept_at: float = field(default_factory=time.monotonic)

    def keep(self) -> None:
        """Renew the lease and write the progress, every two seconds at most. Raises `TakenOver`, `Retryable`."""
        if self.clock() - self.kept_at < KEPT_EVERY_SECONDS:
            return
        self.kept_at = self.clock()
        if not self._held().update(lease_until=timezone.now() + LEASE, **self._progress()):
            raise TakenOver("This run was taken over by another worker.")
        connection = Connection.objects.select_related("company").get(pk=self.run.connection_id)
        if why_not(connection):
            raise Retryable(STOPPED)

    def end(self, state: SourceRunState, **fields: Any) -> bool:
        """Write how it ended. False when it was not ours any more."""
        ended = self._held().update(
            state=state, ended_at=timezone.now(), lease_token=None, lease_until=None, **self._progress(), **fields
        )
        return bool(ended)

    def _progress(self) -> dict[str, Any]:
        return {name: getattr(self.run, name) for name in PROGRESS}

    def _held(self) -> QuerySet[SourceRun]:
        return SourceRun.objects.filter(pk=self.run.pk, state=SourceRunState.RUNNING, lease_token=self.token)


def ask(connection: Connection, *, user: AbstractBaseUser | None = None) -> SourceRun:
    """Put a run into the queue; it goes on where the last one stopped, if that one did not come to its end. Ring
    afterwards.

    Raises `CannotReconcile` when it cannot be read, or one is waiting or running already.
    """
    now = timezone.now()
    if why := why_not(connection, now):
        raise CannotReconcile(why)
    abandon_dead(now)
    live_at = connection.company.live_at or now
    try:
        with atomic():
            return SourceRun.objects.create(
                connection=connection, since=max(now - WINDOW, live_at), until=now - FRESH,
                asked_by_id=user.pk if user else None, asked_at=now, **_left_off(connection, now),
            )  # fmt: skip
    except IntegrityError:
        raise CannotReconcile(UNDER_WAY.format(connection=connection)) from None


def take(run_id: int) -> Lease | None:
    """Take a waiting run, or None: it is somebody else's, it is over, or its connection is not to be read now."""
    run = SourceRun.objects.select_related("connection__company").filter(pk=run_id).first()
    if run is None or run.state != SourceRunState.WAITING:
        return None
    now, token = timezone.now(), uuid.uuid4()
    waiting = SourceRun.objects.filter(pk=run_id, state=SourceRunState.WAITING)
    if why := _not_now(run.connection, now):
        waiting.update(state=SourceRunState.UNREAD, ended_at=now, error=why)
        return None
    values = {
        "state": SourceRunState.RUNNING, "started_at": now, "begun_at": run.begun_at or now, "lease_token": token,
        "lease_until": now + LEASE,
    }  # fmt: skip
    if not waiting.update(**values):
        return None
    for name, value in values.items():
        setattr(run, name, value)
    return Lease(run, token)


def abandon_dead(now: datetime) -> int:
    """Close the runs whose worker ended. Returns how many."""
    dead = SourceRun.objects.filter(state=SourceRunState.RUNNING, lease_until__lt=now)
    return dead.update(state=SourceRunState.ABANDONED, ended_at=now, lease_token=None, lease_until=None, error=DIED)


def _left_off(connection: Connection, now: datetime) -> dict[str, Any]:
    """Where the last run stopped, if it was lately and in the middle. After an error of ours it begins afresh."""
    last = SourceRun.objects.filter(connection=connection, asked_at__gt=now - GOES_ON_WITHIN).order_by("-pk").first()
    if last is None or not last.position or last.state == SourceRunState.FAILED:
        return {}
    return {"position": last.position, "begun_at": last.begun_at}


def _not_now(connection: Connection, now: datetime) -> str:
    return why_not(connection, now) or (BREAKER_OPEN if breaker.is_open(connection, now) else "")
