"""The one door for webhooks."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations.base import Answer, Source
from integrations.feeds import FedSource
from portal.connections.registry import UnknownIntegration, source, sources
from portal.intake import capturing
from portal.intake.arriving import Arrival, arrive
from portal.intake.authenticate import Refused
from portal.intake.rate import refused_as_too_often
from portal.intake.reading import AlwaysJson, Body, body_of
from portal.intake.receive import receive
from portal.intake.refusals import refusals
from portal.intake.tasks import ring as look
from portal.intake.views.hinting import ReceiveHint
from portal.postings.tasks import ring

logger = logging.getLogger(__name__)

NOT_RECOGNISED = "Secret token missing or not recognised."
TOO_LARGE = "The body is larger than 2 MB. Nothing was booked."
# It cannot be asked now what was taken before, so nothing is claimed about it.
UNAVAILABLE = "Postroom cannot reach its database for the moment. Retry the posting; what was taken is not taken twice."
FAILED = "An error on our side. Retry the posting; what was taken is not taken twice."
RETRY_AFTER_SECONDS = "30"


class ReceiveWebhook(APIView):
    """`POST /webhooks/<integration>/<endpoint id>/` with the secret token in a header; the answer holds the number."""

    content_negotiation_class = AlwaysJson
    body = Body()
    captured: int | None = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """The door; a source that is read has another one behind the same address."""
        receive, hint = super().as_view(**initkwargs), ReceiveHint.as_view()

        def door(request: HttpRequest, integration: str, **kwargs: Any) -> Any:
            behind = hint if isinstance(sources().get(integration), FedSource) else receive
            return behind(request, integration=integration, **kwargs)

        return csrf_exempt(door)

    def post(self, request: Request, integration: str, endpoint_id: uuid.UUID) -> Response:
        """Rate, size, token, then the delivery's way. 401, 413, 429 and 503 store nothing."""
        known = _known(integration)
        if too_often := refused_as_too_often(known, endpoint_id):
            return too_often
        self.body = body_of(request, settings.WEBHOOK_MAX_BYTES)
        if self.body.is_too_large:
            return _respond(known.refuse(413, TOO_LARGE))
        try:
            return self._receive(known, endpoint_id, request)
        except (OperationalError, InterfaceError):
            logger.exception("The database failed while a delivery was received.")
            response = _respond(known.refuse(503, UNAVAILABLE))
            response["Retry-After"] = RETRY_AFTER_SECONDS
            return response
        except Exception:
            logger.exception("A delivery could not be received.")
            return _respond(known.refuse(500, FAILED))

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """As Django REST framework does it; a request that was waited for is kept with its status."""
        finished = super().finalize_response(request, response, *args, **kwargs)
        if request.method != "POST" or self.body.is_too_large:
            self._capture_unseen(request, **kwargs)
        if self.captured is not None:
            capturing.answered(self.captured, finished.status_code)
        return finished

    def _receive(self, known: Source, endpoint_id: uuid.UUID, request: Request) -> Response:
        body, headers = self.body.read, _headers(request)
        arrival = arrive(known, endpoint_id, body, headers)
        if arrival.capture_id is not None:
            self._capture(arrival, arrival.capture_id, headers)
        if isinstance(arrival, Refused):
            refusals.add(arrival.endpoint_id, headers)
            return _respond(known.refuse(401, NOT_RECOGNISED))
        refusals.write_if_due()
        return _respond(receive(known, arrival, body, ring, look))

    def _capture(self, arrival: Arrival | Refused, capture_id: int, headers: dict[str, str]) -> None:
        call = capturing.Call("POST", headers, self.body.read)
        delivery_id = arrival.id if isinstance(arrival, Arrival) else None
        if capturing.take(capture_id, call, delivery_id=delivery_id):
            self.captured = capture_id

    def _capture_unseen(self, request: Request, integration: str, endpoint_id: uuid.UUID) -> None:
        """A call that was answered without a look at its endpoint: what is waited for may be such a one. Not if they
        come too often: then nothing is asked either."""
        try:
            known = source(integration)
        except UnknownIntegration:
            return
        if request.method != "POST" and refused_as_too_often(known, endpoint_id):
            return
        try:
            capture_id = capturing.waiting_for(integration, endpoint_id)
        except DatabaseError:
            logger.exception("Whether a request is waited for could not be asked.")
            return
        if capture_id is not None:
            call = capturing.Call(request.method or "", _headers(request), *_beginning(request, self.body.read))
            self.captured = capture_id if capturing.take(capture_id, call) else None


def _known(integration: str) -> Source:
    try:
        return source(integration)
    except UnknownIntegration as error:
        raise Http404 from error


def _beginning(request: Request, read: bytes) -> tuple[bytes, bool]:
    """As much of a body as a delivery may have, and whether it went on."""
    limit = settings.WEBHOOK_MAX_BYTES
    try:
        read += request._request.read(limit + 1 - len(read))
    except UnreadablePostError:
        return read, True
    return read[:limit], len(read) > limit


def _headers(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _respond(answer: Answer) -> Response:
    return Response(answer.body, status=answer.status)
