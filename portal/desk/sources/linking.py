"""A source that is read is linked: what was typed in is kept, it is asked what may be seen, and an address is open."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Company as CompanyThere
from integrations.errors import IntegrationError
from portal.connections.models import Connection, Endpoint
from portal.connections.services import open_endpoint
from portal.connections.setup import save_source
from portal.connections.surveying import survey
from portal.intake.feeds.by_hand import reconsider
from portal.tenants.models import Company

logger = logging.getLogger(__name__)


def link(
    company: Company,
    integration: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    *,
    who: str,
    found: CompanyThere,
) -> Connection:
    """Keep settings and secrets that were proven: `found` is who answered. What was left out or refused under other
    settings is judged again. Raises what `save_source` raises.

    What cannot be asked now, which feeds are seen, is asked again within a day. Call it outside of any transaction.
    """
    connection = save_source(company, integration, settings, secrets, who, linked=found)
    reconsider(connection, timezone.now())
    open_one(connection, who=who)
    try:
        survey(connection, who=who)
    except IntegrationError as error:
        logger.info("%s could not be asked what it shows: %s", integration, error.message)
    connection.refresh_from_db()
    return connection


def open_one(connection: Connection, *, who: str) -> Endpoint:
    """The address for all kinds, which whatever is read belongs to; opened where there is none."""
    with atomic():
        held = Connection.objects.select_for_update(of=("self",), no_key=True).select_related("company").get(
            pk=connection.pk
        )  # fmt: skip
        found = Endpoint.objects.filter(connection=held, is_active=True, kind="").order_by("created_at").first()
        return found or open_endpoint(held, who=who)
