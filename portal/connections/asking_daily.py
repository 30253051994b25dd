"""Ask systems for what they tell of themselves, when it is time: daily, and when they hinted at a change."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from integrations.errors import IntegrationError
from integrations.http import nothing
from portal.connections.models import Connection, Status
from portal.connections.paced import paced
from portal.connections.relink import CannotLink, relink
from portal.connections.services import system_of
from portal.connections.setup import PATIENCE_SECONDS
from portal.connections.surveying import EVERY, due, survey

logger = logging.getLogger(__name__)

WHO: Final = "survey"
AT_ONCE: Final = 20
AGAIN_AFTER: Final = timedelta(minutes=10)
LINKED_THERE: Final = "The system was linked again from its own side."
ANOTHER: Final = (
    "{connection} was linked again over there, to {there} and not to {known}: somebody has to authorise it."
)


def ask_due(now: datetime) -> int:
    """Ask those that are due at `now` (aware UTC), twenty at most; gives how many answered.

    One that does not answer is asked again ten minutes later, so that it keeps nobody else waiting.
    """
    return sum(_ask(connection, now) for connection in due(now)[:AT_ONCE])


def _insist_on_company(connection: Connection) -> None:
    """Nobody of ours was there: books of another name are not taken up silently. Raises `CannotLink`."""
    with paced(connection, nothing, patience_seconds=PATIENCE_SECONDS) as outbound:
        there = system_of(connection, outbound).company().name[:200]
    known = connection.external_company_name
    if there and known and there.casefold() != known.casefold():
        raise CannotLink(ANOTHER.format(connection=connection, there=there, known=known))


def _ask(connection: Connection, now: datetime) -> bool:
    try:
        if connection.status == Status.DEAUTHORISED:
            _insist_on_company(connection)
            relink(connection, who=WHO, why=LINKED_THERE)
        else:
            survey(connection, who=WHO)
    except (IntegrationError, CannotLink) as error:
        logger.info("What %s tells of itself could not be asked: %s", connection, error)
        Connection.objects.filter(pk=connection.pk).update(told_at=now - EVERY + AGAIN_AFTER)
        return False
    return True
