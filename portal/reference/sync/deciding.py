"""What a person decides about a run: let it remove what it would remove, throw that away, or end the run."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import F
from django.db.transaction import atomic
from django.utils import timezone

from portal.reference.sync.asking import CannotSync, tell_of
from portal.reference.sync.models import OPEN_STATES, SourceList, SyncRun, SyncState
from portal.reference.sync.words import label_of, name_of

NOTHING_WAITS: Final = "{kind}: this sync does not wait for confirmation any more."
IS_OVER: Final = "{kind}: this sync has ended already."
INCOMPLETE: Final = " Its list at {source} is incomplete until the next sync of it has ended."


def confirm(run: SyncRun, user: AbstractBaseUser) -> None:
    """Let a run send what it found, although much disappears. Ring afterwards.

    Raises `CannotSync` when it waits for no confirmation.
    """
    now, who = timezone.now(), user.get_username()
    with atomic():
        taken = SyncRun.objects.filter(pk=run.pk, state=SyncState.VALIDATION_QUEUED).update(
            state=SyncState.PROCESSING_QUEUED, next_try_at=now, confirmed_by=user.pk, confirmed_at=now,
            message=f"Confirmed by {who}; it goes on in a moment.",
        )  # fmt: skip
        if not taken:
            raise CannotSync(NOTHING_WAITS.format(kind=label_of(run.kind)))
        message = f"{label_of(run.kind)}: what the sync would remove was confirmed."
        tell_of(run, "sync.confirmed", message, who, guard=run.guard)


def discard(run: SyncRun, user: AbstractBaseUser, why: str) -> None:
    """Throw away what a run waits to send; the source stays as it is. Raises `CannotSync` when it does not wait."""
    who = user.get_username()
    with atomic():
        taken = SyncRun.objects.filter(pk=run.pk, state=SyncState.VALIDATION_QUEUED).update(
            state=SyncState.CANCELLED, ended_at=timezone.now(), next_try_at=None, message=f"Discarded by {who}: {why}"
        )
        if not taken:
            raise CannotSync(NOTHING_WAITS.format(kind=label_of(run.kind)))
        tell_of(run, "sync.discarded", f"{label_of(run.kind)}: discarded: {why}", who, guard=run.guard)


def cancel(run: SyncRun, user: AbstractBaseUser, why: str) -> None:
    """End an open run. One that is under way stops at its next request; a list that it left incomplete says so.

    Raises `CannotSync` when it has ended.
    """
    who = user.get_username()
    message = f"Cancelled by {who}: {why}{_left_behind(run)}"
    with atomic():
        taken = SyncRun.objects.filter(pk=run.pk, state__in=OPEN_STATES).update(
            state=SyncState.CANCELLED, ended_at=timezone.now(), message=message,
            next_try_at=F("lease_until"), lease_token=None, lease_until=None,
        )  # fmt: skip
        if not taken:
            raise CannotSync(IS_OVER.format(kind=label_of(run.kind)))
        tell_of(run, "sync.cancelled", f"{label_of(run.kind)}: cancelled: {why}", who)


def _left_behind(run: SyncRun) -> str:
    if run.source is None:
        return ""
    lists = SourceList.objects.filter(connection=run.source, kind=run.kind, is_incomplete=True)
    return INCOMPLETE.format(source=name_of(run.source)) if lists.exists() else ""
