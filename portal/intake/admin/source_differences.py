"""Differences with sources for staff: what differs, what to do, and how it was settled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict

from integrations.documents import SALES
from portal.intake.admin.source_repairs import (
    DISMISS,
    PAGES,
    RECEIVE,
    REPAIRS,
    VOID,
    advice,
    difference_badge,
    in_short,
    postings_shown,
)
from portal.intake.models import SourceDifference
from portal.intake.reconciliation import repairs
from portal.postings.reconciliation.models import DifferenceState
from portal.staff.base import Button, ReadOnlyAdmin, changelist_url, row_url
from portal.staff.filters import CompanyFilter
from portal.staff.formats import copyable, link, moment, money
from portal.staff.sections import Fact, Section, Table


class SourceDifferenceCompanyFilter(CompanyFilter):
    """A difference belongs to the company of its connection."""

    path = "connection__company_id"


@admin.action(description="Receive now", permissions=["receive"])
def receive(
    modeladmin: SourceDifferenceAdmin, request: HttpRequest, queryset: QuerySet[SourceDifference]
) -> HttpResponse:
    """Read the chosen ones from the source and take them in."""
    return modeladmin.repair_chosen(request, queryset, RECEIVE.button.name)


@admin.action(description="Void their postings", permissions=["void"])
def void(modeladmin: SourceDifferenceAdmin, request: HttpRequest, queryset: QuerySet[SourceDifference]) -> HttpResponse:
    """The chosen ones were never booked and shall not be."""
    return modeladmin.repair_chosen(request, queryset, VOID.button.name)


@admin.action(description="Dismiss", permissions=["settle"])
def dismiss(
    modeladmin: SourceDifferenceAdmin, request: HttpRequest, queryset: QuerySet[SourceDifference]
) -> HttpResponse:
    """The chosen ones may stay as they are."""
    return modeladmin.repair_chosen(request, queryset, DISMISS.button.name)


@admin.register(SourceDifference)
class SourceDifferenceAdmin(ReadOnlyAdmin[SourceDifference]):
    """Found and resolved by readings of the source; settled by staff, each with a reason."""

    list_display = ("badge", "shown", "company", "source", "short", "created", "first_seen", "last_seen")
    list_display_links = ("badge", "shown")
    list_filter = ("state", "kind", SourceDifferenceCompanyFilter)
    search_fields = ("=number", "=external_id")
    search_help_text = "The source’s number or id, or the portal’s number, whole."
    actions = (receive, void, dismiss)
    buttons = tuple(each.button for each in REPAIRS.values())

    def get_queryset(self, request: HttpRequest) -> QuerySet[SourceDifference]:
        """With what every page and action needs of the neighbours."""
        related = ("connection__company", "transaction", "closed_by", "last_run__connection__company")
        return super().get_queryset(request).select_related(*related)

    def for_list(self, queryset: QuerySet[SourceDifference]) -> QuerySet[SourceDifference]:
        """Without what only a row's own page shows."""
        return (
            queryset.select_related(None)
            .select_related("connection__company")
            .defer("connection__secrets", "connection__settings")
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SourceDifference], search_term: str
    ) -> tuple[QuerySet[SourceDifference], bool]:
        """By any number of it."""
        term = search_term.strip()
        if not term:
            return queryset, False
        spellings = sorted({term, term.upper(), term.lower()})
        return queryset.filter(
            Q(external_id__in=spellings) | Q(number__in=spellings) | Q(transaction__number__in=spellings)
        ), False

    def has_receive_permission(self, request: HttpRequest) -> bool:
        """May receive."""
        return bool(request.user.has_perm(RECEIVE.button.permission))

    def has_void_permission(self, request: HttpRequest) -> bool:
        """May void postings."""
        return bool(request.user.has_perm(VOID.button.permission))

    def has_settle_permission(self, request: HttpRequest) -> bool:
        """May dismiss."""
        return bool(request.user.has_perm(DISMISS.button.permission))

    def offers(self, button: Button, obj: SourceDifference) -> bool:
        """Only what makes sense for it now."""
        return not repairs.why_not(obj, button.name)

    def sections(self, request: HttpRequest, obj: SourceDifference) -> Sequence[Section]:
        """What differs and what to do; then what stands here."""
        what = Section(title="What differs", note=advice(obj), facts=_standing(obj))
        if obj.transaction is None:
            return [what]
        head = ("Posting", "State")
        table = Table(head=head, rows=postings_shown(obj), empty="No posting.")
        here = [Fact("Transaction", link(row_url(obj.transaction), str(obj.transaction)))]
        return [what, Section(title="What stands here", facts=here, table=table)]

    # --- columns -----------------------------------------------------------------------------------------------------

    @admin.display(description="State", ordering="state")
    def badge(self, obj: SourceDifference) -> str:
        """What it is while it is open, and how it ended."""
        return difference_badge(obj)

    @admin.display(description="Difference", ordering="id")
    def shown(self, obj: SourceDifference) -> str:
        """The source's number, and the kind."""
        return str(obj)

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: SourceDifference) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="From", ordering="connection__integration")
    def source(self, obj: SourceDifference) -> str:
        """The source."""
        return obj.connection.integration

    @admin.display(description="At the source")
    def short(self, obj: SourceDifference) -> str:
        """Who, how much."""
        return in_short(obj)

    @admin.display(description="Created there", ordering="created_there_at")
    def created(self, obj: SourceDifference) -> str:
        """By the source's own date."""
        return moment(obj.created_there_at)

    @admin.display(description="First seen", ordering="first_seen_at")
    def first_seen(self, obj: SourceDifference) -> str:
        """By a run."""
        return moment(obj.first_seen_at)

    @admin.display(description="Last seen", ordering="last_seen_at")
    def last_seen(self, obj: SourceDifference) -> str:
        """By a run."""
        return moment(obj.last_seen_at)

    # --- repairs -----------------------------------------------------------------------------------------------------

    def receive(self, request: HttpRequest, obj: SourceDifference) -> HttpResponse:
        """Read this one from the source and take it in."""
        return self._repair(request, obj, RECEIVE.button.name)

    def void(self, request: HttpRequest, obj: SourceDifference) -> HttpResponse:
        """Its posting is closed for good."""
        return self._repair(request, obj, VOID.button.name)

    def dismiss(self, request: HttpRequest, obj: SourceDifference) -> HttpResponse:
        """This one may stay."""
        return self._repair(request, obj, DISMISS.button.name)

    def repair_chosen(self, request: HttpRequest, queryset: QuerySet[SourceDifference], name: str) -> HttpResponse:
        """Repair what was ticked in the list."""
        wanted, here = REPAIRS[name], changelist_url("intake_sourcedifference")
        chosen = list(self._whole().filter(pk__in=queryset.values("pk")).order_by("pk")[: wanted.most + 1])
        query = QueryDict(request.POST.get("filters", request.GET.urlencode())).urlencode()
        back = f"{here}?{query}" if query else here
        return PAGES.handle(
            request, wanted, chosen, self.page_context(request, None, wanted.button.label), back=back, action=here
        )

    def _repair(self, request: HttpRequest, obj: SourceDifference, name: str) -> HttpResponse:
        wanted = REPAIRS[name]
        context: dict[str, Any] = self.page_context(request, obj, wanted.button.label)
        return PAGES.handle(request, wanted, [obj], context, back=row_url(obj), action="")

    def _whole(self) -> QuerySet[SourceDifference]:
        return SourceDifference.objects.select_related("connection__company", "transaction")


