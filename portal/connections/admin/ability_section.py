"""What a connection can do, for staff, in words: by its integration, its settings, and what its system told."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from integrations.documents import Kind
from integrations.metadata import Abilities
from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration
from portal.connections.services import abilities
from portal.staff.sections import Fact, Section


def ability_sections(connection: Connection) -> Sequence[Section]:
    """One section; none where the integration is not installed any more."""
    try:
        can = abilities(connection)
    except UnknownIntegration:
        return ()
    absent = "Proves that it is not there" if can.lookup_complete else "Proves nothing: a person decides"
    facts = [
        Fact("Takes", _listed(can.kinds, Kind)),
        Fact("Files on", _listed(can.attaches, Kind)),
        Fact("Reference data", _listed(can.reads, RecordKind)),
        Fact("Lookup that finds nothing", absent if can.lookup else "It cannot be searched"),
        Fact("Idempotency key", f"Remembered for {can.key_seconds:,} s" if can.key_seconds else "None"),
        Fact("Payments recorded there", _payments(can)),
        Fact("Reconciled", "Yes" if can.lists else "No: it tells no list of what it holds"),
    ]
    return (Section(title="What it can do", facts=facts),)


def _payments(can: Abilities) -> str:
    """Whether they go back to the source, and whether they are looked for before one is sent."""
    if not can.tells_settlements and not can.tells_settlements_of:
        return "Not told"
    goes = "Go back to the source that takes them" if can.tells_settlements else "Stay there"
    return f"{goes}; looked for before one is sent"


def _listed(found: Collection[Kind] | Collection[RecordKind], order: type[Kind | RecordKind]) -> str:
    words = [one.value.replace("_", " ") for one in order if one in found]
    return ", ".join(words).capitalize() or "None"
