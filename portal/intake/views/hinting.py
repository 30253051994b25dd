"""The door for sources that are read: whatever they call with is a hint, and is answered at once."""

from __future__ import annotations

import logging
import uuid
from typing import Final

from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations.base import Answer
from integrations.feeds import Call, FedSource
from portal.connections.registry import UnknownIntegration, source
from portal.intake.authenticate import Refused, authenticate
from portal.intake.feeds.hinted import take
from portal.intake.feeds.hints import GATHERED_FOR
from portal.intake.feeds.tasks import ring_hints
from portal.intake.rate import refused_as_too_often
from portal.intake.reading import AlwaysJson, body_of
from portal.intake.refusals import refusals

logger = logging.getLogger(__name__)

LARGEST: Final = 256 * 1024
NOT_RECOGNISED: Final = "Secret token missing or not recognised."
TOO_LARGE: Final = "The body is larger than 256 kB."
UNAVAILABLE: Final = "Send it again later: what it is about is found all the same."


class ReceiveHint(APIView):
    """`POST`, `PUT`, `PATCH` or `DELETE` to an endpoint's address, its token in a header or at the end of the path."""

    content_negotiation_class = AlwaysJson
    http_method_names = ["post", "put", "patch", "delete"]  # noqa: RUF012 - read only

    def post(self, request: Request, integration: str, endpoint_id: uuid.UUID, token: str = "") -> Response:
        """Rate, size, token; then the record is asked for. 401, 413, 429 and 503 store nothing."""
        known = _known(integration)
        if too_often := refused_as_too_often(known, endpoint_id):
            return too_often
        body = body_of(request, LARGEST)
        if body.is_too_large:
            return _respond(known.refuse(413, TOO_LARGE))
        try:
            return self._take(known, endpoint_id, request, token, body.read)
        except (OperationalError, InterfaceError):
            logger.exception("The database failed while a hint was taken.")
            response = _respond(known.refuse(503, UNAVAILABLE))
            response["Retry-After"] = "30"
            return response

    put = patch = delete = post

    def _take(self, known: FedSource, endpoint_id: uuid.UUID, request: Request, token: str, body: bytes) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        endpoint = authenticate(known, endpoint_id, headers, in_path=token)
        if isinstance(endpoint, Refused):
            refusals.add(endpoint.endpoint_id, headers)
            return _respond(known.refuse(401, NOT_RECOGNISED))
        refusals.write_if_due()
        query = {name: request.query_params.get(name, "") for name in request.query_params}
        hinted = take(known, endpoint, Call(method=request.method or "", query=query, headers=headers, body=body))
        ring_hints(hinted.connection_id, after_seconds=GATHERED_FOR.total_seconds())
        return _respond(hinted.answer)


def _known(integration: str) -> FedSource:
    try:
        found = source(integration)
    except UnknownIntegration as error:
        raise Http404 from error
    if not isinstance(found, FedSource):
        raise Http404
    return found


def _respond(answer: Answer) -> Response:
    return Response(answer.body, status=answer.status)
