"""What of the amendments waits for a person: connections with some that could not be written, one matter for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from django.db.models import Min
from django.urls import reverse

from portal.amending.due import needing_a_person
from portal.connections.models import Connection
from portal.events.waits import Found, Wait, register

KIND: Final = "amendments.by_hand"


def register_waits() -> None:
    """Let this kind be watched."""
    register(BY_HAND)


def _list() -> str:
    return f"{reverse('admin:amending_amendmentduty_changelist')}?waits=person"


def _begins(_: datetime, known: frozenset[str]) -> Iterator[Found]:
    rows = needing_a_person().exclude(connection_id__in=known).order_by()
    since = dict(rows.values_list("connection_id").annotate(since=Min("noticed_at")))
    connections = Connection.objects.filter(pk__in=since).select_related("company").defer("secrets")
    for connection in sorted(connections, key=lambda one: since[one.pk]):
        path = f"{_list()}&company={connection.company_id}"
        yield Found(subject_id=str(connection.pk), title=str(connection), path=path, since=since[connection.pk])


def _still(_: datetime, known: frozenset[str]) -> Iterable[str]:
    rows = needing_a_person().filter(connection_id__in=known).order_by()
    return (str(pk) for pk in rows.values_list("connection_id", flat=True).distinct())


BY_HAND: Final = Wait(
    kind=KIND,
    one="connection with changes to be made by hand",
    many="connections with changes to be made by hand",
    advice="An order number or a due date changed on one side and could not be written into the other: each says why.",
    list_path=_list,
    begins=_begins,
    still=_still,
)
