"""What everybody may see of the API: its OpenAPI document, a page to try it, and the integrations' monograms."""

from __future__ import annotations

import json
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiYamlRenderer

from portal.api.openapi import document
from portal.connections.registry import UnknownIntegration, system

JSON: Final = "application/vnd.oai.openapi+json"
YAML: Final = "application/vnd.oai.openapi"
FORMATS: Final = {"json": JSON, "yaml": YAML}
# Swagger UI draws its icons as data: images.
DOCS_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
LOGO_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


@require_safe
@cache_control(public=True, max_age=300)
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document: JSON, or YAML where `format=yaml` or the header Accept asks for it."""
    wanted = request.GET.get("format") or ("yaml" if "yaml" in request.headers.get("Accept", "") else "json")
    if wanted not in FORMATS:
        return HttpResponse("format is json or yaml.\n", status=400, content_type="text/plain")
    body: Any = document()
    text = json.dumps(body, indent=1) if wanted == "json" else OpenApiYamlRenderer().render(body)  # type: ignore[no-untyped-call]
    return HttpResponse(text, content_type=FORMATS[wanted], headers={"Vary": "Accept"})


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Every operation, to read and to try with a token."""
    response = render(request, "portal/api/docs.html")
    response.headers["Content-Security-Policy"] = DOCS_POLICY
    return response


@require_safe
@cache_control(public=True, max_age=86_400)
def logo(request: HttpRequest, key: str) -> HttpResponse:
    """An integration's monogram. Raises `Http404`."""
    try:
        told = system(key).metadata
    except UnknownIntegration:
        raise Http404("There is no such integration.") from None
    response = render(request, "portal/api/logo.svg", {"monogram": told.monogram, "name": told.name})
    response.headers["Content-Type"] = "image/svg+xml"
    response.headers["Content-Security-Policy"] = LOGO_POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
