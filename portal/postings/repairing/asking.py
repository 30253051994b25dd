"""Ask the accounting system about one posting while a person waits: within its limits, and for some seconds at most."""

from __future__ import annotations

from typing import Final

from integrations.documents import Posted
from integrations.http import nothing
from portal.connections.models import Status
from portal.connections.onlookers import one_of
from portal.connections.paced import paced
from portal.connections.registry import UnknownIntegration
from portal.connections.services import abilities
from portal.postings.content import document_of
from portal.postings.inside import books_inside, connector_for, key_of
from portal.postings.models import Posting

ASKED_WITHIN_SECONDS: Final = 20.0
PATIENCE_SECONDS: Final = 5.0
NO_LOOKUP: Final = "{name} cannot be searched by our key."
NOT_LINKED: Final = "The company is not linked to {name} at the moment, so it cannot be asked. Link it first."
PAUSED: Final = "The connection to {name} is paused, so it is not asked until it is resumed."


def why_not_asked(posting: Posting, name: str) -> str:
    """Why nobody can look up what stands there, in one sentence with the system's `name`; empty when one can."""
    connection = posting.connection
    try:
        if books_inside(posting):
            return ""
        if not abilities(connection).lookup:
            return NO_LOOKUP.format(name=name)
    except UnknownIntegration as error:
        return str(error)
    if connection.status != Status.LINKED:
        return NOT_LINKED.format(name=name)
    return PAUSED.format(name=name) if connection.paused else ""


def found_there(posting: Posting) -> tuple[Posted, ...]:
    """Every document over there with the posting's key. Call it outside of any database transaction.

    Raises what the connector raises, and `Retryable` while too many pages wait or the limits are used up: nothing is
    known then. Ask `why_not_asked` before.
    """
    if books_inside(posting):
        return connector_for(posting).find(document_of(posting), key=key_of(posting))
    connection, document = posting.connection, document_of(posting)
    with (
        one_of(connection.company_id),
        paced(
            connection, nothing, patience_seconds=PATIENCE_SECONDS, deadline_seconds=ASKED_WITHIN_SECONDS
        ) as outbound,
    ):
        return connector_for(posting, outbound).find(document, key=key_of(posting))
