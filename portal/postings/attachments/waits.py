"""What of the handovers waits for a person: connections whose files were given up, one matter for each.

One and not one for each document: where a source's files cannot be fetched, it is so for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from django.db.models import Min
from django.urls import reverse

from portal.connections.models import Connection
from portal.events.waits import Found, Wait, register
from portal.postings.attachments.due import given_up

KIND: Final = "attachments.given_up"


def register_waits() -> None:
    """Let this kind be watched."""
    register(GIVEN_UP)


def _list() -> str:
    return f"{reverse('admin:postings_handover_changelist')}?state__exact=given_up"


def _begins(_: datetime, known: frozenset[str]) -> Iterator[Found]:
    rows = given_up().exclude(connection_id__in=known).order_by()
    since = dict(rows.values_list("connection_id").annotate(since=Min("ended_at")))
    connections = Connection.objects.filter(pk__in=since).select_related("company").defer("secrets")
    for connection in sorted(connections, key=lambda one: since[one.pk]):
        path = f"{_list()}&company={connection.company_id}"
        yield Found(subject_id=str(connection.pk), title=str(connection), path=path, since=since[connection.pk])


def _still(_: datetime, known: frozenset[str]) -> Iterable[str]:
    rows = given_up().filter(connection_id__in=known).order_by()
    return (str(pk) for pk in rows.values_list("connection_id", flat=True).distinct())


GIVEN_UP: Final = Wait(
    kind=KIND,
    one="connection with attachments that could not be handed over",
    many="connections with attachments that could not be handed over",
    advice="The documents are in the books, their files are not: each says why. Mend it and retry.",
    list_path=_list,
    begins=_begins,
    still=_still,
)
