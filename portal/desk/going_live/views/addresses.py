"""The addresses that iCompleat sends to: all their tokens at once, and a page that notices what comes."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.desk.access import Place, acts, looks
from portal.desk.going_live.watching_addresses import watched
from portal.desk.inbound import make_tokens

LINK_FIRST = "First connect iCompleat: the company's id decides which deliveries are yours."
MADE_ALREADY = (
    "Every address has its token already, and a token is shown once. Make a new one on the page of its address: the "
    "old one works for 24 hours more."
)


@acts
def tokens_made(request: HttpRequest, place: Place) -> HttpResponse:
    """Open the addresses that are missing, make the tokens that are missing, and show these once."""
    connection = place.source()
    if connection is None:
        messages.error(request, LINK_FIRST)
        return redirect("desk:source", place.company.pk)
    given = make_tokens(connection, who=request.user.get_username())
    if not given:
        messages.warning(request, MADE_ALREADY)
        return redirect("desk:source", place.company.pk)
    context = place.context(given=given, **watched(request, place, connection, is_short=True))
    return render(request, "portal/desk/going_live/tokens_made.html", context)


@looks
def deliveries_watch(request: HttpRequest, place: Place) -> HttpResponse:
    """The latest delivery of each address, where there is news; and when to look again."""
    context = place.context(**watched(request, place, place.source(), is_short="short" in request.GET))
    return render(request, "portal/desk/going_live/deliveries_watch.html", context)
