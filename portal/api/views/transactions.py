"""What came in, the newest first, and one of it with its content."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.models import Prefetch
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api import errors
from portal.api.doors import Door
from portal.api.errors import ApiError
from portal.api.models import Scope
from portal.api.operation import Operation, Tag, operation
from portal.api.paging import cursor_of, place_of
from portal.api.shapes import transactions as shapes
from portal.api.shapes.examples import part_of
from portal.api.shapes.posting_examples import TRANSACTION, WHOLE_TRANSACTION
from portal.postings import listing
from portal.postings.models import Posting, Transaction

LIST: Final = (
    "What came in, and what was raised here. A number, and a state that few are in (`ready`, `sending`, `awaiting`, "
    "`unknown`, `checking`, `rejected`, `held`), are found at once. For the other filters an answer looks through "
    f"{listing.LOOKED_THROUGH:,} transactions at most: it may hold few results, or none, with a `next`. Go on until "
    "`next` is null."
)


class CompanyTransactions(Door):
    """`companies/<id>/transactions`."""

    @operation(
        Operation(
            id="list-transactions", summary="List transactions", description=LIST, tag=Tag.TRANSACTIONS,
            scope=Scope.POSTINGS_READ, query=shapes.TransactionQuery, answer=shapes.TransactionsOfCompany,
            example=part_of(TRANSACTION),
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID) -> Response:
        """A part of the list."""
        company, place = self.company(company_id), place_of(self.query)
        found = listing.transactions(
            company.pk, _wanted(self.query), limit=self.query["limit"], after=place[0] if place else None
        )
        results = [shapes.transaction_json(each) for each in found.rows]
        return Response({"results": results, "next": cursor_of(found.after)})


class CompanyTransaction(Door):
    """`companies/<id>/transactions/<id>`."""

    @operation(
        Operation(
            id="get-transaction", summary="Get one transaction", tag=Tag.TRANSACTIONS, scope=Scope.POSTINGS_READ,
            description="With its content as the source approved it, in the source's own codes.",
            answer=shapes.WholeTransaction, example=WHOLE_TRANSACTION,
            path={"transaction_id": ({"type": "string", "format": "uuid"}, "The transaction's id.")},
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID, transaction_id: uuid.UUID) -> Response:
        """One of them."""
        mine = Transaction.objects.filter(company=self.company(company_id), public_id=transaction_id)
        postings = Posting.objects.select_related("connection").defer("booked", "traceback").order_by("pk")
        found = mine.prefetch_related(Prefetch("postings", queryset=postings)).first()
        if found is None:
            raise ApiError(404, errors.NOT_FOUND)
        return Response(shapes.whole_transaction_json(found))


def _wanted(query: Any) -> listing.Wanted:
    given = {
        "number": query.get("number"), "state": query.get("state"), "kind": query.get("kind"),
        "received_from": query.get("receivedFrom"), "received_before": query.get("receivedBefore"),
    }  # fmt: skip
    return listing.Wanted(**{name: value for name, value in given.items() if value})
