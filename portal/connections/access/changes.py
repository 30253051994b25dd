"""Connections that wait for a visit, and what a change of settings or secrets means for the access that there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils import timezone

from integrations.documents import Kind
from portal.connections.access import grants
from portal.connections.access.addresses import lead_elsewhere
from portal.connections.access.models import IntegrationSettings
from portal.connections.access.visits import is_linked_by_visit
from portal.connections.models import Connection, Side, Status
from portal.connections.registry import system
from portal.events.services import tell
from portal.tenants.models import Company

PREPARED: Final = "{company} is to be linked to {integration}: somebody has to authorise it there."
ANEW: Final = (
    "{connection} leads to another address now, or is linked in another way: somebody has to authorise it again."
)


def prepare(
    company: Company,
    integration: str,
    *,
    side: Side,
    who: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    kept_kinds: Iterable[Kind] = (),
    external_company_id: str = "",
    external_company_name: str = "",
) -> Connection:
    """A connection that waits for somebody's visit at the outside system. Secrets are encrypted.

    A company's id that is given here is the only one that the visit may bring.
    """
    connection = Connection.objects.create(
        company=company, integration=integration, side=side, status=Status.PENDING_AUTH, settings=dict(settings),
        secrets=dict(secrets), kept_kinds=[kind.value for kind in kept_kinds],
        external_company_id=external_company_id, external_company_name=external_company_name,
    )  # fmt: skip
    _tell(connection, "connection.prepared", PREPARED.format(company=company, integration=integration), who)
    return connection


def settings_changed(connection: Connection, before: Mapping[str, Any], *, who: str) -> None:
    """After settings or secrets were saved: a token that was given for others is forgotten.

    What a person agreed to stays, unless it would be sent to another address than they agreed for: then the connection
    waits for a visit. `before` are the settings as they were.
    """
    connector = system(connection.integration)
    by_visit, was_by_visit = is_linked_by_visit(connection), connector.is_linked_by_visit(before)
    if not by_visit:
        if connector.uses_tokens:
            grants.forget(connection)
    elif not was_by_visit or lead_elsewhere(before, connection.settings):
        _anew(connection, who)


def installation_changed(kept: IntegrationSettings, before: Mapping[str, Any], *, who: str) -> None:
    """The same for all connections of an integration, after what the installation has there was saved."""
    elsewhere = lead_elsewhere(before, kept.settings)
    tell(
        "installation.changed", f"What this installation has at {kept.integration} was changed.", who=who, subject=kept,
        settings=sorted(name for name, value in kept.settings.items() if value != before.get(name, "")),
    )  # fmt: skip
    IntegrationSettings.objects.filter(pk=kept.pk).update(refused_at=None, refused_why="")
    theirs = Connection.objects.filter(integration=kept.integration).exclude(status=Status.UNLINKED)
    theirs.filter(status=Status.LINKED).update(told_at=None)  # so that they are asked at once
    uses_tokens = system(kept.integration).uses_tokens
    for connection in theirs:
        if is_linked_by_visit(connection):
            if elsewhere:
                _anew(connection, who)
        elif uses_tokens:
            grants.forget(connection)


def _anew(connection: Connection, who: str) -> None:
    grants.forget(connection)
    connection.visits.filter(used_at=None).update(used_at=timezone.now())
    rows = Connection.objects.filter(pk=connection.pk, status__in=(Status.LINKED, Status.DEAUTHORISED))
    if rows.update(status=Status.PENDING_AUTH):
        _tell(connection, "connection.to_authorise", ANEW.format(connection=connection), who)


def _tell(connection: Connection, verb: str, message: str, who: str) -> None:
    company = connection.company
    tell(verb, message, who=who, subject=connection, tenant_id=company.tenant_id, company_id=company.pk)
