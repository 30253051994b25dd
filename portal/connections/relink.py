"""Link a connection again after its credentials were mended."""

from __future__ import annotations

from django.utils import timezone

from integrations.http import nothing
from portal.connections.models import Connection, Side, Status
from portal.connections.paced import paced
from portal.connections.services import system_of
from portal.connections.setup import PATIENCE_SECONDS, is_set_up
from portal.events.services import tell

LINKABLE = (Status.BLANK, Status.PENDING_AUTH, Status.DEAUTHORISED)


class CannotLink(Exception):
    """The connection's status allows no linking; the message says which it is."""


def relink(connection: Connection, *, who: str, why: str) -> None:
    """Make a connection Linked that is not, unless it was unlinked for good; its postings are found by the sweep.

    The system is asked first who we are there, within its limits, so that wrong credentials are found now. Raises
    `CannotLink`, or what its connector raises, an `IntegrationError`: then nothing changed. A source whose own
    interface is not set up has nothing to ask.
    """
    waiting = Connection.objects.filter(pk=connection.pk, status__in=LINKABLE)
    if not waiting.exists():
        raise CannotLink(f"{connection} is {connection.get_status_display()}: there is nothing to link again.")
    if connection.side == Side.ACCOUNTING or is_set_up(connection):
        with paced(connection, nothing, patience_seconds=PATIENCE_SECONDS) as outbound:
            system_of(connection, outbound).company()
    if waiting.update(status=Status.LINKED, linked_at=timezone.now()):
        _tell(connection, who, why)


def _tell(connection: Connection, who: str, why: str) -> None:
    company = connection.company
    tell(
        "connection.linked_again",
        f"{company} was linked to {connection.integration} again: {why}",
        who=who,
        subject=connection,
        tenant_id=company.tenant_id,
        company_id=company.pk,
    )
