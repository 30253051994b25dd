"""The start page and the transactions: lists, one of them, and the list as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from integrations.content import from_json
from integrations.documents import Kind
from portal.desk.amendments.shown import amendments_of
from portal.desk.dashboard.companies import new_company_urls
from portal.desk.export import csv_lines
from portal.desk.filters import Filters
from portal.desk.next_steps import next_step
from portal.desk.paging import Position, page
from portal.desk.repairs.finding import place_within
from portal.desk.repairs.panel import Panel
from portal.desk.repairs.three_ways import three_ways
from portal.desk.selectors import Sight, history, overviews, progress, with_postings
from portal.desk.words import RAISED_FROM, is_answered, source_name, system_name, told
from portal.postings.models import Posting, Transaction
from portal.postings.repair import REPAIRS, RETRY
from portal.postings.states import UNDER_WAY
from portal.postings.timeline import has_timeline, timeline_of
from portal.postings.which import posting_of


@dataclass(frozen=True)
class Row:
    """A transaction with the posting that counts, as pages show them."""

    transaction: Transaction
    posting: Posting | None
    zone: str

    @property
    def told(self) -> str:
        """What the source was told."""
        return told(self.transaction, self.posting)

    @property
    def system(self) -> str:
        """The accounting system's name; empty without a posting."""
        return system_name(self.posting.connection) if self.posting else ""

    @property
    def source(self) -> str:
        """The source's name."""
        return source_name(self.transaction.source)

    @property
    def is_raised(self) -> bool:
        """Whether it was raised from here: it goes to the source instead of coming from there."""
        return self.transaction.source in RAISED_FROM

    @property
    def is_answered(self) -> bool:
        """Whether its source sent it and is answered with a number."""
        return is_answered(self.transaction.source)

    @property
    def tells_more(self) -> bool:
        """Whether its source can be asked what happened to it there."""
        return has_timeline(self.transaction)

    @property
    def next_step(self) -> str:
        """What happens next, in words."""
        return next_step(self.transaction, self.posting)

    @property
    def can_be_chosen(self) -> bool:
        """Whether several like it can be repaired together."""
        return self.posting is not None and self.posting.state in REPAIRS[RETRY]

    @property
    def is_under_way(self) -> bool:
        """Whether the page should look again in a moment."""
        return self.posting is not None and self.posting.state in UNDER_WAY


@require_safe
@login_required
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """My companies; with one company straight to its dashboard."""
    sight = Sight.of(request.user)
    if len(sight.companies) == 1:
        return redirect("desk:company", sight.companies[0].pk)
    wanted = request.GET.get("q", "").strip()[:200]
    shown = {"overviews": overviews(sight, wanted), "wanted": wanted, "new_ones": new_company_urls(request.user)}
    return render(request, "portal/desk/home.html", {"sight": sight, "zone": sight.zone(), **shown})


@require_safe
@login_required
@never_cache
def transactions(request: HttpRequest) -> HttpResponse:
    """The transactions of my companies: filtered and ordered by the URL, a page at a time."""
    sight = Sight.of(request.user)
    filters = Filters(request.GET, sight)
    rows = with_postings(filters.apply()).defer("content")
    position = Position.read(request.GET)
    shown = page(rows, position, within=sight.transactions(), oldest_first=filters.oldest_first, among=filters.among())
    rows_shown = [_row(sight, each) for each in shown.rows]
    context = {
        "sight": sight,
        "company": filters.one_company,
        "filters": filters,
        "page": shown,
        "rows": rows_shown,
        "source": _source_of(shown.rows),
        "can_choose": _can_choose(request, filters, rows_shown),
        "all_chosen": "choose" in request.GET,
        **_start(sight, filters, position, shown.rows),
    }
    return render(request, "portal/desk/transactions.html", context)


@require_safe
@login_required
@never_cache
def export(request: HttpRequest) -> HttpResponseBase:
    """The same list as CSV."""
    filters = Filters(request.GET, Sight.of(request.user))
    if not filters.is_valid():
        return HttpResponse("A filter in this address makes no sense.\n", status=400, content_type="text/plain")
    lines = csv_lines(filters.apply(), oldest_first=filters.oldest_first)
    name = f"transactions-{timezone.now():%Y%m%d-%H%M}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


@require_safe
@login_required
@never_cache
def transaction(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One transaction: document, numbers, state, and its whole story."""
    sight = Sight.of(request.user)
    found = sight.transaction(public_id)
    place, row, story = place_within(request.user, sight, found.company), _row(sight, found), history(found)
    context = {
        "row": row,
        "document": from_json(found.content),
        "history": story,
        "panel": Panel.of(place, row.posting),
        "amendments": amendments_of(found) if found.kind == Kind.SALES_INVOICE else [],
        "may_decide": place.may_decide,
        "three": three_ways(row.posting, story.last_sent, shows_talks=place.may_act) if row.posting else None,
    }
    return render(request, "portal/desk/transaction.html", place.context(**context))


@require_safe
@never_cache
def standing(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The part of a transaction's page that moves: state, next step, numbers. The page asks for it while under way."""
    if not request.user.is_authenticated:
        return HttpResponseClientRefresh()  # a redirect would put the log-in page into the middle of this one
    sight = Sight.of(request.user)
    found = sight.transaction(public_id)
    place, row = place_within(request.user, sight, found.company), _row(sight, found)
    if request.headers.get("HX-Request") == "true" and not row.is_under_way:
        return HttpResponseClientRefresh()  # what is in the books, the attempts and the story have moved as well
    context = {"row": row, "panel": Panel.of(place, row.posting)}
    return render(request, "portal/desk/standing.html", place.context(**context))


@require_safe
@never_cache
def at_source(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What happened to a transaction at its source. The page asks for it once it stands, for the source may be slow."""
    if not request.user.is_authenticated:
        return HttpResponseClientRefresh()
    sight = Sight.of(request.user)
    row = _row(sight, sight.transaction(public_id))
    return render(request, "portal/desk/at_source.html", {"row": row, "timeline": timeline_of(row.transaction)})


def _row(sight: Sight, transaction: Transaction) -> Row:
    return Row(transaction, posting_of(transaction), sight.zone(transaction.company_id))


def _can_choose(request: HttpRequest, filters: Filters, rows: list[Row]) -> bool:
    """Whether rows can be ticked: by who may act, in the list of one company, where one of them can be repaired."""
    company = filters.one_company
    if company is None or not any(row.can_be_chosen for row in rows):
        return False
    return place_within(request.user, filters.sight, company).may_decide


def _start(sight: Sight, filters: Filters, position: Position, rows: list[Transaction]) -> dict[str, Any]:
    """For an empty first page without filters but a company: what to do first, company by company."""
    if rows or not filters.is_only_of_a_company or position.cursor:
        return {}
    companies = [filters.one_company] if filters.one_company else sight.companies
    return {"steps": [progress(company) for company in companies], "zone": sight.zone()}


def _source_of(rows: list[Transaction]) -> str:
    """The source's name where all rows have the same, for the heading of a column."""
    names = {source_name(row.source) for row in rows}
    return names.pop() if len(names) == 1 else "Source"
