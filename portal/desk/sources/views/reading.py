"""What a source tells: how far its feeds were read, having them read now, and what came of each record."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.connections.models import Connection
from portal.desk.access import Place, acts, looks
from portal.desk.keyset import cut
from portal.desk.sources.fed import fed, linked
from portal.desk.sources.log import LOOKED_THROUGH, LogForm, all_of, entries, rows_of
from portal.desk.sources.progress import is_moving, progress_of
from portal.intake.feeds.now import read_now
from portal.intake.feeds.tasks import ring_reader

NOT_NOW: Final = "Nothing is read now: the connection has to be linked and in use, and the company has to be live."


@acts
@linked
def fed_read(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """Have every feed read now."""
    due = read_now(connection, timezone.now(), who=request.user.get_username())
    for reader_id in due:
        ring_reader(reader_id)
    if due:
        messages.success(request, "Every feed is read now. This page shows how far it is.")
    else:
        messages.error(request, NOT_NOW)
    return redirect("desk:fed-source", place.company.pk, connection.integration)


@looks
@linked
def fed_progress(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """The part of the page that says how far each feed is; it looks again while something moves."""
    feeds = progress_of(connection, fed(connection.integration))
    shown = place.context(connection=connection, feeds=feeds, is_moving=is_moving(feeds))
    return render(request, "portal/desk/sources/progress.html", shown)


@looks
@linked
def fed_log(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """Every record and every call, the newest first, with what became of it."""
    there, form = fed(connection.integration), LogForm(request.GET)
    page = cut(rows_of(connection, form), request.GET, descending=True, within=all_of(connection))
    shown = {
        "connection": connection, "source_name": there.metadata.name, "form": form, "page": page,
        "entries": entries(there, page.rows), "looked_through": LOOKED_THROUGH,
    }  # fmt: skip
    return render(request, "portal/desk/sources/log.html", place.context(**shown))
