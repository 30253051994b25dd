"""Raise transactions in the company's purchasing system, and follow them."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.documents import Stage
from portal.api import errors
from portal.api.doors import Door
from portal.api.errors import ApiError, told
from portal.api.idempotency import HEADER, REPLAY
from portal.api.models import Scope
from portal.api.operation import Operation, Tag, operation
from portal.api.paging import NO_CURSOR
from portal.api.shapes import pushing as shapes
from portal.api.shapes.examples import RAISED, TO_RAISE, part_of
from portal.api.strict import Choice, Query, Text, Whole
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

TWO_KEYS: Final = "The header Idempotency-Key and the member key are not the same."
NO_ASCII: Final = "The header Idempotency-Key holds other than ASCII characters: give such a key as the member key."
WRONG: Final = "The request has errors; nothing was raised."


LIST: Final = "The newest first."
RAISE: Final = (
    "Raises an order, invoice or credit note in the purchasing system, as a draft or as fully approved. The same key "
    "with the same content is answered as it stands now; with other content it is refused."
)


class PushQuery(Query):
    """Which of them."""

    limit = Whole(least=1, most=100, default=50, help_text="How many results at once.")
    after = Text(
        required=False, validators=[RegexValidator(r"\A[0-9]{1,18}\Z", NO_CURSOR)],
        help_text="What the answer before gave as `next`.",
    )  # fmt: skip
    status = Choice(Status.values, required=False, help_text="Only those with this status.")


class Transactions(Door):
    """`companies/<id>/push/transactions`: raise one, or list what was raised, the newest first."""

    @operation(
        Operation(
            id="list-raised-transactions", summary="List raised transactions", description=LIST, tag=Tag.PUSH,
            scope=Scope.PUSH_READ, query=PushQuery, answer=shapes.RaisedTransactions, example=part_of(RAISED),
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID) -> Response:
        """A page, and the cursor of the next one."""
        company = self.company(company_id)
        rows, limit = _filtered(listing(company), self.query), self.query["limit"]
        found = list(rows[: limit + 1])
        if link(Raised.objects.filter(pk__in=[one.pk for one in found])):
            found = list(rows[: limit + 1])
        page, more = found[:limit], len(found) > limit
        following = str(page[-1].pk) if more else None
        return Response({"results": [shapes.raised_json(one) for one in page], "next": following})

    @operation(
        Operation(
            id="raise-transaction", summary="Raise a transaction", description=RAISE, tag=Tag.PUSH, status=202,
            scope=Scope.PUSH_WRITE, body=shapes.TransactionToRaise, reads_body=False, answer=shapes.RaisedTransaction,
            headers=("Location", REPLAY), request_example=TO_RAISE, example=RAISED, has_own_key=True,
        )
    )  # fmt: skip
    def post(self, request: Request, company_id: uuid.UUID) -> Response:
        """Raise one transaction, once for its key."""
        company, body = self.company(company_id), self.body
        body["key"] = _key(request, body)
        wanted, stage, unread = bodies.read(body)
        raised, warnings = self._raise(company, wanted, stage, unread)
        ring_all([raised])
        address = reverse("api:transaction", args=[company.pk, raised.caller_key])
        again = {REPLAY: "true"} if warnings is None else {}
        told = shapes.raised_json(raised, warnings or ())
        return Response(told, status=202, headers={"Location": address, **again})

    def _raise(
        self, company: Company, wanted: Wanted, stage: Stage, unread: list[Problem]
    ) -> tuple[Raised, list[Problem] | None]:
        """What was raised, with its warnings; None for them where it was raised before."""
        try:
            if not unread and (before := asked_before(company, wanted, stage=stage)):
                return before, None
            found = unread + check(company, [wanted], stage=stage)
            if errors_found := [problem for problem in found if not problem.is_warning]:
                raise ApiError(400, WRONG, details=told(errors_found))
            (raised,) = raise_all(company, [wanted], stage=stage, origin=Origin.API, who=self.who)
        except Conflict as conflict:
            raise ApiError(422, conflict.message, details=[("key", conflict.message)]) from conflict
        except CannotRaise as refusal:
            raise ApiError(400, refusal.message, details=told(refusal.problems)) from refusal
        return raised, found


class Transaction(Door):
    """`companies/<id>/push/transactions/<key>`: one of them."""

    @operation(
        Operation(
            id="get-raised-transaction", summary="Get one raised transaction", tag=Tag.PUSH, scope=Scope.PUSH_READ,
            description="Where it stands now.", answer=shapes.RaisedTransaction, example=RAISED,
            path={"key": ({"type": "string", "minLength": 1}, "The caller's own key, percent-encoded.")},
        )
    )  # fmt: skip
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
        return Response(shapes.raised_json(raised))


def _key(request: Request, body: dict[str, Any]) -> Any:
    """The caller's key: the header's or the member's, and the same where both are given."""
    header, member = request.headers.get(HEADER), body.get("key")
    if header is None:
        return member
    if not header.isascii():
        raise ApiError(400, WRONG, details=[(HEADER, NO_ASCII)])
    if member is not None and member != header:
        raise ApiError(400, WRONG, details=[("key", TWO_KEYS)])
    return header


def _filtered(rows: QuerySet[Raised], query: Any) -> QuerySet[Raised]:
    rows = rows.filter(WHERE[Status(query["status"])]) if "status" in query else rows
    return rows.filter(pk__lt=int(query["after"])) if "after" in query else rows
