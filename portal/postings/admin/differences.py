"""Differences between the books and what we say, for staff: what differs, what to do, and how it was settled."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.defaultfilters import truncatechars
from django.utils.html import format_html

from portal.notation import amount_text
from portal.postings.admin.difference_advice import advice
from portal.postings.admin.difference_repairs import ACCEPT, LOOK_AGAIN, MARK_POSTED, PAGES, REPAIRS, in_short
from portal.postings.badges import badge_html
from portal.postings.models import Difference
from portal.postings.reconciliation import repairs
from portal.postings.reconciliation.models import DifferenceKind, DifferenceState
from portal.postings.search import HELP, postings_with
from portal.staff.base import Button, ReadOnlyAdmin, changelist_url, row_url
from portal.staff.filters import CompanyFilter
from portal.staff.formats import copyable, link, moment
from portal.staff.sections import Fact, Section, Table
from portal.staff.sections import differences as difference_table
from portal.tones import CLOSED, PERSON, POSTED, tone

TONES = {DifferenceState.OPEN: PERSON, DifferenceState.RESOLVED: POSTED, DifferenceState.DISMISSED: CLOSED}
HEAVY = (
    "connection__secrets",
    "connection__settings",
    "posting__transaction__content",
    "posting__traceback",
    "posting__booked",
)
TOLD = ("external_id", "number", "kind", "reference", "date", "supplier_code", "net", "tax", "gross", "currency")
AMOUNTS = frozenset({"net", "tax", "gross"})


class DifferenceCompanyFilter(CompanyFilter):
    """A difference belongs to the company of its connection."""

    path = "connection__company_id"


@admin.action(description="Look again", permissions=["settle"])
def look_again(modeladmin: DifferenceAdmin, request: HttpRequest, queryset: QuerySet[Difference]) -> HttpResponse:
    """Look the chosen ones up."""
    return modeladmin.repair_chosen(request, queryset, LOOK_AGAIN.button.name)


@admin.action(description="Mark as posted with their documents", permissions=["mark_posted"])
def mark_posted(modeladmin: DifferenceAdmin, request: HttpRequest, queryset: QuerySet[Difference]) -> HttpResponse:
    """What stands there is what the chosen ones were to post."""
    return modeladmin.repair_chosen(request, queryset, MARK_POSTED.button.name)


@admin.action(description="Accept as they are", permissions=["settle"])
def accept(modeladmin: DifferenceAdmin, request: HttpRequest, queryset: QuerySet[Difference]) -> HttpResponse:
    """The chosen ones may stay."""
    return modeladmin.repair_chosen(request, queryset, ACCEPT.button.name)


@admin.register(Difference)
class DifferenceAdmin(ReadOnlyAdmin[Difference]):
    """Found and resolved by reconciliations; settled by staff, each with a reason."""

    list_display = ("badge", "shown", "company", "integration", "short", "first_seen", "last_seen")
    list_display_links = ("badge", "shown")
    list_filter = ("state", "kind", DifferenceCompanyFilter)
    search_fields = ("key",)
    search_help_text = f"{HELP} Or the whole key."
    actions = (look_again, mark_posted, accept)
    buttons = tuple(each.button for each in REPAIRS.values())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Difference]:
        """With what every page and action needs of the neighbours."""
        related = ("connection__company", "posting__transaction", "posting__connection", "first_run", "last_run")
        return super().get_queryset(request).select_related(*related, "closed_by")

    def for_list(self, queryset: QuerySet[Difference]) -> QuerySet[Difference]:
        """Without what only a row's own page shows."""
        return queryset.defer(*HEAVY)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Difference], search_term: str
    ) -> tuple[QuerySet[Difference], bool]:
        """By any number of the posting, or by the key."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(Q(posting__in=postings_with(term).order_by().values("pk")) | _by_key(term)), False

    def has_settle_permission(self, request: HttpRequest) -> bool:
        """May look again and accept."""
        return bool(request.user.has_perm(ACCEPT.button.permission))

    def has_mark_posted_permission(self, request: HttpRequest) -> bool:
        """May mark postings as posted."""
        return bool(request.user.has_perm(MARK_POSTED.button.permission))

    def offers(self, button: Button, obj: Difference) -> bool:
        """Only what makes sense for it now."""
        return not repairs.why_not(obj, button.name)

    def sections(self, request: HttpRequest, obj: Difference) -> Sequence[Section]:
        """What differs and what to do; then what stands there."""
        ours_and_theirs = difference_table(obj.details, ours="Postroom", theirs="There")
        what = Section(title="What differs", note=_advice(obj), facts=_standing(obj), table=ours_and_theirs)
        rows = [tuple(_told(one, name) for name in TOLD) for one in obj.documents]
        head = [name.replace("_", " ").capitalize() for name in TOLD]
        there = Table(head=head, rows=rows, numeric=frozenset({6, 7, 8}), empty="Nothing with this key.")
        return [what, Section(title="What stands there", table=there)]

    # --- columns -----------------------------------------------------------------------------------------------------

    @admin.display(description="State", ordering="state")
    def badge(self, obj: Difference) -> str:
        """What it is while it is open, and how it ended."""
        return difference_badge(obj)

    @admin.display(description="Difference", ordering="id")
    def shown(self, obj: Difference) -> str:
        """The portal's number, and the kind."""
        return str(obj)

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: Difference) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="In", ordering="connection__integration")
    def integration(self, obj: Difference) -> str:
        """The accounting system."""
        return obj.connection.integration

    @admin.display(description="Ours and theirs")
    def short(self, obj: Difference) -> str:
        """The beginning of it."""
        return truncatechars(in_short(obj), 120)

    @admin.display(description="First seen", ordering="first_seen_at")
    def first_seen(self, obj: Difference) -> str:
        """By a run."""
        return moment(obj.first_seen_at)

    @admin.display(description="Last seen", ordering="last_seen_at")
    def last_seen(self, obj: Difference) -> str:
        """By a run, or when somebody looked again."""
        return moment(obj.last_seen_at)

    # --- repairs -----------------------------------------------------------------------------------------------------

    def look_again(self, request: HttpRequest, obj: Difference) -> HttpResponse:
        """Look this one up."""
        return self._repair(request, obj, LOOK_AGAIN.button.name)

    def mark_posted(self, request: HttpRequest, obj: Difference) -> HttpResponse:
        """Its posting is posted with what stands there."""
        return self._repair(request, obj, MARK_POSTED.button.name)

    def accept(self, request: HttpRequest, obj: Difference) -> HttpResponse:
        """This one may stay."""
        return self._repair(request, obj, ACCEPT.button.name)

    def repair_chosen(self, request: HttpRequest, queryset: QuerySet[Difference], name: str) -> HttpResponse:
        """Repair what was ticked in the list."""
        wanted, here = REPAIRS[name], changelist_url("postings_difference")
        chosen = list(self.get_queryset(request).filter(pk__in=queryset.values("pk")).order_by("pk")[: wanted.most + 1])
        query = QueryDict(request.POST.get("filters", request.GET.urlencode())).urlencode()
        back = f"{here}?{query}" if query else here
        return PAGES.handle(
            request, wanted, chosen, self.page_context(request, None, wanted.button.label), back=back, action=here
        )

    def _repair(self, request: HttpRequest, obj: Difference, name: str) -> HttpResponse:
        wanted = REPAIRS[name]
        context: dict[str, Any] = self.page_context(request, obj, wanted.button.label)
        return PAGES.handle(request, wanted, [obj], context, back=row_url(obj), action="")


