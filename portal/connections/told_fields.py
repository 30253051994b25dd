"""The fields of a source's records as the source itself describes them: asked for, and kept beside the connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.transaction import atomic
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from integrations.errors import Misconfigured, Missing, Retryable, Unauthorised
from integrations.feeds import FedSource, Field, Part
from integrations.http import nothing
from portal.connections.models import Connection
from portal.connections.onlookers import one_of
from portal.connections.paced import paced
from portal.connections.registry import source
from portal.connections.services import deauthorise, source_of
from portal.connections.setup import CHECKED_WITHIN_SECONDS, PATIENCE_SECONDS
from portal.events.services import tell

TOLD: Final = "field_lists"
"""The member of `Connection.told` that keeps them."""
MOST_FIELDS: Final = 500
LONGEST: Final = 100
NOT_READ: Final = "The field list has not been read yet. Read it, so that real names can be chosen."
WAS_READ: Final = "The field list of {company} at {name} was read."


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldList:
    """The fields of one part, as they were told; `why` says in a sentence why there are none."""

    fields: tuple[Field, ...] = ()
    why: str = NOT_READ

    def named(self, name: str) -> Field | None:
        """The field of this name, in whatever case."""
        return next((one for one in self.fields if one.name.casefold() == name.casefold()), None)


def fed_source(connection: Connection) -> FedSource:
    """The source of a connection without a link. Only for connections of sources that are read."""
    found = source(connection.integration)
    assert isinstance(found, FedSource)  # noqa: S101 - `has_field_lists` said so
    return found


def parts_of(connection: Connection) -> tuple[Part, ...]:
    """The parts that this connection has, by its settings."""
    return fed_source(connection).parts_for(connection.settings)


def read(connection: Connection, *, who: str) -> Mapping[str, FieldList]:
    """Ask the source now for the fields of all its parts, and keep what it tells; whoever asks waits for some twenty
    seconds at most.

    A part that it does not describe keeps a sentence instead. Raises `Unauthorised` (then the connection is
    Deauthorised), and `Retryable` where no part could be asked: then nothing was changed.
    """
    try:
        found = _asked(connection)
    except Unauthorised as error:
        deauthorise(connection, who=who, why=error.message)
        raise
    _keep(connection, {"read_at": timezone.now().isoformat(), "parts": found})
    company, name = connection.company, fed_source(connection).metadata.name
    tell(
        "connection.fields_read", WAS_READ.format(company=company, name=name), who=who, subject=connection,
        tenant_id=company.tenant_id, company_id=company.pk,
    )  # fmt: skip
    return known(connection)


def known(connection: Connection) -> Mapping[str, FieldList]:
    """What was told when the lists were last read; each part that the connection has, has one."""
    told = _mapping(_mapping(connection.told.get(TOLD)).get("parts"))
    return {part.name: _from_json(_mapping(told.get(part.name))) for part in parts_of(connection)}


def read_at(connection: Connection) -> datetime | None:
    """When the lists were last read (aware UTC); None: never."""
    return parse_datetime(str(_mapping(connection.told.get(TOLD)).get("read_at") or ""))


def _asked(connection: Connection) -> dict[str, Any]:
    terms: dict[str, Any] = {"patience_seconds": PATIENCE_SECONDS, "deadline_seconds": CHECKED_WITHIN_SECONDS}
    found: dict[str, Any] = {}
    with one_of(connection.company_id), paced(connection, nothing, **terms) as outbound:
        asked = source_of(connection, outbound)
        assert isinstance(asked, FedSource)  # noqa: S101 - `has_field_lists` said so
        for part in parts_of(connection):
            found[part.name] = _of_part(asked, part, is_first=not found)
    return found


def _keep(connection: Connection, lists: Mapping[str, Any]) -> None:
    """Beside what surveys have told. It is none itself: `told_at` stays, so that the next one is not put off."""
    with atomic():
        row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        row.told = {**row.told, TOLD: lists}
        row.save(update_fields=["told"])
    connection.refresh_from_db()


def _of_part(asked: FedSource, part: Part, *, is_first: bool) -> dict[str, Any]:
    try:
        told = asked.fields(part.name)
    except (Misconfigured, Missing) as error:
        return {"why": error.message, "fields": []}
    except Retryable as error:
        if is_first or error.free:
            raise
        return {"why": error.message, "fields": []}
    return {"why": "", "fields": [_to_json(one) for one in told[:MOST_FIELDS]]}


def _to_json(one: Field) -> dict[str, Any]:
    cut = {"name": one.name[:LONGEST], "label": one.label[:LONGEST], "type": one.type[:LONGEST]}
    return {**cut, "is_writable": one.is_writable}


def _from_json(told: Mapping[str, Any]) -> FieldList:
    fields = tuple(Field(**one) for one in told.get("fields", ()))
    return FieldList(fields=fields, why=str(told.get("why", NOT_READ)))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
