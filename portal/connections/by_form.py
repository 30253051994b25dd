"""A connection is linked by what somebody typed in: proven at the outside system first, kept only then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import System
from integrations.documents import Company as CompanyThere
from integrations.errors import IntegrationError, Unauthorised
from portal.connections.access.changes import settings_changed
from portal.connections.access.linked import ENDED, Brought, CannotLink, take_over
from portal.connections.access.models import VisitOutcome
from portal.connections.models import Connection, Status
from portal.connections.registry import system
from portal.connections.setup import kept_secrets, proven
from portal.events.services import tell


def link_by_form(
    connection: Connection, settings: Mapping[str, str], secrets: Mapping[str, str], *, who: str
) -> tuple[VisitOutcome, str]:
    """Ask the system with these settings and secrets who we are there, and link the connection to that company.

    An empty secret stands for the one that is stored, as long as the address is the same. Gives Linked, or why not:
    another company than before, or one that is linked elsewhere; then nothing was changed, nor was it where this
    raises an `IntegrationError` (with the key of the setting that is at fault in `field`) or `UnknownIntegration`.
    """
    asked_at = timezone.now()
    company, told = proven(
        connection, connection.company, connection.integration, settings, secrets, ask=_introduced
    )  # fmt: skip
    brought = Brought(
        company=company, token=None, told=connection.told if told is None else told,
        told_at=None if told is None else asked_at, asked_at=asked_at, settings={**connection.settings, **settings},
        secrets=kept_secrets(connection, settings, secrets),
    )  # fmt: skip
    return take_over(connection, brought, who=who)


def keep_for_visit(
    connection: Connection, settings: Mapping[str, str], secrets: Mapping[str, str], *, who: str
) -> None:
    """Keep what a visit needs before it begins; only the visit proves it. Raises `CannotLink` after an end."""
    with atomic():
        row = Connection.objects.select_for_update(no_key=True, of=("self",)).get(pk=connection.pk)
        if row.status == Status.UNLINKED:
            raise CannotLink(ENDED)
        before, kept = dict(row.settings), kept_secrets(row, settings, secrets)
        row.settings, row.secrets = {**before, **settings}, kept
        if row.status == Status.BLANK:
            row.status = Status.PENDING_AUTH
        row.save(update_fields=["settings", "secrets", "status"])
        settings_changed(row, before, who=who)
        _tell(row, before, secrets, who)
    connection.refresh_from_db()


def _introduced(there: System) -> tuple[CompanyThere, Mapping[str, Any] | None]:
    """Who it is, and what it tells of itself; None where that cannot be asked now: it is asked again soon."""
    company = there.company()
    if type(there).survey is System.survey:
        return company, {}
    try:
        return company, there.survey()
    except Unauthorised:
        raise
    except IntegrationError:
        return company, None


def _tell(connection: Connection, before: Mapping[str, Any], secrets: Mapping[str, str], who: str) -> None:
    company, name = connection.company, system(connection.integration).metadata.name
    tell(
        "connection.changed", f"The settings of {company} at {name} were changed.", who=who, subject=connection,
        tenant_id=company.tenant_id, company_id=company.pk,
        settings=sorted(key for key, value in connection.settings.items() if value != before.get(key, "")),
        secrets=sorted(key for key, value in secrets.items() if value.strip()),
    )  # fmt: skip
