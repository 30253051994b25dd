"""The companies of the tenant."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.doors import Door
from portal.api.errors import WRONG_BODY, ApiError
from portal.api.models import Scope
from portal.api.operation import Operation, Tag, operation
from portal.api.paging import numbered
from portal.api.shapes import companies as shapes
from portal.api.shapes.connections import STATUSES
from portal.api.shapes.examples import COMPANY, NEW_COMPANY, page_of
from portal.connections.models import Connection, Side, Status
from portal.postings.models import Transaction
from portal.tenants import companies, living
from portal.tenants.models import Company as CompanyRow
from portal.tenants.refusing import Refused

MEMBERS: Final = {"base_currency": "baseCurrency"}
HAS_TRANSACTIONS: Final = "Something has come in for it already: its base currency can be changed no more."
NOT_YET: Final = "It cannot go live yet: {count} missing."
CREATE: Final = (
    "A company is linked to nothing and not live yet. With `nameIsTemporary` the accounting system's own name is "
    "offered once it is linked."
)
REPLACE: Final = "Both name and base currency, as they shall be. A name that is given here is not temporary any more."
LIVE: Final = (
    "From now on what comes in is booked. It is refused, with everything that is missing in `details`, as long as its "
    "connections are not complete."
)


class Companies(Door):
    """`companies`."""

    @operation(
        Operation(
            id="list-companies", summary="List companies", tag=Tag.COMPANIES, scope=Scope.COMPANIES_READ,
            description="All companies of the tenant, with their connections.",
            query=shapes.CompanyQuery, answer=shapes.Companies, example=page_of(COMPANY),
        )
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """A page of them, in a constant number of queries."""
        rows = CompanyRow.objects.filter(tenant=self.token.tenant_id).prefetch_related("connections")
        order = self.query["orderBy"]
        sign, names = order[: order.startswith("-")], shapes.ORDERS[order.lstrip("-")]
        rows = _filtered(rows, self.query).order_by(*(sign + name for name in names))
        return Response(numbered(request, rows, _shown, self.query))

    @operation(
        Operation(
            id="create-company", summary="Create a company", description=CREATE, tag=Tag.COMPANIES, status=201,
            scope=Scope.COMPANIES_WRITE, body=shapes.NewCompany, answer=shapes.CompanyOfTenant, headers=("Location",),
            request_example=NEW_COMPANY, example=COMPANY, in_one_transaction=True,
        )
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """A new one."""
        wanted = self.body
        try:
            made = companies.create(
                self.token.tenant, name=wanted.get("name", ""), base_currency=wanted["baseCurrency"],
                is_temporary=wanted["nameIsTemporary"], who=self.who,
            )  # fmt: skip
        except Refused as refusal:
            raise _refused(refusal) from refusal
        address = reverse("api:company", args=[made.pk])
        return Response(_shown(made), status=201, headers={"Location": address})


class Company(Door):
    """`companies/<id>`."""

    @operation(
        Operation(
            id="get-company", summary="Get one company", tag=Tag.COMPANIES, scope=Scope.COMPANIES_READ,
            answer=shapes.CompanyOfTenant, example=COMPANY,
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID) -> Response:
        """One of them."""
        return Response(_shown(self.company(company_id)))

    @operation(
        Operation(
            id="update-company", summary="Rename a company", tag=Tag.COMPANIES, scope=Scope.COMPANIES_WRITE,
            description="The name is not temporary any more, whether it differs or not.",
            body=shapes.CompanyName, answer=shapes.CompanyOfTenant, request_example={"name": COMPANY["name"]},
            example=COMPANY, in_one_transaction=True,
        )
    )  # fmt: skip
    def patch(self, request: Request, company_id: uuid.UUID) -> Response:
        """Another name."""
        company = self.company(company_id)
        _rename(company, self.body["name"], self.who)
        return Response(_shown(company))

    @operation(
        Operation(
            id="replace-company", summary="Replace a company", description=REPLACE, tag=Tag.COMPANIES,
            scope=Scope.COMPANIES_WRITE, body=shapes.CompanyWhole, answer=shapes.CompanyOfTenant,
            request_example={"name": COMPANY["name"], "baseCurrency": "GBP"}, example=COMPANY, in_one_transaction=True,
        )
    )  # fmt: skip
    def put(self, request: Request, company_id: uuid.UUID) -> Response:
        """Everything that can be changed of it, or nothing."""
        company = self.company(company_id)
        _change_currency(company, self.body["baseCurrency"], self.who)
        _rename(company, self.body["name"], self.who)
        return Response(_shown(company))


class GoLive(Door):
    """`companies/<id>/live`."""

    @operation(
        Operation(
            id="go-live", summary="Take a company live", description=LIVE, tag=Tag.COMPANIES,
            scope=Scope.COMPANIES_WRITE, answer=shapes.CompanyOfTenant, example={**COMPANY, "live": COMPANY["created"]},
            in_one_transaction=True,
        )
    )  # fmt: skip
    def post(self, request: Request, company_id: uuid.UUID) -> Response:
        """From now on."""
        company = self.company(company_id)
        try:
            living.go_live(company, who=self.who)
        except living.CannotChange as refusal:
            details = [("", message) for message in refusal.messages]
            raise ApiError(409, NOT_YET.format(count=_things(len(details))), details=details) from refusal
        return Response(_shown(company))


def _things(count: int) -> str:
    return "1 thing is" if count == 1 else f"{count} things are"


def _shown(company: CompanyRow) -> dict[str, Any]:
    return shapes.company_json(company, company.connections.all())


def _rename(company: CompanyRow, name: str, who: str) -> None:
    try:
        companies.rename(company, name, who=who)
    except Refused as refusal:
        raise _refused(refusal) from refusal


def _change_currency(company: CompanyRow, code: str, who: str) -> None:
    if code.upper() == company.base_currency:
        return
    if Transaction.objects.filter(company=company).exists():
        raise ApiError(409, HAS_TRANSACTIONS, details=[("baseCurrency", HAS_TRANSACTIONS)])
    try:
        companies.change_base_currency(company, code, who=who)
    except Refused as refusal:
        raise _refused(refusal) from refusal


def _refused(refusal: Refused) -> ApiError:
    """A name that is taken, or none; the member that is at fault is named."""
    member = MEMBERS.get(refusal.field, refusal.field)
    return ApiError(400, WRONG_BODY, details=[(member, refusal.message)])


def _filtered(rows: QuerySet[CompanyRow], query: Any) -> QuerySet[CompanyRow]:
    now = timezone.now()
    closed = Q(closed_at__lte=now)
    live = Q(live_at__lte=now) & ~closed
    if "name" in query:
        rows = rows.filter(name__icontains=query["name"])
    if "isLive" in query:
        rows = rows.filter(live) if query["isLive"] else rows.exclude(live)
    if "isClosed" in query:
        rows = rows.filter(closed) if query["isClosed"] else rows.exclude(closed)
    return rows.filter(_with_status(STATUSES[query["status"]])) if "status" in query else rows


def _with_status(status: Status) -> Q:
    """The accounting connection that is not unlinked counts; one that is only where there is no other."""
    every = Connection.objects.filter(company=OuterRef("pk"), side=Side.ACCOUNTING)
    active = every.exclude(status=Status.UNLINKED)
    if status == Status.UNLINKED:
        return Q(Exists(every)) & ~Q(Exists(active))
    found = Q(Exists(active.filter(status=status)))
    return found | ~Q(Exists(every)) if status == Status.BLANK else found
