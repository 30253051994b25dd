"""The source that an address of these pages names, and a company's connection to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from integrations.feeds import FedSource
from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration, source
from portal.desk.access import Page, Place

P = ParamSpec("P")


def fed(slug: str) -> FedSource:
    """Raises `Http404` for what is no source, and for one that is not read."""
    try:
        found = source(slug)
    except UnknownIntegration:
        raise Http404("There is no such source.") from None
    if not isinstance(found, FedSource):
        raise Http404("There is no such source.")
    return found


def linked(view: Callable[Concatenate[HttpRequest, Place, Connection, P], HttpResponseBase]) -> Page:
    """A page about a company's connection to a source; without one it leads to where that is made."""

    @wraps(view)
    def page(request: HttpRequest, place: Place, source: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        fed(source)
        connection = place.source(source)
        if connection is None:
            return redirect("desk:fed-source", place.company.pk, source)
        return view(request, place, connection, *args, **kwargs)

    return page
