"""What all of the API's doors have in common: who calls, how often, in JSON alone, and one shape of errors."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework.exceptions import APIException, MethodNotAllowed
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations.errors import Malformed
from integrations.exact import to_json
from portal import context
from portal.api import errors, rate
from portal.api.errors import ApiError
from portal.api.models import ApiToken, Scope
from portal.api.tokens import live_token
from portal.intake.strict_json import load
from portal.tenants.models import Company

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 1_000_000
BEARER: Final = "bearer "


class ExactJson(BaseRenderer):
    """JSON in which an amount stays the number that it is."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """UTF-8 text."""
        return b"" if data is None else to_json(data).encode()


class AlwaysJson(BaseContentNegotiation):
    """Answers are JSON whatever a caller says that it accepts."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The one renderer that there is."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""


class Door(APIView):
    """One route. `scopes` says which one each method needs; a method that is not there is refused."""

    renderer_classes = (ExactJson,)
    content_negotiation_class = AlwaysJson
    http_method_names = ["get", "head", "post"]  # noqa: RUF012 - read only
    scopes: ClassVar[Mapping[str, Scope]] = {}
    token: ApiToken

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who calls, how often, with which scope: before anything of the request is looked at."""
        super().initial(request, *args, **kwargs)
        token = live_token(_bearer(request))
        if token is None:
            raise ApiError(401, errors.WHO_CALLS, headers={"WWW-Authenticate": "Bearer"})
        self.token = token
        if seconds := rate.seconds_to_wait(token.pk):
            message = errors.TOO_OFTEN.format(limit=rate.LIMIT, seconds=seconds)
            raise ApiError(429, message, headers={"Retry-After": str(seconds)})
        scope = self.scopes.get("GET" if request.method == "HEAD" else request.method or "")
        if scope is not None and scope.value not in token.scopes:
            raise ApiError(403, errors.NO_SCOPE.format(scope=scope.value))

    def company(self, company_id: uuid.UUID) -> Company:
        """One of the tenant's own companies. Another tenant's is as unknown as one that does not exist."""
        company = Company.objects.filter(pk=company_id, tenant_id=self.token.tenant_id).first()
        if company is None:
            raise ApiError(404, errors.NOT_FOUND)
        return company

    def handle_exception(self, exc: Exception) -> Response:
        """Every error in the documented shape; a bug is logged and says nothing of itself."""
        error = _as_api_error(exc, self.request)
        body = error.body(str(self.request.META.get("request_id", "")) or context.ids().get("request_id", ""))
        return Response(body, status=error.status, headers=error.headers)


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request, with exact numbers. Raises `ApiError` 400, 413 and 415."""
    if (request.content_type or "").split(";")[0].strip().lower() != "application/json":
        raise ApiError(415, errors.NOT_JSON)
    stated = request.META.get("CONTENT_LENGTH") or "0"
    if not stated.isdigit() or int(stated) > MOST_BYTES:
        raise ApiError(413, errors.TOO_LARGE)
    body: bytes = request._request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise ApiError(413, errors.TOO_LARGE)
    try:
        return load(body)
    except Malformed as error:
        raise ApiError(400, error.message, details=[(error.field, error.message)]) from error


def _bearer(request: Request) -> str:
    given = str(request.headers.get("Authorization", "")).strip()
    return given[len(BEARER) :].strip() if given.lower().startswith(BEARER) else ""


def _as_api_error(exc: Exception, request: Request) -> ApiError:
    if isinstance(exc, ApiError):
        return exc
    if isinstance(exc, Http404):
        return ApiError(404, errors.NOT_FOUND)
    if isinstance(exc, MethodNotAllowed):
        return ApiError(405, errors.NOT_ALLOWED.format(method=request.method))
    if isinstance(exc, APIException):
        return ApiError(exc.status_code, str(exc.detail))
    if isinstance(exc, OperationalError | InterfaceError):
        logger.error("The database failed a request to the API.", exc_info=exc)
        return ApiError(503, errors.UNAVAILABLE, headers={"Retry-After": "30"})
    logger.error("A request to the API failed.", exc_info=exc)
    return ApiError(500, errors.FAILED)
