"""The secret token of the address to which an outside system's own webhook goes, where each connection has one."""

from __future__ import annotations

import secrets
import uuid

from django.conf import settings

from integrations.hearing import Hears
from portal.connections.access.models import HookToken
from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration, system
from portal.digests import digest
from portal.events.services import tell

PREFIX = "prh_"


def hears_at_connection(connection: Connection) -> bool:
    """Whether its system can call an address of its own."""
    try:
        return system(connection.integration).hears is Hears.AT_THE_CONNECTION
    except UnknownIntegration:
        return False


def issue_hook(connection: Connection, *, who: str) -> str:
    """A new address with its token in it, for the one time that it is shown; the one before is refused from now on."""
    token = PREFIX + secrets.token_urlsafe(32)
    HookToken.objects.update_or_create(connection=connection, defaults={"digest": digest(token), "hint": token[-4:]})
    company = connection.company
    tell(
        "connection.hook_issued", f"A webhook address ending in {token[-4:]} was made.", who=who, subject=connection,
        tenant_id=company.tenant_id, company_id=company.pk,
    )  # fmt: skip
    return f"{hook_url(connection)}?token={token}"


def installation_hook_url(integration: str) -> str:
    """The one address of this installation for the webhooks of an integration; empty where it sends none there."""
    try:
        sends = system(integration).hears is Hears.AT_THE_INSTALLATION
    except UnknownIntegration:
        return ""
    return f"{settings.BASE_URL}/hooks/{integration}/" if sends else ""


def hook_url(connection: Connection) -> str:
    """The address without its token."""
    return f"{settings.BASE_URL}/hooks/{connection.integration}/{connection.pk}/"


def digest_of(integration: str, connection_id: uuid.UUID) -> str:
    """The stored digest; empty where there is none."""
    rows = HookToken.objects.filter(connection_id=connection_id, connection__integration=integration)
    return rows.values_list("digest", flat=True).first() or ""
