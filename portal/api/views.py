"""The doors of the API."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.models import QuerySet
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.documents import Stage
from portal.api import errors
from portal.api.doors import Door, body_of
from portal.api.errors import ApiError, told
from portal.api.models import Scope
from portal.api.shapes import raised_json
from portal.raising import bodies
from portal.raising.checking import is_key
from portal.raising.linking import link
from portal.raising.models import Raised
from portal.raising.services import (
    CannotRaise,
    Conflict,
    Origin,
    Problem,
    Wanted,
    asked_before,
    check,
    listing,
    raise_all,
)
from portal.raising.statuses import WHERE, Status
from portal.raising.tasks import ring_all
from portal.tenants.models import Company

PAGE: Final = 50
LARGEST_PAGE: Final = 100
LARGEST_ID: Final = 2**63 - 1
PARAMETERS: Final = frozenset({"limit", "after", "status"})

TWO_KEYS: Final = "The header Idempotency-Key and the member key are not the same."
NO_ASCII: Final = "The header Idempotency-Key holds other than ASCII characters: give such a key as the member key."
NOT_THERE: Final = "There is no such parameter. Known are limit, after and status."
NO_LIMIT: Final = f"It must be a whole number from 1 to {LARGEST_PAGE}."
NO_CURSOR: Final = "It must be what an answer gave as next."
NO_STATUS: Final = "It must be one of {known}."
WRONG: Final = "The request has errors; nothing was raised."


class Transactions(Door):
    """`companies/<id>/push/transactions`: raise one, or list what was raised, the newest first."""

    scopes = {"GET": Scope.READ, "POST": Scope.WRITE}  # noqa: RUF012 - read only

    def get(self, request: Request, company_id: uuid.UUID) -> Response:
        """A page, and the cursor of the next one."""
        company = self.company(company_id)
        rows, limit = _asked(request, listing(company))
        found = list(rows[: limit + 1])
        if link(Raised.objects.filter(pk__in=[one.pk for one in found])):
            found = list(rows[: limit + 1])
        page, more = found[:limit], len(found) > limit
        following = str(page[-1].pk) if more else None
        return Response({"results": [raised_json(one) for one in page], "next": following})

    def post(self, request: Request, company_id: uuid.UUID) -> Response:
        """Raise one transaction, once for its key."""
        company = self.company(company_id)
        body = body_of(request)
        body["key"] = _key(request, body)
        wanted, stage, unread = bodies.read(body)
        raised, warnings = self._raise(company, wanted, stage, unread)
        ring_all([raised])
        address = reverse("api:transaction", args=[company.pk, raised.caller_key])
        return Response(raised_json(raised, warnings), status=202, headers={"Location": address})

    def _raise(
        self, company: Company, wanted: Wanted, stage: Stage, unread: list[Problem]
    ) -> tuple[Raised, list[Problem]]:
        try:
            if not unread and (before := asked_before(company, wanted, stage=stage)):
                return before, []
            found = unread + check(company, [wanted], stage=stage)
            if errors_found := [problem for problem in found if not problem.is_warning]:
                raise ApiError(400, WRONG, details=told(errors_found))
            who = f"API token {self.token}"
            (raised,) = raise_all(company, [wanted], stage=stage, origin=Origin.API, who=who)
        except Conflict as conflict:
            raise ApiError(409, conflict.message, details=[("key", conflict.message)]) from conflict
        except CannotRaise as refusal:
            raise ApiError(400, refusal.message, details=told(refusal.problems)) from refusal
        return raised, found


class Transaction(Door):
    """`companies/<id>/push/transactions/<key>`: one of them."""

    scopes = {"GET": Scope.READ}  # noqa: RUF012 - read only

    def get(self, request: Request, company_id: uuid.UUID, key: str) -> Response:
        """Where it stands now."""
        company = self.company(company_id)
        if not is_key(key):
            raise ApiError(404, errors.NOT_FOUND)
        rows = listing(company).filter(caller_key=key)
        link(rows)
        raised = rows.first()
        if raised is None:
            raise ApiError(404, errors.NOT_FOUND)
        return Response(raised_json(raised))


class Nowhere(Door):
    """Every other address below /api/v1/."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """There is nothing, whatever is asked with."""
        super().initial(request, *args, **kwargs)
        raise ApiError(404, errors.NOT_FOUND)


def _key(request: Request, body: dict[str, Any]) -> Any:
    """The caller's key: the header's or the member's, and the same where both are given."""
    header, member = request.headers.get("Idempotency-Key"), body.get("key")
    if header is None:
        return member
    if not header.isascii():
        raise ApiError(400, WRONG, details=[("Idempotency-Key", NO_ASCII)])
    if member is not None and member != header:
        raise ApiError(400, WRONG, details=[("key", TWO_KEYS)])
    return header


def _asked(request: Request, rows: QuerySet[Raised]) -> tuple[QuerySet[Raised], int]:
    """The rows that a query asks for, and how many at once."""
    given = request.query_params
    wrong = [(name, NOT_THERE) for name in sorted(set(given) - PARAMETERS)]
    limit, after, status = given.get("limit", str(PAGE)), given.get("after", ""), given.get("status", "")
    if not _is_whole(limit) or not 1 <= int(limit) <= LARGEST_PAGE:
        wrong.append(("limit", NO_LIMIT))
    if after and (not _is_whole(after) or int(after) > LARGEST_ID):
        wrong.append(("after", NO_CURSOR))
    if status and status not in Status.values:
        wrong.append(("status", NO_STATUS.format(known=", ".join(Status.values))))
    if wrong:
        raise ApiError(400, "The query has errors.", details=wrong)
    rows = rows.filter(WHERE[Status(status)]) if status else rows
    return (rows.filter(pk__lt=int(after)) if after else rows), int(limit)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19
