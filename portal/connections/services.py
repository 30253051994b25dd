"""Link companies to integrations, open endpoints, pause, deauthorise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone

from integrations.base import AccountingSystem, Link, Source, System
from integrations.documents import Kind
from integrations.http import Outbound
from integrations.metadata import Abilities
from portal.connections.access.installation import of_installation
from portal.connections.access.stored import StoredAccess
from portal.connections.models import AnswerPolicy, Connection, Endpoint, Side, Status
from portal.connections.registry import accounting_system, source, system
from portal.events.services import tell
from portal.tenants.models import Company


def connect(
    company: Company,
    integration: str,
    *,
    side: Side,
    who: str,
    settings: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    mapping: Mapping[str, Any] | None = None,
    kept_kinds: Iterable[Kind] = (),
    external_company_id: str = "",
    external_company_name: str = "",
) -> Connection:
    """Link a company to an integration; the connection is Linked and confirmed at once. Secrets are encrypted.

    `mapping` is what `portal.reference.rules.to_json` gives.
    """
    now = timezone.now()
    connection = Connection.objects.create(
        company=company,
        integration=integration,
        side=side,
        status=Status.LINKED,
        settings=dict(settings or {}),
        secrets=dict(secrets or {}),
        mapping=dict(mapping or {}),
        kept_kinds=[kind.value for kind in kept_kinds],
        external_company_id=external_company_id,
        external_company_name=external_company_name,
        linked_at=now,
        confirmed_at=now,
    )
    _tell(connection, "connection.linked", f"{company} was linked to {integration}.", who)
    return connection


def open_endpoint(
    connection: Connection,
    *,
    who: str,
    kind: Kind | None = None,
    answer: AnswerPolicy = AnswerPolicy.CONFIRMED,
    **options: Any,
) -> Endpoint:
    """Open an inbound URL at a source connection, for one kind or (None) for all. It has no token yet."""
    endpoint = Endpoint.objects.create(connection=connection, kind=kind.value if kind else "", answer=answer, **options)
    _tell(connection, "endpoint.opened", f"An endpoint for {kind.label if kind else 'all kinds'} was opened.", who)
    return endpoint


def endpoint_url(endpoint: Endpoint) -> str:
    """The full URL that is entered at the source."""
    return f"{settings.BASE_URL}/webhooks/{endpoint.connection.integration}/{endpoint.pk}/"


def accounting_connection(company: Company) -> Connection | None:
    """The company's one active accounting connection, in whatever status, or None."""
    return Connection.objects.filter(company=company, side=Side.ACCOUNTING).exclude(status=Status.UNLINKED).first()


def outbound_terms(**terms: Any) -> Outbound:
    """The terms of outgoing calls in this installation; `terms` are further members of `Outbound`."""
    return Outbound(allow_private=settings.ALLOW_PRIVATE_TARGETS, **terms)


def connector_of(connection: Connection, outbound: Outbound | None = None) -> AccountingSystem:
    """The connector of an accounting connection, ready to call. Raises `UnknownIntegration`."""
    return accounting_system(connection.integration)(link_of(connection, outbound))


def source_of(connection: Connection, outbound: Outbound | None = None) -> Source:
    """The connector of a source's connection, ready to call. Raises `UnknownIntegration`."""
    return type(source(connection.integration))(link_of(connection, outbound))


def system_of(connection: Connection, outbound: Outbound | None = None) -> System:
    """The connector of a connection on either side, ready to call. Raises `UnknownIntegration`."""
    return system(connection.integration)(link_of(connection, outbound))


def link_of(connection: Connection, outbound: Outbound | None = None) -> Link:
    """What a connector gets to work with."""
    terms, ours = outbound or outbound_terms(), of_installation(connection.integration)
    return Link(
        settings={**connection.settings, **ours.settings},
        secrets={**connection.secrets, **ours.secrets},
        outbound=terms,
        told=connection.told,
        company_name=connection.company.name,
        access=StoredAccess(connection, terms) if system(connection.integration).uses_tokens else None,
    )


def abilities(connection: Connection) -> Abilities:
    """What the system of this connection can do, as far as it has told. Raises `UnknownIntegration`."""
    return system(connection.integration).can_for(connection.settings, connection.told)


def pause(connection: Connection, *, who: str, why: str) -> None:
    """Send nothing for this connection until it is resumed; its postings wait."""
    Connection.objects.filter(pk=connection.pk).update(paused=True)
    _tell(connection, "connection.paused", f"Paused: {why}", who)


def resume(connection: Connection, *, who: str, why: str) -> None:
    """Send again. Due postings are found by the sweep."""
    Connection.objects.filter(pk=connection.pk).update(paused=False)
    _tell(connection, "connection.resumed", f"Resumed: {why}", who)


def deauthorise(connection: Connection, *, who: str, why: str) -> None:
    """The outside system no longer accepts our credentials: its postings wait until it is linked again. Told once."""
    changed = Connection.objects.filter(pk=connection.pk, status=Status.LINKED).update(status=Status.DEAUTHORISED)
    if changed:
        _tell(connection, "connection.deauthorised", f"The credentials are not accepted any more: {why}", who)


def _tell(connection: Connection, verb: str, message: str, who: str) -> None:
    company = connection.company
    tell(verb, message, who=who, subject=connection, tenant_id=company.tenant_id, company_id=company.pk)
