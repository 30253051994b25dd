"""How a connection is let in, for staff: its token's end, the visits, what the system told. Never a token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from portal.connections.access.models import AccessGrant
from portal.connections.access.visits import is_linked_by_visit
from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration, system
from portal.staff.formats import block, json_text, moment
from portal.staff.sections import Fact, Section, Table

MOST_VISITS: Final = 10
NO_VISIT: Final = "Nobody has gone there to authorise it yet."
NOT_YET: Final = "There is none yet; the first call asks for one."
BY_VISIT: Final = "There is none yet; somebody's visit brings one."
NO_END: Final = "The system did not say"


def access_sections(connection: Connection) -> Sequence[Section]:
    """What applies to this connection; nothing for one that is let in by its secrets alone and tells nothing."""
    parts = []
    if _uses_tokens(connection):
        parts.append(_token(connection))
    if is_linked_by_visit(connection):
        parts.append(Section(title="Visits to authorise it", table=_visits(connection)))
    if connection.told:
        parts.append(_told(connection))
    return parts


def _uses_tokens(connection: Connection) -> bool:
    try:
        return system(connection.integration).uses_tokens
    except UnknownIntegration:
        return False


def _token(connection: Connection) -> Section:
    grant = AccessGrant.objects.defer("secrets").filter(connection=connection).first()
    if grant is None or grant.obtained_at is None:
        return Section(title="Access token", note=BY_VISIT if is_linked_by_visit(connection) else NOT_YET)
    facts = [
        Fact("Obtained", moment(grant.obtained_at, seconds=True)),
        Fact("Good until", moment(grant.expires_at, seconds=True) if grant.expires_at else NO_END),
        Fact("Renewed", f"{grant.generation - 1} times"),
        Fact("Last asked for", moment(grant.asked_at, seconds=True)),
        Fact("Being renewed", f"Since {moment(grant.asked_at, seconds=True)}" if grant.lease else "No"),
    ]
    return Section(title="Access token", facts=facts)


def _visits(connection: Connection) -> Table:
    rows = [
        (moment(one.began_at), str(one.user or ""), one.get_outcome_display(), one.message)
        for one in connection.visits.defer("secrets").select_related("user")[:MOST_VISITS]
    ]
    return Table(head=("Began", "Who", "What came of it", "Words"), rows=rows, empty=NO_VISIT)


def _told(connection: Connection) -> Section:
    return Section(
        title="What the system told of itself",
        note="It is asked when it is linked, and daily. What the connection can do follows from it.",
        facts=[Fact("Asked", moment(connection.told_at))],
        html=block(json_text(connection.told)),
    )
