"""What must be written: where each posting stands, and what is decided about it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet
from django.db.transaction import on_commit
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api import errors
from portal.api.doors import Door
from portal.api.errors import WRONG_BODY, ApiError
from portal.api.models import ApiToken, Scope
from portal.api.operation import Operation, Tag, operation
from portal.api.paging import LARGEST_ID, cursor_of, place_of
from portal.api.shapes import postings as shapes
from portal.api.shapes.examples import part_of
from portal.api.shapes.posting_examples import POSTING, RESOLUTION, RETRY, WHOLE_POSTING
from portal.api.vendors import LATER
from portal.postings import listing, repair, tasks
from portal.postings.models import Attempt, Posting, Transition
from portal.tenants.models import Company, Member

MOST_ATTEMPTS: Final = 50
MOST_STEPS: Final = 200
MEMBERS: Final = {"why": "reason", "number": "number"}
LIST: Final = (
    "The newest transaction's first. A state that few are in (`ready`, `sending`, `awaiting`, `unknown`, `checking`, "
    "`rejected`, `held`) is found at once, also for one connection. Otherwise an answer looks through "
    f"{listing.LOOKED_THROUGH:,} transactions at most: it may hold few results, or none, with a `next`. Go on until "
    "`next` is null."
)
GET: Final = "With what may be done about it, or why not, with its attempts, and with the history of its state."
RETRY_MEANS: Final = (
    "Makes a posting due again that is `rejected`, `held` or `withdrawn`. Where it may be in the outside system "
    "already, it is looked up there first: nothing is booked twice. 409 in any other state, and where the company is "
    "closed."
)
RESOLVE_MEANS: Final = (
    "Closes a posting for good without sending it. `markPosted`: it is in the outside system already, under `number`; "
    "that is asked first where it can be searched. It is refused with 400 where the document is there under another "
    "number, and with 503 where nobody answers, unless `evenUnverified` is true. `void`: it is never posted, and its "
    "journal number stays used. 409 in a state that does not allow it."
)
PATH: Final = {"posting_id": ({"type": "integer", "minimum": 1}, "The posting's id.")}


class Postings(Door):
    """`companies/<id>/postings`."""

    @operation(
        Operation(
            id="list-postings", summary="List postings", description=LIST, tag=Tag.TRANSACTIONS,
            scope=Scope.POSTINGS_READ, query=shapes.PostingQuery, answer=shapes.PostingsOfCompany,
            example=part_of(POSTING),
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID) -> Response:
        """A part of the list."""
        company, query = self.company(company_id), self.query
        wanted = listing.Wanted(state=query.get("state", ""), connection_id=query.get("connectionId"))
        found = listing.postings(company.pk, wanted, limit=query["limit"], after=place_of(query))
        results = [shapes.posting_json(each) for each in found.rows]
        return Response({"results": results, "next": cursor_of(found.after)})


class OnePosting(Door):
    """`companies/<id>/postings/<id>`, and what is decided about it."""

    def posting(self, company_id: uuid.UUID, posting_id: int) -> Posting:
        """One of the postings of one of the tenant's own companies, as it stands now."""
        mine = _of(self.company(company_id))
        found = mine.filter(pk=posting_id).first() if posting_id <= LARGEST_ID else None
        if found is None:
            raise ApiError(404, errors.NOT_FOUND)
        return found

    def shown(self, posting: Posting) -> Response:
        """All of it."""
        return Response(_shown(posting, self.token))


class PostingById(OnePosting):
    """`companies/<id>/postings/<id>`."""

    @operation(
        Operation(
            id="get-posting", summary="Get one posting", description=GET, tag=Tag.TRANSACTIONS,
            scope=Scope.POSTINGS_READ, answer=shapes.WholePosting, example=WHOLE_POSTING, path=PATH,
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID, posting_id: int) -> Response:
        """One of them."""
        return self.shown(self.posting(company_id, posting_id))


class PostingRetry(OnePosting):
    """`companies/<id>/postings/<id>/retry`."""

    @operation(
        Operation(
            id="retry-posting", summary="Retry a posting", description=RETRY_MEANS, tag=Tag.TRANSACTIONS,
            scope=Scope.POSTINGS_WRITE, body=shapes.Retry, answer=shapes.WholePosting, request_example=RETRY,
            example=WHOLE_POSTING, path=PATH, in_one_transaction=True,
        )
    )  # fmt: skip
    def post(self, request: Request, company_id: uuid.UUID, posting_id: int) -> Response:
        """Due again, and a worker is rung for."""
        posting = self.posting(company_id, posting_id)
        with _decided():
            repair.retry(posting, by=self.program, why=self.body["reason"])
        on_commit(lambda: tasks.ring(posting_id))
        return self.shown(self.posting(company_id, posting_id))


class PostingResolution(OnePosting):
    """`companies/<id>/postings/<id>/resolve`."""

    @operation(
        Operation(
            id="resolve-posting", summary="Resolve a posting", description=RESOLVE_MEANS, tag=Tag.TRANSACTIONS,
            scope=Scope.POSTINGS_WRITE, body=shapes.Resolution, answer=shapes.WholePosting, request_example=RESOLUTION,
            example=WHOLE_POSTING, path=PATH,
        )
    )  # fmt: skip
    def post(self, request: Request, company_id: uuid.UUID, posting_id: int) -> Response:
        """Closed for good. The outside system is asked outside of any database transaction."""
        posting, given = self.posting(company_id, posting_id), self.body
        with _decided():
            if given["action"] == shapes.MARK:
                repair.mark_posted(
                    posting, number=given["number"], by=self.program, why=given["reason"],
                    even_unverified=given.get("evenUnverified", False),
                )  # fmt: skip
            else:
                repair.void(posting, by=self.program, why=given["reason"])
        return self.shown(self.posting(company_id, posting_id))


@contextmanager
def _decided() -> Iterator[None]:
    """What the service refuses, as an answer: 400 for what was given, 503 where nobody over there could be asked, 409
    for what cannot be as things stand. In no case anything was changed."""
    try:
        yield
    except repair.CannotVerify as refusal:
        raise ApiError(503, refusal.message, headers={"Retry-After": str(LATER)}) from refusal
    except repair.CannotRepair as refusal:
        if member := MEMBERS.get(refusal.field):
            raise ApiError(400, WRONG_BODY, details=[(member, refusal.message)]) from refusal
        raise ApiError(409, refusal.message) from refusal


def _of(company: Company) -> QuerySet[Posting]:
    rows = Posting.objects.filter(transaction__company=company).defer("transaction__content", "booked", "traceback")
    return rows.select_related("transaction", "connection__company")


def _shown(posting: Posting, token: ApiToken) -> dict[str, Any]:
    members = Member.objects.filter(tenant_id=token.tenant_id, user_id=OuterRef("user_id"))
    shows_exchanges = Scope.POSTINGS_WRITE in token.scopes
    attempts = Attempt.objects.filter(posting=posting).select_related("user").annotate(by_member=Exists(members))
    attempts = attempts if shows_exchanges else attempts.defer("exchanges")
    steps = Transition.objects.filter(posting=posting).select_related("user").annotate(by_member=Exists(members))
    latest = list(attempts.order_by("-number")[:MOST_ATTEMPTS])[::-1]
    history = list(steps.order_by("-id")[:MOST_STEPS])[::-1]
    return shapes.whole_posting_json(posting, latest, history, shows_exchanges=shows_exchanges)
