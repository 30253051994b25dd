"""The one door for webhooks."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations.base import Answer, Source
from portal.connections.registry import UnknownIntegration, source
from portal.intake.arriving import arrive
from portal.intake.authenticate import Refused
from portal.intake.rate import refused_as_too_often
from portal.intake.receive import receive
from portal.intake.refusals import refusals
from portal.postings.tasks import ring

logger = logging.getLogger(__name__)

NOT_RECOGNISED = "Secret token missing or not recognised."
TOO_LARGE = "The body is larger than 2 MB. Nothing was booked."
# It cannot be asked now what was taken before, so nothing is claimed about it.
UNAVAILABLE = "Postroom cannot reach its database for the moment. Retry the posting; what was taken is not taken twice."
FAILED = "An error on our side. Retry the posting; what was taken is not taken twice."
RETRY_AFTER_SECONDS = "30"


class AlwaysJson(BaseContentNegotiation):
    """Answers are JSON whatever a caller says that it accepts: a delivery is not turned away for that."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The one renderer that there is."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""


class ReceiveWebhook(APIView):
    """`POST /webhooks/<integration>/<endpoint id>/` with the secret token in a header; the answer holds the number."""

    content_negotiation_class = AlwaysJson

    def post(self, request: Request, integration: str, endpoint_id: uuid.UUID) -> Response:
        """Rate, size, token, then the delivery's way. 401, 413, 429 and 503 store nothing."""
        known = _known(integration)
        if too_often := refused_as_too_often(known, endpoint_id):
            return too_often
        body = _body(request)
        if body is None:
            return _respond(known.refuse(413, TOO_LARGE))
        try:
            return self._receive(known, endpoint_id, body, _headers(request))
        except (OperationalError, InterfaceError):
            logger.exception("The database failed while a delivery was received.")
            response = _respond(known.refuse(503, UNAVAILABLE))
            response["Retry-After"] = RETRY_AFTER_SECONDS
            return response
        except Exception:
            logger.exception("A delivery could not be received.")
            return _respond(known.refuse(500, FAILED))

    def _receive(self, known: Source, endpoint_id: uuid.UUID, body: bytes, headers: dict[str, str]) -> Response:
        arrival = arrive(known, endpoint_id, body, headers)
        if isinstance(arrival, Refused):
            refusals.add(arrival.endpoint_id, headers)
            return _respond(known.refuse(401, NOT_RECOGNISED))
        refusals.write_if_due()
        return _respond(receive(known, arrival, body, ring))


def _known(integration: str) -> Source:
    try:
        return source(integration)
    except UnknownIntegration as error:
        raise Http404 from error


def _body(request: Request) -> bytes | None:
    """The whole body, or None when it is too large; a stated length is believed before a byte is read."""
    limit = settings.WEBHOOK_MAX_BYTES
    stated = request.META.get("CONTENT_LENGTH") or "0"
    if not stated.isdigit() or int(stated) > limit:
        return None
    body: bytes = request._request.read(limit + 1)
    return body if len(body) <= limit else None


def _headers(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _respond(answer: Answer) -> Response:
    return Response(answer.body, status=answer.status)
