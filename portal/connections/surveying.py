"""What systems tell of themselves: asked for when they are linked, and daily; kept beside the connection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import System
from integrations.errors import KeyRefused, Unauthorised
from integrations.http import nothing
from integrations.metadata import Abilities
from portal.connections import registry
from portal.connections.access import admission
from portal.connections.models import Connection, Status
from portal.connections.paced import paced
from portal.connections.services import deauthorise, system_of
from portal.connections.setup import PATIENCE_SECONDS
from portal.events.services import tell

EVERY: Final = timedelta(days=1)
STATUS: Final = "status"
"""The member of what was told that says how the connection stands over there, in the words of `Status`."""
ENDED_THERE: Final[Mapping[str, str]] = {
    Status.DEAUTHORISED: "The system says that the connection was deauthorised there. Authorise it again.",
    Status.UNLINKED: "The system says that the connection was unlinked there. Authorise it again.",
}


def survey(connection: Connection, *, who: str) -> bool:
    """Ask what the system tells of itself, and keep it. True when something differs from what was known.

    It is asked within its limits, with no database connection held. A connection that it calls ended is deauthorised,
    and so is one whose credentials it refuses. Raises what `System.survey` raises: then nothing was changed but that.
    """
    try:
        with paced(connection, nothing, patience_seconds=PATIENCE_SECONDS) as outbound:
            told = dict(system_of(connection, outbound).survey())
    except Unauthorised as error:
        deauthorise(connection, who=who, why=error.message)
        raise
    except KeyRefused as error:
        admission.refused(connection.integration, error.message, who=who)
        raise
    admission.accepted(connection.integration, who=who)
    return keep(connection, told, who=who)


def keep(connection: Connection, told: Mapping[str, Any], *, who: str) -> bool:
    """Keep what a system told over what it told before; members that it left out stay. True when something differs."""
    with atomic():
        row = Connection.objects.select_for_update(no_key=True, of=("self",)).select_related("company").get(
            pk=connection.pk
        )  # fmt: skip
        before, row.told = row.told, {**row.told, **told}
        row.told_at = timezone.now()
        row.save(update_fields=["told", "told_at"])
        if why := _changed(row, before):
            _tell(row, f"What {row.integration} can do for {row.company} has changed: {why}", who)
    connection.refresh_from_db()
    if ended := ENDED_THERE.get(str(told.get(STATUS, "")).casefold()):
        deauthorise(connection, who=who, why=ended)
    return bool(before != row.told)


def due(now: datetime) -> QuerySet[Connection]:
    """Connections that have not been asked for a day, of systems that have something to tell; the oldest first.

    Among them are deauthorised ones of which a system has hinted that they stand otherwise by now.
    """
    known: list[type[System]] = [
        *registry.accounting_systems().values(),
        *(type(one) for one in registry.sources().values()),
    ]
    tell_something = [one.metadata.slug for one in known if one.survey is not System.survey]
    long_ago = Q(told_at=None) | Q(told_at__lte=now - EVERY)
    worth_it = Q(status=Status.LINKED) | Q(status=Status.DEAUTHORISED, told_at=None)
    rows = Connection.objects.filter(long_ago, worth_it, integration__in=tell_something)
    return rows.select_related("company").order_by(F("told_at").asc(nulls_first=True), "pk")


def _changed(row: Connection, before: Mapping[str, Any]) -> str:
    """In words; empty where it can do what it could."""
    connector = registry.system(row.integration)
    was, now = connector.can_for(row.settings, before), connector.can_for(row.settings, row.told)
    if was == now:
        return ""
    added, gone = _names(now) - _names(was), _names(was) - _names(now)
    parts = [f"{word} {', '.join(sorted(names))}" for word, names in (("new:", added), ("gone:", gone)) if names]
    return f"{'; '.join(parts) or 'how sure its answers are'}."


def _names(can: Abilities) -> set[str]:
    """What people know it by."""
    return (
        {kind.label.lower() for kind in can.kinds}
        | {f"list of {kind.value.replace('_', ' ')}" for kind in can.reads}
        | {f"files on {kind.label.lower()}" for kind in can.attaches}
    )


def _tell(connection: Connection, message: str, who: str) -> None:
    company = connection.company
    tell(
        "connection.coverage_changed", message, who=who, subject=connection, tenant_id=company.tenant_id,
        company_id=company.pk,
    )  # fmt: skip
