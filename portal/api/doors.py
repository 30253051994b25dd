"""What all of the API's doors have in common: who calls, how often, in JSON alone, once, and one shape of errors."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, cast

from django.db import InterfaceError, OperationalError
from django.db.transaction import atomic
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException, MethodNotAllowed
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations.errors import Malformed
from integrations.exact import to_json
from portal import context
from portal.api import errors, idempotency, rate
from portal.api.errors import ApiError
from portal.api.models import ApiToken, IdempotentAnswer
from portal.api.operation import Operation, operation_of
from portal.api.strict import read_body, read_query
from portal.api.tokens import live_token
from portal.connections.models import Connection
from portal.intake.strict_json import load
from portal.postings.doers import Program
from portal.tenants.models import Company

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 1_000_000
BEARER: Final = "bearer "
JSON: Final = "application/json"
KEPT_HEADERS: Final = ("Location",)


class ExactJson(BaseRenderer):
    """JSON in which an amount stays the number that it is."""

    media_type = JSON
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
    """One route. Each method is an `operation`; one that is not there is refused.

    `query` holds the parameters of the query and `body` the members of the body, as the operation reads them.
    """

    renderer_classes = (ExactJson,)
    content_negotiation_class = AlwaysJson
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]  # noqa: RUF012 - read only
    token: ApiToken
    allowance: rate.Allowance | None = None
    query: Mapping[str, Any]
    body: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who calls, how often, with which scope, and what the query says: before the body is looked at."""
        super().initial(request, *args, **kwargs)
        token = live_token(_bearer(request))
        if token is None:
            raise ApiError(401, errors.WHO_CALLS, headers={"WWW-Authenticate": "Bearer"})
        self.token, self.allowance = token, rate.take(token.pk)
        if seconds := self.allowance.wait:
            message = errors.TOO_OFTEN.format(limit=rate.LIMIT, seconds=seconds)
            raise ApiError(429, message, headers={"Retry-After": str(seconds)})
        told = operation_of(self, request.method or "")
        if told is None:
            return
        if told.scope.value not in token.scopes:
            raise ApiError(403, errors.NO_SCOPE.format(scope=told.scope.value))
        self.query = read_query(told.query, request.query_params)

    def carry_out(self, told: Operation, request: Request, method: Callable[[], HttpResponseBase]) -> HttpResponseBase:
        """Read the body and do what was asked, once for its `Idempotency-Key`."""
        raw = _raw_body(request)
        key = request.headers.get(idempotency.HEADER)
        if key is None or told.has_own_key or request.method not in idempotency.METHODS:
            with _block(told):
                self._read(told, request, raw)
                return method()
        idempotency.check(key)
        address = f"{request.method} {request.get_full_path()}"
        row = idempotency.begin(self.token.tenant_id, key, request=address, body=raw)
        return self._again(row) if row.status else self._once(row, told, request, raw, method)

    def company(self, company_id: uuid.UUID) -> Company:
        """One of the tenant's own companies. Another tenant's is as unknown as one that does not exist."""
        company = Company.objects.select_related("tenant").filter(pk=company_id, tenant_id=self.token.tenant_id).first()
        if company is None:
            raise ApiError(404, errors.NOT_FOUND)
        return company

    def connection(self, company_id: uuid.UUID, connection_id: uuid.UUID) -> Connection:
        """One of the connections of one of the tenant's own companies."""
        mine = Connection.objects.filter(pk=connection_id, company_id=company_id, company__tenant=self.token.tenant_id)
        connection = mine.select_related("company__tenant").first()
        if connection is None:
            raise ApiError(404, errors.NOT_FOUND)
        return connection

    @property
    def who(self) -> str:
        """Who acts, as the audit trail names them."""
        return self.program.name

    @property
    def program(self) -> Program:
        """Who acts, as services that keep it know them."""
        return Program(str(self.token))

    def handle_exception(self, exc: Exception) -> Response:
        """Every error in the documented shape; a bug is logged and says nothing of itself."""
        error = _as_api_error(exc, self.request)
        body = error.body(str(self.request.META.get("request_id", "")) or context.ids().get("request_id", ""))
        return Response(body, status=error.status, headers=error.headers)

    def finalize_response(self, request: Any, response: HttpResponseBase, *args: Any, **kwargs: Any) -> Any:
        """Every answer to somebody who is known says how often they may call. Nobody in between keeps any."""
        final = super().finalize_response(request, cast("Response", response), *args, **kwargs)
        final.headers["Cache-Control"] = "no-store"
        for name, value in self.allowance.headers().items() if self.allowance else ():
            final.headers[name] = value
        return final

    def _read(self, told: Operation, request: Request, raw: bytes) -> None:
        if told.body is None:
            if raw:
                raise ApiError(400, errors.NO_BODY, details=[("", errors.NO_BODY)])
            return
        given = _object(request, raw)
        self.body = read_body(told.body, given) if told.reads_body else given

    def _once(
        self,
        row: IdempotentAnswer,
        told: Operation,
        request: Request,
        raw: bytes,
        method: Callable[[], HttpResponseBase],
    ) -> HttpResponseBase:
        """Carry it out and keep the answer. Whatever stops us before the answer is known leaves the key free."""
        try:
            with _block(told):
                self._read(told, request, raw)
                response = method()
                _keep(row, response)
        except Exception as error:  # noqa: BLE001 - told in the documented shape, and logged where it is a bug
            response = self.handle_exception(error)
            _keep(row, response)
        return response

    def _again(self, row: IdempotentAnswer) -> HttpResponse:
        status, body, headers = idempotency.kept(row)
        return HttpResponse(
            body, status=status, content_type=JSON if body else None, headers={**headers, idempotency.REPLAY: "true"}
        )


def _block(told: Operation) -> AbstractContextManager[None]:
    """What an operation does is whole or nothing, where no outside system is asked."""
    return atomic() if told.in_one_transaction else nullcontext()


def _keep(row: IdempotentAnswer, response: HttpResponseBase) -> None:
    body = ExactJson().render(getattr(response, "data", None))
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    idempotency.keep(row, response.status_code, body, headers)


def _raw_body(request: Request) -> bytes:
    """What was sent, read once. Raises `ApiError` 413."""
    stated = request.META.get("CONTENT_LENGTH") or "0"
    if not stated.isdigit() or int(stated) > MOST_BYTES:
        raise ApiError(413, errors.TOO_LARGE)
    body: bytes = request._request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise ApiError(413, errors.TOO_LARGE)
    return body


def _object(request: Request, raw: bytes) -> dict[str, Any]:
    """The JSON object of a request, with exact numbers. Raises `ApiError` 400 and 415."""
    if (request.content_type or "").split(";")[0].strip().lower() != JSON:
        raise ApiError(415, errors.NOT_JSON)
    try:
        return load(raw)
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


def body_of(request: Request) -> dict[str, Any]:
    """Until the views have moved to the new frame."""
    return _object(request, _raw_body(request))
