"""Probes for load balancers and supervisors, and numbers for Prometheus. They tell states, never settings."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from prometheus_client import CONTENT_TYPE_LATEST

from portal.operations.health import health
from portal.operations.metrics import exposition


def healthz(request: HttpRequest) -> HttpResponseBase:
    """This process answers. It asks nobody else: a database that is away is no reason to kill web processes."""
    return _answer({"status": "alive"}, 200)


def readyz(request: HttpRequest) -> HttpResponseBase:
    """200 while deliveries can be taken (`ready`, or `degraded` with the part that fails), 503 without the database."""
    found = health()
    connection.close()  # the probe is answered before Django's own end of a request
    return _answer({"status": found.status, **found.parts}, 200 if found.takes_deliveries else 503)


def metrics(request: HttpRequest) -> HttpResponseBase:
    """The operating numbers, for whoever knows `METRICS_TOKEN`. Without that setting there is no such page."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN:
        raise Http404
    if not hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return HttpResponse("A bearer token is needed.\n", status=401, content_type="text/plain")
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


PROBES: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {"/healthz": healthz, "/readyz": readyz}


def _answer(body: dict[str, str], status: int) -> JsonResponse:
    response = JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})
    response.headers["Content-Length"] = str(len(response.content))
    return response
