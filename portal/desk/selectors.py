"""What a member may read. Every query of the customer pages starts here, and here from `companies_of`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Generic, TypeVar
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Subquery
from django.http import Http404
from django.utils import timezone

from portal.connections.models import Connection, Endpoint, Side, Status
from portal.desk.dashboard.bounded import needing_by_company, newest_first, said
from portal.desk.fed_ones import is_fed
from portal.desk.words import RAISED_FROM, source_name, system_name
from portal.intake.models import Delivery
from portal.notation import zone_of
from portal.postings.attachments.models import Handover
from portal.postings.doers import doer, program_of
from portal.postings.models import Attempt, Posting, Purpose, Revision, RevisionState, Transaction, Transition
from portal.raising.models import Raised
from portal.tenants.models import Company, Member
from portal.tenants.scope import companies_of
from portal.tones import CLOSED, POSTED, WAITING


@dataclass(frozen=True)
class Sight:
    """The companies that one person sees, read once for a request."""

    companies: tuple[Company, ...]

    @classmethod
    def of(cls, user: AbstractBaseUser | AnonymousUser) -> Sight:
        """What this user sees; nothing for a visitor."""
        return cls(tuple(companies_of(user).select_related("tenant").order_by("name", "pk")))

    @cached_property
    def ids(self) -> list[UUID]:
        """The ids of the companies."""
        return [company.pk for company in self.companies]

    def zone(self, company_id: UUID | None = None) -> str:
        """The time zone of a company's tenant, or of the first company that is seen; UTC without any."""
        chosen = [company for company in self.companies if company_id in {None, company.pk}]
        return zone_of(chosen[0].tenant.time_zone).key if chosen else "UTC"

    def transactions(self) -> QuerySet[Transaction]:
        """The transactions of these companies."""
        return Transaction.objects.filter(company_id__in=self.ids)

    def transaction(self, public_id: UUID) -> Transaction:
        """One of their transactions, with all that its page shows of its postings.

        Raises `Http404` for everybody else's, as for one that does not exist.
        """
        try:
            return with_whole_postings(self.transactions()).get(public_id=public_id)
        except Transaction.DoesNotExist:
            raise Http404("There is no such transaction.") from None


@dataclass(frozen=True, kw_only=True)
class Overview:
    """One company on the home page. `need_a_person` is bounded (`7`, `50+`) and empty for none."""

    company: Company
    connection: Connection | None
    need_a_person: str
    latest_at: datetime | None

    @property
    def system_name(self) -> str:
        """The accounting system's name; empty where none is linked."""
        return system_name(self.connection) if self.connection else ""

    @property
    def is_paused(self) -> bool:
        """Whether nothing is sent although it is linked."""
        return self.connection is not None and self.connection.paused

    @property
    def is_closed(self) -> bool:
        """Whether nothing is taken in or sent out for it any more."""
        return self.company.closed_at is not None

    @property
    def stage(self) -> tuple[str, str]:
        """Whether deliveries are booked: the tone and the word of a badge."""
        if self.is_closed:
            return CLOSED, "Closed"
        is_live = self.company.live_at is not None and self.company.live_at <= timezone.now()
        return (POSTED, "Live") if is_live else (WAITING, "Not live")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a company is on the way to its first transaction."""

    company: Company
    accounting: Connection | None
    incoming: Connection | None
    endpoints: int
    last_refusal: Delivery | None

    @property
    def system_name(self) -> str:
        """The accounting system's name; empty where none is linked."""
        return system_name(self.accounting) if self.accounting else ""

    @property
    def source_name(self) -> str:
        """The source's name, or what it is called in general."""
        return source_name(self.incoming.integration) if self.incoming else "what sends documents"

    @property
    def is_read(self) -> bool:
        """Whether documents are read by us and need no address with a token."""
        return self.incoming is not None and is_fed(self.incoming)

    @property
    def live(self) -> bool:
        """Whether deliveries are booked."""
        return self.company.live_at is not None and self.company.live_at <= timezone.now()


Deed = TypeVar("Deed", Attempt, Transition)


@dataclass(frozen=True)
class Done(Generic[Deed]):
    """An attempt or a change of state; `by` is who asked for it, empty where nobody did or it was our staff, and `why`
    the reason of a change."""

    row: Deed
    by: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class History:
    """Everything that happened to one transaction; `last_sent` is the latest attempt that was to write, in full."""

    attempts: list[Done[Attempt]] = field(default_factory=list)
    transitions: list[Done[Transition]] = field(default_factory=list)
    last_sent: Attempt | None = None
    deliveries: list[Delivery] = field(default_factory=list)
    contested: list[Revision] = field(default_factory=list)
    raised: Raised | None = None
    handover: Handover | None = None


