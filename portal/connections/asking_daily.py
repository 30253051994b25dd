"""Ask systems for what they tell of themselves, when it is time: daily, and when they hinted at a change."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from integrations.errors import IntegrationError
from portal.connections.models import Connection, Status
from portal.connections.relink import CannotLink, relink
from portal.connections.surveying import EVERY, due, survey

logger = logging.getLogger(__name__)

WHO: Final = "survey"
AT_ONCE: Final = 20
AGAIN_AFTER: Final = timedelta(minutes=10)
LINKED_THERE: Final = "The system was linked again from its own side."


def ask_due(now: datetime) -> int:
    """Ask those that are due at `now` (aware UTC), twenty at most; gives how many answered.

    One that does not answer is asked again ten minutes later, so that it keeps nobody else waiting.
    """
    return sum(_ask(connection, now) for connection in due(now)[:AT_ONCE])


def _ask(connection: Connection, now: datetime) -> bool:
    try:
        if connection.status == Status.DEAUTHORISED:
            relink(connection, who=WHO, why=LINKED_THERE)
        else:
            survey(connection, who=WHO)
    except (IntegrationError, CannotLink) as error:
        logger.info("What %s tells of itself could not be asked: %s", connection, error)
        Connection.objects.filter(pk=connection.pk).update(told_at=now - EVERY + AGAIN_AFTER)
        return False
    return True
