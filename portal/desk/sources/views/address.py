"""The address that a source may call: its token, made and shown once, and what its next call looks like."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.connections import tokens
from portal.connections.models import Connection
from portal.desk.access import Place, acts, looks
from portal.desk.captured import Captured
from portal.desk.inbound import inbound_of
from portal.desk.sources.addressing import hint_urls, open_endpoint_of
from portal.desk.sources.fed import fed, linked
from portal.desk.sources.linking import open_one
from portal.desk.syncing import person
from portal.intake import capturing

MADE_MEANWHILE: Final = "A token was made meanwhile, so nothing was done. Make another one if you have lost it."
ARMED: Final = "The next call to this address is kept as it comes. Change something there that its webhook tells."
NO_ADDRESS: Final = "The address is not open. Make a token: that opens it."


@acts
@linked
def fed_token(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """Make a token for the address, opening it where it is shut, and show it once."""
    who = request.user.get_username()
    open_one(connection, who=who)
    endpoint = open_endpoint_of(connection)
    if endpoint is None or request.POST.get("newest", "") != inbound_of(endpoint).newest:
        messages.warning(request, MADE_MEANWHILE)
        return redirect("desk:fed-source", place.company.pk, connection.integration)
    each = inbound_of(endpoint)
    token = tokens.issue_token(endpoint, who=who)
    shown = {
        "each": each, "token": token, "connection": connection, "urls": hint_urls(connection, each.url, token),
        "source_name": fed(connection.integration).metadata.name,
    }  # fmt: skip
    return render(request, "portal/desk/sources/token.html", place.context(**shown))


@acts
@linked
def fed_capture(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """Keep the next call as it comes, or wait for none any more."""
    endpoint = open_endpoint_of(connection)
    if endpoint is None:
        messages.error(request, NO_ADDRESS)
    elif "stop" in request.POST:
        capturing.disarm(endpoint, user=person(request))
    else:
        capturing.arm(endpoint, user=person(request))
        messages.success(request, ARMED)
    return redirect("desk:fed-source", place.company.pk, connection.integration)


@looks
@linked
def fed_captured(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """The part of the page that waits for the next call."""
    endpoint = open_endpoint_of(connection)
    captured = Captured.of(endpoint, request.user) if endpoint else None
    shown = place.context(connection=connection, captured=captured)
    return render(request, "portal/desk/sources/capture.html", shown)
