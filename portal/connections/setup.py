"""Set up a connection: prove what was typed in before it is kept, then keep it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final, TypeVar

from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import Link, System
from integrations.documents import Company as LinkedCompany
from integrations.errors import Misconfigured
from portal.connections.access.addresses import lead_elsewhere
from portal.connections.access.installation import of_installation
from portal.connections.limit_groups import limit_group
from portal.connections.limits import Turn, turn_in
from portal.connections.models import Connection, Side, Status
from portal.connections.onlookers import one_of
from portal.connections.paced import Waiting, paced_by
from portal.connections.places import scopes_of
from portal.connections.registry import source, system
from portal.connections.services import connect
from portal.events.services import tell
from portal.fields import Undecryptable
from portal.tenants.models import Company

T = TypeVar("T")

# A person waits for the answer.
CHECKED_WITHIN_SECONDS: Final = 20.0
PATIENCE_SECONDS: Final = 10.0
LONGEST_ID: Final = 100
NEEDED: Final = "{label} is missing."
ANOTHER_ADDRESS: Final = (
    "The address is another one than before. Enter the {label} again: it is not sent there unasked."
)
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

    Works for accounting systems and sources alike. An empty secret stands for the one that `connection` has stored, as
    long as the address is the same. Raises an `IntegrationError`, with the key of the setting in `field` where one is
    at fault, and `UnknownIntegration`.
    """
    return proven(connection, company, integration, settings, secrets, ask=lambda there: there.company())


def proven(
    connection: Connection | None,
    company: Company,
    integration: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    *,
    ask: Callable[[System], T],
) -> T:
    """What `ask` finds out with these credentials, under the terms of `check`, and raising as that does."""
    connector, ours = system(integration), of_installation(integration)
    if not connector.metadata.settings:
        raise Misconfigured(NO_INTERFACE.format(name=connector.metadata.name))
    secrets = {**kept_secrets(connection, settings, secrets), **ours.secrets}
    settings = {**(connection.settings if connection else {}), **settings, **ours.settings}
    if missing := _missing(connector, settings, secrets):
        raise Misconfigured(_why_missing(connection, settings, missing[1]), field=missing[0])
    group = limit_group(integration, settings, lambda: secrets)
    scopes = scopes_of(
        connection.pk if connection else company.pk, connector, group=group, limits=connector.limits_for(settings)
    )
    waiting = Waiting(patience_seconds=PATIENCE_SECONDS)

    def take_turn() -> AbstractContextManager[Turn | None]:
        return turn_in(scopes, uuid.uuid4(), lambda _: ())

    with one_of(company.pk), paced_by(take_turn, waiting, deadline_seconds=CHECKED_WITHIN_SECONDS) as outbound:
        told = connection.told if connection else {}
        link = Link(
            settings=settings, secrets=secrets, outbound=outbound, told=told, company_name=company.name
        )  # fmt: skip
        return ask(connector(link))


def save_source(
    company: Company,
    integration: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    who: str,
    *,
    linked: LinkedCompany | None = None,
) -> Connection:
    """Keep what was typed in; an empty secret keeps the one that is stored, as long as the address is the same.
    `linked` is what `check` gave: then the connection is Linked from now on, also one whose credentials were refused
    before.

    A company has one connection to a source; the first time it is made, and anew after one that was unlinked.
    """
    with atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)  # two at once make one connection
        connection = source_connections(company).filter(integration=integration).first()
        if connection is not None:
            return _changed(connection, settings, secrets, who, linked)
        return connect(
            company, integration, side=Side.SOURCE, who=who, settings=settings, secrets=kept_secrets(None, {}, secrets),
            external_company_id=_id_there(settings, linked),
            external_company_name=linked.name if linked else "",
        )  # fmt: skip


def source_connections(company: Company | uuid.UUID) -> QuerySet[Connection]:
    """The company's connections to sources in whatever status but Unlinked, the newest first."""
    rows = Connection.objects.filter(company=company, side=Side.SOURCE).exclude(status=Status.UNLINKED)
    return rows.select_related("company").order_by("-created_at")


def _changed(
    connection: Connection,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    who: str,
    linked: LinkedCompany | None,
) -> Connection:
    stored, company = connection.settings, connection.company
    changed = sorted(key for key, value in settings.items() if value != stored.get(key, ""))
    new_secrets = sorted(key for key, value in secrets.items() if value.strip())
    connection.secrets = kept_secrets(connection, settings, secrets)
    connection.settings = {**stored, **settings}
    connection.external_company_id = _id_there(settings, linked) or connection.external_company_id
    connection.external_company_name = (linked.name if linked else "") or connection.external_company_name
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


def _id_there(settings: Mapping[str, str], linked: LinkedCompany | None) -> str:
    """The company's id at the source: the one that was typed in, where there is such a setting, else as it tells it."""
    return settings.get("company_id", "").strip() or (linked.external_id[:LONGEST_ID] if linked else "")


def _missing(
    connector: type[System], settings: Mapping[str, str], secrets: Mapping[str, str]
) -> tuple[str, str] | None:
    """Key and label of the first required setting that is empty and has no default."""
    for one in connector.metadata.settings:
        if one.required and not str((secrets if one.secret else settings).get(one.key, "") or one.default).strip():
            return one.key, one.label
    return None


def _why_missing(connection: Connection | None, settings: Mapping[str, str], label: str) -> str:
    is_moved = connection is not None and connection.secrets and not is_same_address(connection, settings)
    wanted = ANOTHER_ADDRESS if is_moved else NEEDED
    return wanted.format(label=label)


def kept_secrets(
    connection: Connection | None, settings: Mapping[str, str], secrets: Mapping[str, str]
) -> dict[str, str]:
    """Stored secrets with what was typed in over them; where the key of the stored ones is lost, only the latter.

    A secret belongs to the address for which it was typed in: whoever may change the address could else have it sent
    to a place of his own and read it there.
    """
    typed = {key: value.strip() for key, value in secrets.items() if value.strip()}
    if connection is None or not is_same_address(connection, settings):
        return typed
    try:
        return {**connection.secrets, **typed}
    except Undecryptable:
        return typed


def is_same_address(connection: Connection, settings: Mapping[str, str]) -> bool:
    """Of all addresses among the settings. One of which nothing is said stays as it is stored."""
    return not lead_elsewhere(connection.settings, settings)