def with_postings(transactions: QuerySet[Transaction]) -> QuerySet[Transaction]:
    """The same rows with company, tenant and postings at hand, in two queries however many rows there are."""
    postings = Posting.objects.select_related("connection").defer("booked", "traceback").order_by("pk")
    return transactions.select_related("company__tenant").prefetch_related(Prefetch("postings", queryset=postings))


def with_whole_postings(transactions: QuerySet[Transaction]) -> QuerySet[Transaction]:
    """The same with what was booked and with the connection's company, for what is decided about a posting."""
    postings = Posting.objects.select_related("connection__company__tenant").defer("traceback").order_by("pk")
    return transactions.select_related("company__tenant").prefetch_related(Prefetch("postings", queryset=postings))


def overviews(sight: Sight, wanted: str = "") -> list[Overview]:
    """The home page: each company with its accounting system, what needs a person, and when it last received.

    `wanted` leaves those whose name, or whose tenant's, holds it in any letter case.
    """
    companies = [company for company in sight.companies if _is_called(company, wanted)]
    ids = [company.pk for company in companies]
    linked = {row.company_id: row for row in _accounting_connections(ids)}
    waiting, latest = needing_by_company(ids), _latest(ids)
    return [
        Overview(
            company=company,
            connection=linked.get(company.pk),
            need_a_person=said(waiting[company.pk]) if company.pk in waiting else "",
            latest_at=latest.get(company.pk),
        )
        for company in companies
    ]


def progress(company: Company) -> Progress:
    """What is set up for a company that the caller already knows to be visible."""
    linked = list(company.connections.filter(status=Status.LINKED).order_by("created_at"))
    endpoints = Endpoint.objects.filter(connection__in=linked, is_active=True, tokens__isnull=False)
    refused = Delivery.objects.filter(company=company).exclude(reason="").defer("body")
    return Progress(
        company=company,
        accounting=next((each for each in linked if each.side == Side.ACCOUNTING), None),
        incoming=next((each for each in linked if each.side == Side.SOURCE), None),
        endpoints=endpoints.distinct().count(),
        last_refusal=refused.order_by("-pk").first(),
    )


def history(transaction: Transaction) -> History:
    """The whole story of a transaction that the caller already knows to be visible; no bodies, and no exchanges but
    those of the attempt that was sent last."""
    of_it = {"posting__transaction": transaction}
    attempts = Attempt.objects.filter(**of_it)
    return History(
        attempts=_done(attempts.defer("exchanges").order_by("started_at", "pk"), transaction),
        transitions=_with_reasons(_done(Transition.objects.filter(**of_it).order_by("at", "pk"), transaction)),
        last_sent=attempts.filter(purpose=Purpose.SEND).order_by("-pk").first(),
        deliveries=list(transaction.deliveries.defer("body", "headers", "answer_body").order_by("pk")),
        contested=list(transaction.revisions.filter(state=RevisionState.CONTESTED).defer("content").order_by("pk")),
        raised=_raised(transaction),
        handover=Handover.objects.filter(**of_it).prefetch_related("files").order_by("pk").last(),
    )


def _done(rows: QuerySet[Deed], transaction: Transaction) -> list[Done[Deed]]:
    members = Member.objects.filter(tenant_id=transaction.company.tenant_id, user_id=OuterRef("user_id"))
    told = rows.select_related("user").annotate(by_member=Exists(members))
    return [Done(row, doer(row.user, is_member=row.by_member)) for row in told]


def _with_reasons(steps: list[Done[Transition]]) -> list[Done[Transition]]:
    """A program's own name stands in front of its reason."""
    told = ((step, *program_of(step.row)) for step in steps)
    return [Done(step.row, program or step.by, why) for step, program, why in told]


def _raised(transaction: Transaction) -> Raised | None:
    """How it was raised from here, for both of the two: what was asked for, and what came back."""
    rows = Raised.objects.select_related("posting__transaction", "came_back")
    if transaction.source in RAISED_FROM:
        return rows.filter(posting__transaction=transaction).first()
    return rows.filter(came_back=transaction).first()


def _is_called(company: Company, wanted: str) -> bool:
    return any(wanted.casefold() in name.casefold() for name in (company.name, company.tenant.name))


def _accounting_connections(companies: list[UUID]) -> QuerySet[Connection]:
    rows = Connection.objects.filter(company_id__in=companies, side=Side.ACCOUNTING).exclude(status=Status.UNLINKED)
    return rows.defer("secrets", "mapping")


def _latest(companies: list[UUID]) -> dict[UUID, datetime | None]:
    newest = newest_first(Transaction.objects.all(), OuterRef("pk")).values("received_at")[:1]
    return dict(Company.objects.filter(pk__in=companies).order_by().values_list("pk", Subquery(newest)))
