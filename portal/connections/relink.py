"""Link a connection again after its credentials were mended."""

from __future__ import annotations

from django.utils import timezone

from portal.connections.models import Connection, Side, Status
from portal.connections.services import connector_of
from portal.events.services import tell

LINKABLE = (Status.BLANK, Status.PENDING_AUTH, Status.DEAUTHORISED)


def relink(connection: Connection, *, who: str, why: str) -> str:
    """Make a connection Linked that is not, unless it was unlinked for good; its postings are found by the sweep.

    An accounting system is asked first who we are there, so that wrong credentials are found now. Raises what its
    connector raises, an `IntegrationError`, and then nothing changed. A source has nothing to ask. Returns the
    company's name over there.
    """
    name = connector_of(connection).company().name if connection.side == Side.ACCOUNTING else ""
    waiting = Connection.objects.filter(pk=connection.pk, status__in=LINKABLE)
    changed = waiting.update(status=Status.LINKED, linked_at=timezone.now())
    if changed:
        company = connection.company
        tell(
            "connection.linked_again",
            f"{company} was linked to {connection.integration} again: {why}",
            who=who,
            subject=connection,
            tenant_id=company.tenant_id,
            company_id=company.pk,
        )
    return name
