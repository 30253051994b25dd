"""Set up a source's connection: prove what was typed in before it is kept, then keep it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

from django.utils import timezone

from integrations.base import Link, Source
from integrations.documents import Company as LinkedCompany
from integrations.errors import Misconfigured
from portal.connections.limit_groups import limit_group
from portal.connections.limits import turn_in
from portal.connections.models import Connection, Side, Status
from portal.connections.paced import Waiting, paced_by
from portal.connections.places import scopes_of
from portal.connections.registry import source
from portal.connections.services import connect
from portal.events.services import tell
from portal.fields import Undecryptable
from portal.tenants.models import Company

# A person waits for the answer.
CHECKED_WITHIN_SECONDS: Final = 20.0
PATIENCE_SECONDS: Final = 10.0
NEEDED: Final = "{label} is missing."
NO_INTERFACE: Final = "{name} has no interface to ask: it only sends."


def is_set_up(connection: Connection) -> bool:
    """Whether everything is filled in that its source's own interface needs. It says nothing of its status."""
    needed = [one for one in source(connection.integration).metadata.settings if one.required]
    return bool(needed) and not _missing(type(source(connection.integration)), connection.settings, connection.secrets)


def check(
    connection: Connection | None,
    company: Company,
    integration: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
) -> LinkedCompany:
    """Who these credentials lead to, asked now and within the vendor's limits; nothing is kept.

    An empty secret stands for the one that `connection` has stored. Raises an `IntegrationError`, with the key of the
    setting in `field` where one is at fault, and `UnknownIntegration`.
    """
    connector, secrets = type(source(integration)), _kept(connection, secrets)
    if not connector.metadata.settings:
        raise Misconfigured(NO_INTERFACE.format(name=connector.metadata.name))
    if missing := _missing(connector, settings, secrets):
        raise Misconfigured(NEEDED.format(label=missing[1]), field=missing[0])
    group = limit_group(integration, settings, lambda: secrets)
    scopes = scopes_of(
        connection.pk if connection else company.pk, connector, group=group, limits=connector.limits_for(settings)
    )
    waiting = Waiting(patience_seconds=PATIENCE_SECONDS)
    with paced_by(
        lambda: turn_in(scopes, uuid.uuid4(), lambda _: ()), waiting, deadline_seconds=CHECKED_WITHIN_SECONDS
    ) as outbound:
        return connector(Link(settings=settings, secrets=secrets, outbound=outbound)).company()


def save_source(
    company: Company,
    integration: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    who: str,
    *,
    linked: LinkedCompany | None = None,
) -> Connection:
    """Keep what was typed in; an empty secret keeps the one that is stored. `linked` is what `check` gave: then the
    connection is Linked from now on, also one whose credentials were refused before.

    A company has one connection to a source; the first time it is made.
    """
    connection = Connection.objects.filter(company=company, side=Side.SOURCE, integration=integration).first()
    theirs = settings.get("company_id", "").strip()
    name = linked.name if linked else ""
    if connection is None:
        return connect(
            company, integration, side=Side.SOURCE, who=who, settings=settings, secrets=_kept(None, secrets),
            external_company_id=theirs, external_company_name=name,
        )  # fmt: skip
    stored = connection.settings
    changed = sorted(key for key, value in settings.items() if value != stored.get(key, ""))
    new_secrets = sorted(key for key, value in secrets.items() if value.strip())
    connection.settings, connection.secrets = {**connection.settings, **settings}, _kept(connection, secrets)
    connection.external_company_id = theirs or connection.external_company_id
    connection.external_company_name = name or connection.external_company_name
    names = ["settings", "secrets", "external_company_id", "external_company_name"]
    if linked is not None and connection.status != Status.LINKED:
        connection.status, connection.linked_at = Status.LINKED, timezone.now()
        names += ["status", "linked_at"]
    connection.save(update_fields=names)
    tell(
        "connection.changed",
        f"The settings of {company} at {connection.integration} were changed.",
        who=who, subject=connection, tenant_id=company.tenant_id, company_id=company.pk,
        settings=changed, secrets=new_secrets,
    )  # fmt: skip
    return connection


def _missing(
    connector: type[Source], settings: Mapping[str, str], secrets: Mapping[str, str]
) -> tuple[str, str] | None:
    """Key and label of the first required setting that is empty and has no default."""
    for one in connector.metadata.settings:
        if one.required and not str((secrets if one.secret else settings).get(one.key, "") or one.default).strip():
            return one.key, one.label
    return None


def _kept(connection: Connection | None, secrets: Mapping[str, str]) -> dict[str, str]:
    """Stored secrets with what was typed in over them; where the key of the stored ones is lost, only the latter."""
    typed = {key: value.strip() for key, value in secrets.items() if value.strip()}
    try:
        return {**(connection.secrets if connection else {}), **typed}
    except Undecryptable:
        return typed
