"""What every request and answer gets: an id that log lines carry, probes before anything else, security headers."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal import context
from portal.operations.views import PROBES

GetResponse = Callable[[HttpRequest], HttpResponseBase]

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; img-src 'self'"
)
HEADERS = {
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

logger = logging.getLogger("portal.request")


class RequestContext:
    """Gives a request its id, the caller's own when it is sane, and logs how it was answered.

    Probes are answered here, before hosts, sessions and redirects: a load balancer calls by address.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        identity = _identity(request)
        request.META["request_id"] = identity
        with context.bound(request_id=identity):
            probe = PROBES.get(request.path)
            response = probe(request) if probe else self._answered(request)
        response.headers[HEADER] = identity
        return response

    def _answered(self, request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        response = self.get_response(request)
        milliseconds = round((time.monotonic() - began) * 1000)
        # Never the query string: it may hold what is nobody's business.
        logger.info("%s %s %d %d ms", request.method, request.path, response.status_code, milliseconds)
        return response


class SecurityHeaders:
    """Sets what browsers must refuse, unless the view said otherwise."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def _identity(request: HttpRequest) -> str:
    given = request.headers.get(HEADER, "")
    return given if SANE.fullmatch(given) else uuid.uuid4().hex
