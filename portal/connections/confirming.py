"""A person says that the right company was linked. Until then nothing is sent for a company that is live."""

from __future__ import annotations

from typing import Final

from django.db.transaction import atomic
from django.utils import timezone

from integrations.http import nothing
from portal.connections.access.linked import CannotLink, facts_of
from portal.connections.models import Connection, Status
from portal.connections.onlookers import one_of
from portal.connections.paced import paced
from portal.connections.registry import system
from portal.connections.services import system_of
from portal.connections.setup import CHECKED_WITHIN_SECONDS, PATIENCE_SECONDS
from portal.events.services import tell

NOT_LINKED: Final = "{company} is not linked to {name}, so there is nothing to confirm. Link it first."
ANOTHER: Final = "{name} names another company now: {there}. Start again, or link {known} once more."


def confirm(connection: Connection, *, who: str) -> bool:
    """Say that this is the right company; what waits is sent from now on. False where somebody has said so already.

    Raises `CannotLink` for a connection that is not Linked.
    """
    with atomic():
        row = Connection.objects.select_for_update(no_key=True, of=("self",)).select_related("company").get(
            pk=connection.pk
        )  # fmt: skip
        if row.status != Status.LINKED:
            raise CannotLink(NOT_LINKED.format(company=row.company, name=_name(row)))
        if row.confirmed_at is not None:
            return False
        row.confirmed_at, row.paused = timezone.now(), False
        row.save(update_fields=["confirmed_at", "paused"])
        there = row.external_company_name or row.external_company_id or _name(row)
        tell(
            "connection.confirmed", f"{there} at {_name(row)} was confirmed as the books of {row.company}.", who=who,
            subject=row, tenant_id=row.company.tenant_id, company_id=row.company_id,
        )  # fmt: skip
    connection.refresh_from_db()
    return True


def ask_again(connection: Connection) -> None:
    """Ask the system now what it tells of the company, and keep it: some have read it only after a while.

    Raises an `IntegrationError`, or `CannotLink` where it is another company by now: then nothing was changed.
    """
    with (
        one_of(connection.company_id),
        paced(
            connection, nothing, patience_seconds=PATIENCE_SECONDS, deadline_seconds=CHECKED_WITHIN_SECONDS
        ) as outbound,
    ):
        company = system_of(connection, outbound).company()
    known = connection.external_company_id
    if known and known != company.external_id:
        known_as = connection.external_company_name or known
        raise CannotLink(ANOTHER.format(name=_name(connection), there=company.name, known=known_as))
    rows = Connection.objects.filter(pk=connection.pk, status=Status.LINKED)
    rows.update(
        external_company_id=company.external_id[:100], external_company_name=company.name[:200], there=facts_of(company)
    )
    connection.refresh_from_db()


def _name(connection: Connection) -> str:
    return system(connection.integration).metadata.name