def _standing(difference: SourceDifference) -> list[Fact]:
    connection = difference.connection
    gross = "" if difference.gross is None else money(difference.gross, difference.currency)
    facts = [
        Fact("State", difference_badge(difference)),
        Fact("Company", link(row_url(connection.company), connection.company.name)),
        Fact("From", link(row_url(connection), connection.integration)),
        Fact("Kind", str(difference.get_transaction_kind_display())),
        Fact("Number there", copyable(difference.number)),
        Fact("Customer" if difference.transaction_kind in SALES else "Supplier", difference.supplier),
        Fact("Gross", gross),
        Fact("Created there", moment(difference.created_there_at, seconds=True)),
        Fact("First seen", moment(difference.first_seen_at, seconds=True)),
        Fact("Last seen", moment(difference.last_seen_at, seconds=True)),
        Fact("Last run", link(row_url(difference.last_run), str(difference.last_run)) if difference.last_run else ""),
        Fact("Id there", copyable(difference.external_id), wide=True),
        *_repaired(difference),
    ]
    if difference.state == DifferenceState.OPEN:
        return facts
    who = difference.closed_by.get_username() if difference.closed_by else "Reconciliation"
    facts += [Fact("Closed", moment(difference.closed_at, seconds=True)), Fact("By", who)]
    return [*facts, Fact("Why", difference.closed_why, wide=True)]


def _repaired(difference: SourceDifference) -> list[Fact]:
    """What the latest repair came to."""
    if difference.delivery_id is None:
        return []
    url = changelist_url("intake_delivery") + f"{difference.delivery_id}/change/"
    return [
        Fact("Read back", link(url, f"Delivery {difference.delivery_id}")),
        Fact("Outcome", difference.outcome, wide=True),
    ]
