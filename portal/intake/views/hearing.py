"""Where outside systems call by themselves: `/hooks/<integration>/`, or one address for each connection."""

from __future__ import annotations

import logging
import uuid

from django.db import InterfaceError, OperationalError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from integrations.errors import Malformed, Unauthorised
from portal.intake.hearing.effects import Effects
from portal.intake.hearing.services import hear_connection, hear_installation
from portal.intake.rate import seconds_to_wait
from portal.intake.reading import AlwaysJson, body_of
from portal.postings import tasks as postings
from portal.reference import tasks as syncs

logger = logging.getLogger(__name__)

LARGEST = 256 * 1024
EVERYBODY = uuid.UUID(int=0)


class HearVendor(APIView):
    """`POST` with what the vendor sends. Any 2xx tells it that the message was kept."""

    content_negotiation_class = AlwaysJson

    def post(self, request: Request, integration: str, connection_id: uuid.UUID | None = None) -> Response:
        """Rate, size, origin; then what it hints at is asked for. 401, 413 and 429 store nothing."""
        if wait := seconds_to_wait(connection_id or uuid.uuid5(EVERYBODY, integration)):
            return Response({"message": "Too many messages at once."}, 429, headers={"Retry-After": str(wait)})
        body = body_of(request, LARGEST)
        if body.is_too_large:
            return Response({"message": "The body is larger than 256 kB."}, 413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            effects = self._heard(integration, connection_id, request, headers, body.read)
        except Unauthorised:
            return Response({"message": "Not recognised."}, 401)
        except Malformed as error:
            return Response({"message": error.message}, 400)
        except (OperationalError, InterfaceError):
            logger.exception("The database failed while a vendor's message was taken.")
            return Response({"message": "Send it again later."}, 503, headers={"Retry-After": "30"})
        _ring(effects)
        return Response({"message": "Taken."}, 202)

    def _heard(
        self, integration: str, connection_id: uuid.UUID | None, request: Request, headers: dict[str, str], body: bytes
    ) -> Effects:
        if connection_id is None:
            return hear_installation(integration, headers, body)
        token = headers.get("x-postroom-token") or request.query_params.get("token", "")
        return hear_connection(integration, connection_id, token, headers, body)


def _ring(effects: Effects) -> None:
    for posting_id in effects.postings:
        postings.ring(posting_id)
    for run_id in effects.syncs:
        syncs.ring(run_id)
