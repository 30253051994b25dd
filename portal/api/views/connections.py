"""The connections of a company: begin, authorise, confirm, end."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.models import Q
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.metadata import Setting
from portal.api.doors import Door
from portal.api.errors import WRONG_BODY, ApiError
from portal.api.models import Scope
from portal.api.operation import Operation, Tag, operation
from portal.api.paging import numbered
from portal.api.platforms import chosen
from portal.api.shapes import connections as shapes
from portal.api.shapes.examples import CONNECTION, CONNECTION_WITH_SYNC, page_of
from portal.api.shapes.integrations import ACCOUNTING, COMMERCE, of_type
from portal.api.vendors import asked
from portal.connections import setup
from portal.connections.access.ending import end
from portal.connections.access.models import VisitOutcome
from portal.connections.access.visits import is_linked_by_visit
from portal.connections.beginning import begin, open_books
from portal.connections.by_form import keep_for_visit, link_by_form
from portal.connections.confirming import confirm
from portal.connections.models import Connection as Row
from portal.connections.models import Side, Status
from portal.connections.registry import accounting_systems, system
from portal.reference.sync.models import SyncRun, SyncState
from portal.tenants.models import Company

WHY: Final = "Asked for with the API."
ENDED: Final = "The connection was unlinked: make a new one."
LATER: Final = "Settings of {name} are given to the connection's authorization, where they are tested."
NO_SUCH: Final = "{name} has no setting of this key."
NOT_OFFERED: Final = "It must be one of {known}."
BEGIN: Final = (
    "Begins to link a company. An accounting system is `PendingAuth` until somebody authorises it at `linkUrl`, or its "
    "settings and secrets are given to `authorization`; one that stands for many is `Blank` until one of its "
    "`platforms` is given in `settings`; one that makes its own books is `Linked` at once. Asked again before it is "
    "linked, it gives the same connection; another integration takes its place. A source is `Linked` at once, for it "
    "only sends."
)
AUTHORISE: Final = (
    "Settings and secrets by the keys that the integration lists, as texts. The outside system is asked with them "
    "first; only what works is kept, and the connection is linked. Secrets are never told again. Where somebody has to "
    "authorise it there, they are kept for that visit. An error names the key that is at fault."
)
END: Final = (
    "Ends the connection for good: the outside system is told where that is possible, and the credentials are deleted. "
    "What was posted stays; what waits for it is held for a person, and the addresses of a source are shut. To link "
    "again, make a new connection."
)
CONFIRM: Final = (
    "Says that the company over there is the right one; look at `data/info` first. Until then a company cannot go "
    "live, and nothing is sent for one that is live."
)


class Connections(Door):
    """`companies/<id>/connections`."""

    @operation(
        Operation(
            id="list-connections", summary="List connections", tag=Tag.CONNECTIONS, scope=Scope.CONNECTIONS_READ,
            description="Every connection of the company, also those that have ended.",
            query=shapes.ConnectionQuery, answer=shapes.Connections, example=page_of(CONNECTION),
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID) -> Response:
        """A page of them."""
        rows = Row.objects.filter(company=self.company(company_id)).select_related("company")
        if "status" in self.query:
            rows = rows.filter(status=shapes.STATUSES[self.query["status"]])
        if "sourceType" in self.query:
            rows = rows.filter(_of_type(self.query["sourceType"]))
        sign = "-" if self.query["orderBy"].startswith("-") else ""
        rows = rows.order_by(f"{sign}created_at", f"{sign}id")
        return Response(numbered(request, rows, shapes.connection_json, self.query))

    @operation(
        Operation(
            id="create-connection", summary="Begin a connection", description=BEGIN, tag=Tag.CONNECTIONS, status=201,
            scope=Scope.CONNECTIONS_WRITE, body=shapes.NewConnection, answer=shapes.ConnectionWithSync,
            request_example={"platformKey": "demo"}, headers=("Location",),
            example={**CONNECTION_WITH_SYNC, "status": "PendingAuth", "linked": None},
        )
    )  # fmt: skip
    def post(self, request: Request, company_id: uuid.UUID) -> Response:
        """One to this integration. Nothing goes out, but the question which platforms there are."""
        company, key = self.company(company_id), self.body["platformKey"]
        given = self.body.get("settings", {})
        into_the_books = key in accounting_systems()
        made = _begun(company, key, given, self.who) if into_the_books else _source(company, key, given, self.who)
        address = reverse("api:connection", args=[company.pk, made.pk])
        return Response(_shown(made), status=201, headers={"Location": address})


class Connection(Door):
    """`companies/<id>/connections/<id>`."""

    @operation(
        Operation(
            id="get-connection", summary="Get one connection", tag=Tag.CONNECTIONS, scope=Scope.CONNECTIONS_READ,
            answer=shapes.ConnectionWithSync, example=CONNECTION_WITH_SYNC,
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID, connection_id: uuid.UUID) -> Response:
        """One of them."""
        return Response(_shown(self.connection(company_id, connection_id)))

    @operation(
        Operation(
            id="unlink-connection", summary="Unlink a connection", description=END, tag=Tag.CONNECTIONS,
            scope=Scope.CONNECTIONS_WRITE, body=shapes.ConnectionChange, answer=shapes.ConnectionWithSync,
            request_example={"status": "Unlinked"}, example={**CONNECTION_WITH_SYNC, "status": "Unlinked"},
        )
    )  # fmt: skip
    def patch(self, request: Request, company_id: uuid.UUID, connection_id: uuid.UUID) -> Response:
        """The end of it. A second time changes nothing."""
        connection = self.connection(company_id, connection_id)
        end(connection, who=self.who, why=WHY)
        return Response(_shown(connection))


class Authorization(Door):
    """`companies/<id>/connections/<id>/authorization`."""

    @operation(
        Operation(
            id="authorise-connection", summary="Authorise with settings and secrets", description=AUTHORISE,
            tag=Tag.CONNECTIONS, scope=Scope.CONNECTIONS_WRITE, body=shapes.Authorization,
            answer=shapes.ConnectionWithSync, example=CONNECTION_WITH_SYNC,
            request_example={
                "base_url": "http://127.0.0.1:8001/demo", "company_id": "harbour-street", "token": "the-access-token",
            },
        )
    )  # fmt: skip
    def put(self, request: Request, company_id: uuid.UUID, connection_id: uuid.UUID) -> Response:
        """Tested, then kept."""
        connection = self.connection(company_id, connection_id)
        if connection.status == Status.UNLINKED:
            raise ApiError(409, ENDED)
        secret = _checked(connection, self.body)
        given = {name: self.body[name].strip() for name in self.body}
        _authorised(
            connection, {key: value for key, value in given.items() if key not in secret},
            {key: value for key, value in given.items() if key in secret}, self.who,
        )  # fmt: skip
        return Response(_shown(self.connection(company_id, connection_id)))


class Confirmation(Door):
    """`companies/<id>/connections/<id>/confirm`."""

    @operation(
        Operation(
            id="confirm-connection", summary="Confirm the linked company", description=CONFIRM, tag=Tag.CONNECTIONS,
            scope=Scope.CONNECTIONS_WRITE, answer=shapes.ConnectionWithSync, in_one_transaction=True,
            example={**CONNECTION_WITH_SYNC, "confirmed": CONNECTION["created"]},
        )
    )  # fmt: skip
    def post(self, request: Request, company_id: uuid.UUID, connection_id: uuid.UUID) -> Response:
        """It is the right one."""
        connection = self.connection(company_id, connection_id)
        with asked():
            confirm(connection, who=self.who)
        return Response(_shown(connection))


def _of_type(wanted: str) -> Q:
    if wanted == ACCOUNTING:
        return Q(side=Side.ACCOUNTING)
    sold = Q(integration__in=of_type(COMMERCE))
    return Q(side=Side.SOURCE) & (sold if wanted == COMMERCE else ~sold)


def _begun(company: Company, key: str, given: dict[str, str], who: str) -> Row:
    settings = chosen(company, key, given, within="settings.")
    with asked():
        made = begin(company, key, who=who, settings=settings)
        return open_books(made, who=who) if accounting_systems()[key].opens_books else made


def _source(company: Company, key: str, given: dict[str, str], who: str) -> Row:
    if given:
        message = LATER.format(name=system(key).metadata.name)
        raise ApiError(400, WRONG_BODY, details=[("settings", message)])
    if company.closed_at is not None:
        raise ApiError(409, CLOSED.format(company=company))
    found = setup.source_connections(company).filter(integration=key).first()
    return found or setup.save_source(company, key, {}, {}, who)


CLOSED: Final = "{company} is closed: nothing can be linked to it any more."


def _authorised(connection: Row, settings: dict[str, str], secrets: dict[str, str], who: str) -> None:
    company, key = connection.company, connection.integration
    if connection.side == Side.ACCOUNTING:
        settings = chosen(company, key, settings)
    first_secret = next((one.key for one in _own(connection) if one.secret), "")
    with asked(blame=first_secret):
        if connection.side == Side.SOURCE:
            whole = {**connection.settings, **settings}
            found = setup.check(connection, company, key, whole, secrets)
            setup.save_source(company, key, whole, secrets, who, linked=found)
        elif is_linked_by_visit(connection):
            keep_for_visit(connection, settings, secrets, who=who)
        else:
            outcome, message = link_by_form(connection, settings, secrets, who=who)
            if outcome is not VisitOutcome.LINKED:
                raise ApiError(409, message)


def _own(connection: Row) -> list[Setting]:
    """What a connection gives itself; the rest is the installation's."""
    return [one for one in system(connection.integration).metadata.settings if not one.of_installation]


def _checked(connection: Row, given: dict[str, str]) -> set[str]:
    """The keys of the secrets. Raises `ApiError` 400 for other keys than there are, and for values not offered."""
    own = {one.key: one for one in _own(connection)}
    name = system(connection.integration).metadata.name
    wrong = [(key, NO_SUCH.format(name=name)) for key in given if key not in own]
    for key, value in given.items():
        offered = [choice for choice, _ in own[key].choices] if key in own else []
        if offered and value.strip() not in offered:
            wrong.append((key, NOT_OFFERED.format(known=", ".join(offered))))
    if wrong:
        raise ApiError(400, WRONG_BODY, details=wrong)
    return {key for key, one in own.items() if one.secret}


def _shown(connection: Row) -> dict[str, Any]:
    read = SyncRun.objects.filter(connection=connection, state=SyncState.COMPLETE).order_by("-id")
    return shapes.connection_with_sync_json(connection, read.values_list("ended_at", flat=True).first())
