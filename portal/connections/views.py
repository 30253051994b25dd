"""The two doors of a visit: out to an outside system, and back in."""

from __future__ import annotations

import uuid
from typing import Final

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from integrations.errors import IntegrationError
from portal.connections.access import visits
from portal.connections.access.linked import CannotLink
from portal.connections.access.models import VisitOutcome
from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration, system

NEXT: Final = "next"
ORIGIN: Final = "origin"
ASKS, AGREED = "asks", "agreed"
NOT_AGREED: Final = "Nothing was begun: tick the box that says that you agree, then go on."
LEVELS: Final = {VisitOutcome.LINKED: messages.SUCCESS, VisitOutcome.CANCELLED: messages.WARNING}


@never_cache
@require_POST
def depart(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Begin a visit, and show the page that leads to the outside system.

    It is a page and no redirect: browsers hold the redirect of a form against `form-action` of our policy. `next` is
    where the person is taken afterwards, `origin` where they stay if nothing is begun. A form that asks for consent
    (`asks`) has to bring it (`agreed`).
    """
    next_url = _path(request, NEXT, otherwise=reverse("desk:home"))
    origin = _path(request, ORIGIN, otherwise=next_url)
    if not request.user.is_authenticated:
        return redirect_to_login(origin)
    connection = Connection.objects.select_related("company").filter(pk=connection_id).first()
    if connection is None or not visits.may_link(request.user, connection):
        raise Http404("There is no such connection.")
    if ASKS in request.POST and AGREED not in request.POST:
        messages.error(request, NOT_AGREED)
        return HttpResponseRedirect(origin)
    try:
        url = visits.begin(connection, user=request.user, session_key=_session(request), next_url=next_url)
    except (CannotLink, IntegrationError, UnknownIntegration) as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(origin)
    name = system(connection.integration).metadata.name
    context = {"url": url, "name": name, "company": connection.company, "origin": origin}
    return render(request, "portal/connections/leaving.html", context)


@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """Finish a visit, and go on to the page of ours from which it began. What is no visit gets one plain page."""
    try:
        visit = visits.finish(request.GET.dict(), user=_person(request), session_key=_session(request))
    except visits.NotThisWay:
        # Without the request: it must not differ by who asks, or by what for.
        return HttpResponse(render_to_string("portal/connections/not_this_way.html"), status=400)
    if str(visit.pk) not in visit.next_url:  # else the page says it by itself
        messages.add_message(request, LEVELS.get(VisitOutcome(visit.outcome), messages.ERROR), visit.message)
    return HttpResponseRedirect(visit.next_url)


def _person(request: HttpRequest) -> visits.Person:
    if not request.user.is_authenticated:
        raise visits.NotThisWay
    return request.user


def _path(request: HttpRequest, name: str, *, otherwise: str) -> str:
    wished = request.POST.get(name, "")
    return wished if visits.is_own_path(wished) else otherwise


def _session(request: HttpRequest) -> str:
    return request.session.session_key or ""
