"""Raised transactions for staff: what was asked, how it reached the source, where it stands there, what came back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from portal.postings.badges import badge_html
from portal.postings.search import transactions_with
from portal.raising.models import Raised
from portal.raising.services import HEAVY
from portal.raising.statuses import WHERE, Status, badge, reason_of
from portal.staff.base import ReadOnlyAdmin, row_url
from portal.staff.filters import CompanyFilter
from portal.staff.formats import copyable, link, moment, money
from portal.staff.sections import Fact, Section


class StatusFilter(admin.SimpleListFilter):
    """By where they stand."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every word."""
        return [(status.value, str(status.label)) for status in Status]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Raised]) -> QuerySet[Raised]:
        """The rows with this word; all for one that there is not."""
        chosen = self.value()
        return queryset.filter(WHERE[Status(chosen)]) if chosen in Status.values else queryset


@admin.register(Raised)
class RaisedAdmin(ReadOnlyAdmin[Raised]):
    """What goes wrong on its way to the source is repaired at its posting."""

    list_display = (
        "shown_status", "caller_key", "company", "kind", "number", "shown_gross", "shown_wish", "number_there",
        "shown_back", "asked",
    )  # fmt: skip
    list_display_links = ("shown_status", "caller_key")
    list_select_related = ("company", "posting__transaction", "posting__connection", "came_back")
    list_filter = (StatusFilter, CompanyFilter, "origin")
    search_fields = ("=caller_key",)
    search_help_text = "The caller's key, a portal number, a number or an id of the source, whole."

    def for_list(self, queryset: QuerySet[Raised]) -> QuerySet[Raised]:
        """Without what only a row's own page shows."""
        return queryset.defer(*HEAVY)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Raised], search_term: str
    ) -> tuple[QuerySet[Raised], bool]:
        """By the key, or by any number of the transaction or of what came back."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = transactions_with(term).order_by().values("pk")
        by_number = Q(posting__transaction__in=found) | Q(came_back__in=found) | Q(number_there=term)
        return queryset.filter(Q(caller_key=term) | by_number), False

    def sections(self, request: HttpRequest, obj: Raised) -> Sequence[Section]:
        """What was asked, the way to the source, and the way back."""
        return [_asked(obj), _posting(obj), _there(obj), _back(obj)]

    @admin.display(description="Status")
    def shown_status(self, obj: Raised) -> str:
        """Word, shape and colour."""
        return badge(obj)

    @admin.display(description="Kind")
    def kind(self, obj: Raised) -> str:
        """What it is."""
        return str(obj.posting.get_kind_display())

    @admin.display(description="Number")
    def number(self, obj: Raised) -> str:
        """The portal's own."""
        return obj.posting.transaction.number

    @admin.display(description="Gross")
    def shown_gross(self, obj: Raised) -> str:
        """With its currency."""
        return money(obj.posting.transaction.gross, obj.posting.transaction.currency)

    @admin.display(description="Raised as", ordering="wish")
    def shown_wish(self, obj: Raised) -> str:
        """How far it was to be taken."""
        return str(obj.get_wish_display())

    @admin.display(description="Came back as")
    def shown_back(self, obj: Raised) -> str:
        """The number of what came back."""
        return obj.came_back.number if obj.came_back else ""

    @admin.display(description="Asked", ordering="id")
    def asked(self, obj: Raised) -> str:
        """When."""
        return moment(obj.created_at)


def _asked(raised: Raised) -> Section:
    transaction = raised.posting.transaction
    facts = [
        Fact("Status", badge(raised)),
        Fact("Key", copyable(raised.caller_key)),
        Fact("Company", link(row_url(raised.company), raised.company.name)),
        Fact("Transaction", link(row_url(transaction), str(transaction))),
        Fact("Raised as", str(raised.get_wish_display())),
        Fact("By", f"{raised.who} ({raised.get_origin_display()})"),
        Fact("Asked", moment(raised.created_at, seconds=True)),
        Fact("Reason", reason_of(raised), wide=True),
    ]
    return Section(title="Asked", facts=facts)


def _posting(raised: Raised) -> Section:
    posting = raised.posting
    facts = [
        Fact("State", badge_html(posting.state)),
        Fact("Posting", link(row_url(posting), f"Into {posting.connection.integration}")),
        Fact("Posted", moment(posting.posted_at, seconds=True)),
        Fact("Id at the source", copyable(posting.external_id or ""), wide=True),
    ]
    note = "Repairs are at the posting. It goes to the source alone, never into the books."
    return Section(title="To the source", note=note, facts=facts)


def _there(raised: Raised) -> Section:
    facts = [
        Fact("Number", copyable(raised.number_there)),
        Fact("Stage", str(raised.get_stage_there_display() or "")),
        Fact("The source's word", raised.word_there),
        Fact("Seen", moment(raised.stage_seen_at, seconds=True)),
        Fact("Looked", f"{raised.looks:,} times"),
        Fact("Next look", moment(raised.next_look_at)),
        Fact("Not followed since", moment(raised.ended_at)),
    ]
    return Section(title="At the source", facts=facts)


def _back(raised: Raised) -> Section:
    back = raised.came_back
    if back is None:
        return Section(title="Came back", note="Not yet. What comes back approved is posted into the books.")
    facts = [
        Fact("Transaction", link(row_url(back), str(back))),
        Fact("Answered to the source", copyable(back.answered_number) if back.answered_number else "Nothing yet"),
        Fact("Linked", moment(raised.came_back_at, seconds=True)),
    ]
    return Section(title="Came back", facts=facts)
