"""Probes for load balancers and supervisors. They tell states, never settings, and need no log-in."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from portal.operations.health import health


def healthz(request: HttpRequest) -> HttpResponseBase:
    """This process answers. It asks nobody else: a database that is away is no reason to kill web processes."""
    return _answer({"status": "alive"}, 200)


def readyz(request: HttpRequest) -> HttpResponseBase:
    """200 while deliveries can be taken (`ready`, or `degraded` with the part that fails), 503 without the database."""
    found = health()
    connection.close()  # the probe is answered before Django's own end of a request
    return _answer({"status": found.status, **found.parts}, 200 if found.takes_deliveries else 503)


PROBES: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {"/healthz": healthz, "/readyz": readyz}


def _answer(body: dict[str, str], status: int) -> JsonResponse:
    response = JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})
    response.headers["Content-Length"] = str(len(response.content))
    return response
