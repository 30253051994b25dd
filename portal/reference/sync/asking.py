"""Ask for a run: what can be synchronised, where it would go, and why not now."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils import timezone

from integrations.reference import RecordKind
from portal.connections.models import Connection, Side, Status
from portal.connections.registry import accounting_systems, sources
from portal.connections.services import abilities
from portal.connections.setup import is_set_up
from portal.events.services import tell
from portal.reference.sync.models import KIND_CHOICES, OPEN_STATES, SyncRun, SyncState
from portal.reference.sync.words import label_of, name_of, under_way

A_SOURCE: Final = "{connection} is a source: reference data is read from accounting systems."
NOT_LINKED: Final = "{connection} is {status}: it cannot be read. Link it first."
PAUSED: Final = "{connection} is paused. Resume it first."
NOT_READ: Final = "{name} does not tell {kind}."
TAKEN: Final = "{kind}: a sync is running already."


class CannotSync(Exception):
    """There is nothing to begin or to decide; `message` says why in one plain sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def kinds_of(connection: Connection) -> list[RecordKind]:
    """The kinds of reference data that a connection's system tells, in the order of the pages; none for a source."""
    system = accounting_systems().get(connection.integration)
    if system is None or connection.side != Side.ACCOUNTING:
        return []
    return [RecordKind(kind) for kind, _ in KIND_CHOICES if RecordKind(kind) in abilities(connection).reads]


def source_for(connection: Connection) -> Connection | None:
    """The company's linked source that takes reference data and is set up for it; None where there is none."""
    takers = [slug for slug, source in sources().items() if source.offers.takes]
    found = Connection.objects.filter(
        company_id=connection.company_id, side=Side.SOURCE, status=Status.LINKED, integration__in=takers
    )
    return next((one for one in found.order_by("created_at") if is_set_up(one)), None)


def why_not(connection: Connection, kind: RecordKind) -> str:
    """Why this kind cannot be synchronised now, in one sentence; empty when it can."""
    if connection.side != Side.ACCOUNTING:
        return A_SOURCE.format(connection=connection)
    if kind not in kinds_of(connection):
        return NOT_READ.format(name=name_of(connection), kind=label_of(kind).lower())
    if connection.status != Status.LINKED:
        return NOT_LINKED.format(connection=connection, status=connection.get_status_display())
    return PAUSED.format(connection=connection) if connection.paused else ""


def ask(
    connection: Connection, kind: RecordKind, *, user: AbstractBaseUser | None = None, full: bool = False
) -> SyncRun:
    """Put a run of one kind into the queue; `full` sends everything again. Ring afterwards.

    Raises `CannotSync` when it cannot be read, or when a run of this kind is open already, which is then named.
    """
    kind = RecordKind(kind)
    if why := why_not(connection, kind):
        raise CannotSync(why)
    now = timezone.now()
    try:
        with atomic():
            run = _made(connection, kind, now, asked_by_id=user.pk if user else None, is_full=full)
    except IntegrityError:
        raise CannotSync(_open(connection, kind)) from None
    if user is not None:
        tell_of(run, "sync.asked", f"{label_of(kind)}: a sync was asked for.", user.get_username(), full=full)
    return run


def ask_all(
    connection: Connection, *, user: AbstractBaseUser | None = None, full: bool = False
) -> tuple[list[SyncRun], list[str]]:
    """A run of every kind; the messages are of those that could not be asked for. Ring afterwards."""
    runs, messages = list[SyncRun](), list[str]()
    for kind in kinds_of(connection):
        try:
            runs.append(ask(connection, kind, user=user, full=full))
        except CannotSync as error:
            messages.append(error.message)
    return runs, messages


def tell_of(run: SyncRun, verb: str, message: str, who: str, **details: Any) -> None:
    """An audit event about a run."""
    company = run.company
    tell(verb, message, who=who, subject=run, tenant_id=company.tenant_id, company_id=company.pk, **details)


def _made(connection: Connection, kind: RecordKind, now: datetime, **fields: Any) -> SyncRun:
    source = source_for(connection)
    takes = source is not None and kind in sources()[source.integration].offers.takes
    return SyncRun.objects.create(
        company=connection.company,
        connection=connection,
        source=source if takes else None,
        kind=kind.value,
        asked_at=now,
        next_try_at=max(now, _free_from(connection, kind) or now),
        **fields,
    )


def _free_from(connection: Connection, kind: RecordKind) -> datetime | None:
    """A run that was cancelled in the middle of a request has sent its last byte when its lease would have run out."""
    last = SyncRun.objects.filter(connection=connection, kind=kind.value, state=SyncState.CANCELLED).order_by("-id")
    return last.values_list("next_try_at", flat=True).first()


def _open(connection: Connection, kind: RecordKind) -> str:
    runs = SyncRun.objects.filter(connection=connection, kind=kind.value, state__in=OPEN_STATES)
    found = runs.select_related("connection__company__tenant").first()
    return under_way(found) if found else TAKEN.format(kind=label_of(kind))
