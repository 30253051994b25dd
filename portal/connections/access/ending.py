"""A connection comes to an end, in one way whoever ends it: the desk, the API or staff.

The vendor is told where it can be, then it is unlinked here, whatever the vendor said; the addresses of a source are
shut with it, and what waits for it is taken care of at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.db.transaction import atomic

from integrations.errors import IntegrationError
from integrations.http import nothing
from portal.connections.access import grants
from portal.connections.access.linked import unlink
from portal.connections.access.visits import is_linked_by_visit
from portal.connections.models import Connection, Side, Status
from portal.connections.onlookers import one_of
from portal.connections.paced import paced
from portal.connections.registry import UnknownIntegration, system
from portal.connections.services import link_of, system_of
from portal.connections.setup import CHECKED_WITHIN_SECONDS, PATIENCE_SECONDS
from portal.connections.shutting import shut_addresses
from portal.fields import Undecryptable

NOT_TOLD: Final = "{name} could not be told: {why} Take the access away there, too."
TELL_THEM: Final = "{name} cannot be told from here. Take the access of Postroom away there, too."
LOST: Final = "What is stored for it cannot be read any more."
ENDED_THERE: Final = "{name} was told."


Afterwards = Callable[[Connection, AbstractBaseUser | None], object]
_afterwards: list[Afterwards] = []


def afterwards(do: Afterwards) -> None:
    """Let a room above do its part whenever a connection was ended, a second time, too; `do` takes the connection and
    the person who ended it, None for a program."""
    if do not in _afterwards:
        _afterwards.append(do)


def end(
    connection: Connection, *, who: str, why: str, user: AbstractBaseUser | None = None, addresses_stay: bool = False
) -> str:
    """Unlink a connection for good, at the vendor and here; `who` and `why` go into the audit trail.

    The vendor is asked within its limits, for twenty seconds at most and outside of any transaction. What it does not
    take changes nothing here: then a sentence says what is left to do over there, which is empty when all is well. The
    addresses of a source are shut, unless `addresses_stay`. A second time ends nothing twice.
    """
    left_to_do = ""
    if Connection.objects.filter(pk=connection.pk).exclude(status=Status.UNLINKED).exists():
        was_told, left_to_do = _tell_vendor(connection)
        there = ENDED_THERE.format(name=_name(connection)) if was_told else left_to_do
        _unlink(connection, who=who, why=f"{why} {there}".strip(), addresses_stay=addresses_stay)
    connection.refresh_from_db()
    for do in _afterwards:
        do(connection, user)
    return left_to_do


def _unlink(connection: Connection, *, who: str, why: str, addresses_stay: bool) -> None:
    with atomic():
        if unlink(connection, who=who, why=why) and connection.side == Side.SOURCE and not addresses_stay:
            shut_addresses(connection, who=who)


def _tell_vendor(connection: Connection) -> tuple[bool, str]:
    """Whether the vendor has ended it, and what is left to do there."""
    name = _name(connection)
    if connection.linked_at is None and connection.status != Status.LINKED:
        return False, ""
    try:
        by_visit, settings = is_linked_by_visit(connection), link_of(connection).settings
        connector, granted = system(connection.integration), grants.read(connection).token
        if not connector.can_unlink(settings) or (connector.uses_tokens and granted is None):
            return False, TELL_THEM.format(name=name) if by_visit else ""
        with (
            one_of(connection.company_id),
            paced(
                connection, nothing, patience_seconds=PATIENCE_SECONDS, deadline_seconds=CHECKED_WITHIN_SECONDS
            ) as outbound,
        ):
            system_of(connection, outbound).unlink(granted)
    except IntegrationError as error:
        return False, NOT_TOLD.format(name=name, why=error.message)
    except UnknownIntegration:
        return False, ""
    except Undecryptable:
        return False, NOT_TOLD.format(name=name, why=LOST)
    return True, ""


def _name(connection: Connection) -> str:
    try:
        return system(connection.integration).metadata.name
    except UnknownIntegration:
        return connection.integration