def difference_badge(difference: Difference) -> str:
    """The kind while it is open, then how it ended."""
    state = DifferenceState(difference.state)
    kind = str(DifferenceKind(difference.kind).label).partition(":")[0]
    return tone(TONES[state], kind if state is DifferenceState.OPEN else f"{kind}, {state.label.lower()}")


def _told(document: dict[str, str], name: str) -> str:
    """A value as it was told; amounts as amounts are shown, without the currency that stands beside them."""
    text = document.get(name, "")
    if name not in AMOUNTS:
        return text
    try:
        return amount_text(Decimal(text), document.get("currency", ""))
    except InvalidOperation:
        return text


def _by_key(term: str) -> Q:
    try:
        return Q(key=UUID(term))
    except ValueError:
        return Q(pk__in=())


def _advice(difference: Difference) -> str:
    return advice(difference) if difference.state == DifferenceState.OPEN else ""


def _standing(difference: Difference) -> list[Fact]:
    connection = difference.connection
    facts = [
        Fact("State", difference_badge(difference)),
        Fact("Company", link(row_url(connection.company), connection.company.name)),
        Fact("In", link(row_url(connection), connection.integration)),
        Fact("Posting", _posting(difference)),
        Fact("First seen", moment(difference.first_seen_at, seconds=True)),
        Fact("Last seen", moment(difference.last_seen_at, seconds=True)),
        Fact("Last run", link(row_url(difference.last_run), str(difference.last_run)) if difference.last_run else ""),
        Fact("Key", copyable(str(difference.key)), wide=True),
    ]
    if difference.state == DifferenceState.OPEN:
        return facts
    who = difference.closed_by.get_username() if difference.closed_by else "Reconciliation"
    facts += [Fact("Closed", moment(difference.closed_at, seconds=True)), Fact("By", who)]
    return [*facts, Fact("Why", difference.closed_why, wide=True)]


def _posting(difference: Difference) -> str:
    posting = difference.posting
    if posting is None:
        return "None of ours"
    return format_html("{} {}", link(row_url(posting), posting.transaction.number), badge_html(posting.state))
