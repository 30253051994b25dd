"""The addresses at which a source delivers, and their tokens."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.transaction import atomic
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.documents import Kind
from portal.api import errors
from portal.api.doors import Door
from portal.api.errors import ApiError
from portal.api.models import Scope
from portal.api.operation import Operation, Tag, operation
from portal.api.paging import Pages, numbered
from portal.api.shapes import connections as shapes
from portal.api.shapes.examples import ENDPOINT, ENDPOINT_WITH_TOKEN, page_of
from portal.connections.models import Connection, Endpoint, Side, Status
from portal.connections.registry import source
from portal.connections.services import open_endpoint
from portal.connections.tokens import issue_token

NO_SOURCE: Final = "Only sources deliver: this is a connection to an accounting system."
ENDED: Final = "The connection was unlinked: nothing can be delivered by it."
TAKEN: Final = "There is an address for this already. Ask for another token of it, if you need one."
NOT_SENT: Final = "{name} sends none of these."
OPEN: Final = (
    "Opens an address for one kind of document, or for all, with its token. The token is shown this one time; at the "
    "source both are entered. There is one address for each kind, and one for all."
)
ANOTHER: Final = (
    "Makes another token, shown this one time. The one before works for 24 hours more, so that nothing is lost while "
    "it is entered at the source."
)
PATH: Final = {"endpoint_id": ({"type": "string", "format": "uuid"}, "The endpoint's id.")}


class Endpoints(Door):
    """`companies/<id>/connections/<id>/endpoints`."""

    @operation(
        Operation(
            id="list-endpoints", summary="List endpoints", tag=Tag.CONNECTIONS, scope=Scope.CONNECTIONS_READ,
            description="The addresses at which a source delivers. An accounting system has none.",
            query=Pages, answer=shapes.Endpoints, example=page_of(ENDPOINT),
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID, connection_id: uuid.UUID) -> Response:
        """A page of them."""
        connection = self.connection(company_id, connection_id)
        rows = connection.endpoints.select_related("connection").order_by("kind", "created_at")
        return Response(numbered(request, rows, _shown, self.query))

    @operation(
        Operation(
            id="create-endpoint", summary="Open an endpoint", description=OPEN, tag=Tag.CONNECTIONS, status=201,
            scope=Scope.CONNECTIONS_WRITE, body=shapes.NewEndpoint, answer=shapes.EndpointWithToken,
            request_example={"kind": "invoice"}, example=ENDPOINT_WITH_TOKEN, in_one_transaction=True,
        )
    )  # fmt: skip
    def post(self, request: Request, company_id: uuid.UUID, connection_id: uuid.UUID) -> Response:
        """One address with its token."""
        connection = _delivering(self.connection(company_id, connection_id))
        kind = Kind(self.body["kind"]) if "kind" in self.body else None
        told = source(connection.integration)
        if kind is not None and kind not in told.kinds:
            message = NOT_SENT.format(name=told.metadata.name)
            raise ApiError(400, errors.WRONG_BODY, details=[("kind", message)])
        with atomic():
            Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
            if connection.endpoints.filter(kind=kind.value if kind else "").exists():
                raise ApiError(409, TAKEN)
            endpoint = open_endpoint(connection, who=self.who, kind=kind)
            token = issue_token(endpoint, who=self.who)
        return Response({**_shown(endpoint), "token": token}, status=201)


class EndpointTokens(Door):
    """`companies/<id>/connections/<id>/endpoints/<id>/tokens`."""

    @operation(
        Operation(
            id="create-endpoint-token", summary="Make another token of an endpoint", description=ANOTHER, status=201,
            tag=Tag.CONNECTIONS, scope=Scope.CONNECTIONS_WRITE, answer=shapes.EndpointWithToken,
            example=ENDPOINT_WITH_TOKEN, in_one_transaction=True, path=PATH,
        )
    )  # fmt: skip
    def post(
        self, request: Request, company_id: uuid.UUID, connection_id: uuid.UUID, endpoint_id: uuid.UUID
    ) -> Response:
        """It takes the place of the one before."""
        connection = self.connection(company_id, connection_id)
        endpoint = connection.endpoints.select_related("connection__company").filter(pk=endpoint_id).first()
        if endpoint is None:
            raise ApiError(404, errors.NOT_FOUND)
        _delivering(connection)
        return Response({**_shown(endpoint), "token": issue_token(endpoint, who=self.who)}, status=201)


def _delivering(connection: Connection) -> Connection:
    if connection.side != Side.SOURCE:
        raise ApiError(409, NO_SOURCE)
    if connection.status == Status.UNLINKED:
        raise ApiError(409, ENDED)
    return connection


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    return shapes.endpoint_json(endpoint, tuple(source(endpoint.connection.integration).token_headers))
