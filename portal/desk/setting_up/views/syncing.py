"""The first sync of a company begins as soon as it is certain whose data it is."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest

from portal.connections.models import Connection
from portal.desk.syncing import person
from portal.reference import tasks
from portal.reference.sync import asking


def start_first_sync(request: HttpRequest, connection: Connection) -> None:
    """Ask for every kind of reference data, and ring; what cannot be asked for now is said."""
    asked, refusals = asking.ask_all(connection, user=person(request))
    for run in asked:
        tasks.ring(run.pk)
    for message in refusals:
        messages.warning(request, message)
