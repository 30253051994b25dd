"""Postings for staff: find them, see what came in, what was sent and what is in the books, and repair them."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.defaultfilters import truncatechars
from django.utils import timezone

from portal.postings import search
from portal.postings.admin.attachment_repairs import HAND_OVER, ask_for
from portal.postings.admin.attachment_sections import files_section, timeline_sections
from portal.postings.admin.attempts import attempts_of, attempts_section, history_section, transitions_of
from portal.postings.admin.documents import document_of, raw
from portal.postings.admin.filters import AgeFilter, PostingCompanyFilter, StateFilter
from portal.postings.admin.mapping_pages import MEND, MappingPages
from portal.postings.admin.preview_pages import DRY_RUN
from portal.postings.admin.repair_pages import handle
from portal.postings.admin.repairs import ANOTHER, MARK_POSTED, REPAIRS, RETRY, SAME, VOID, why_not
from portal.postings.admin.threeway import our_error, standing, three_way
from portal.postings.attachments.models import Handover
from portal.postings.attachments.sides import why_none
from portal.postings.badges import badge_html
from portal.postings.models import Posting
from portal.staff.base import Button, changelist_url, row_url
from portal.staff.formats import age, money
from portal.staff.sections import Section

HEAVY = (
    "traceback",
    "booked",
    "transaction__content",
    "connection__secrets",
    "connection__settings",
    "connection__mapping",
)


@admin.action(description="Retry", permissions=["retry"])
def retry(modeladmin: PostingAdmin, request: HttpRequest, queryset: QuerySet[Posting]) -> HttpResponse:
    """Make the chosen ones due again."""
    return modeladmin.repair_chosen(request, queryset, RETRY.button.name)


@admin.action(description="Mark as posted", permissions=["mark_posted"])
def mark_posted(modeladmin: PostingAdmin, request: HttpRequest, queryset: QuerySet[Posting]) -> HttpResponse:
    """The chosen ones are in the books already."""
    return modeladmin.repair_chosen(request, queryset, MARK_POSTED.button.name)


@admin.action(description="Void", permissions=["void"])
def void(modeladmin: PostingAdmin, request: HttpRequest, queryset: QuerySet[Posting]) -> HttpResponse:
    """Close the chosen ones for good."""
    return modeladmin.repair_chosen(request, queryset, VOID.button.name)


@admin.register(Posting)
class PostingAdmin(MappingPages):
    """The state changes by repairs only, each with a reason."""

    list_display = (
        "badge", "number", "in_the_books", "company", "shown_kind", "party", "gross", "waiting", "shown_reason",
    )  # fmt: skip
    list_display_links = ("badge", "number")

    list_filter = (StateFilter, PostingCompanyFilter, "kind", AgeFilter)
    search_fields = ("external_number",)
    search_help_text = search.HELP
    actions = (retry, mark_posted, void)
    buttons = (*(each.button for each in REPAIRS.values()), MEND, HAND_OVER, DRY_RUN)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Posting]:
        """With what every page and action needs of the neighbours."""
        return super().get_queryset(request).select_related("transaction", "connection__company")

    def for_list(self, queryset: QuerySet[Posting]) -> QuerySet[Posting]:
        """Without what only a row's own page shows."""
        return queryset.defer(*HEAVY)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Posting], search_term: str
    ) -> tuple[QuerySet[Posting], bool]:
        """By any number."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=search.postings_with(search_term).order_by().values("pk")), False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """May retry."""
        return bool(request.user.has_perm(RETRY.button.permission))

    def has_mark_posted_permission(self, request: HttpRequest) -> bool:
        """May mark as posted."""
        return bool(request.user.has_perm(MARK_POSTED.button.permission))

    def has_void_permission(self, request: HttpRequest) -> bool:
        """May void."""
        return bool(request.user.has_perm(VOID.button.permission))

    def offers(self, button: Button, obj: Posting) -> bool:
        """Only what its state allows, and of its files only what nobody noticed: the rest goes over by itself."""
        if button is HAND_OVER:
            return not why_none(obj) and not Handover.objects.filter(posting=obj).exists()
        if button is DRY_RUN:
            return True
        return super().offers(button, obj) if button is MEND else not why_not(obj, REPAIRS[button.name])

    def sections(self, request: HttpRequest, obj: Posting) -> Sequence[Section]:
        """Where it stands, the three-way view, lines, attempts, history, files, and the timeline at the source."""
        document, attempts = document_of(obj.transaction), attempts_of(obj)
        parts = [standing(obj), three_way(obj, document, attempts)]
        parts += self.coded(obj, document) if document else [raw(obj.transaction)]
        parts += [attempts_section(attempts), history_section(transitions_of(obj))]
        parts += [our_error(obj)] if obj.traceback else []
        parts += files_section(Handover.objects.filter(posting=obj).select_related("connection"))
        return [*parts, *timeline_sections(request, obj.transaction)]

    # --- columns -----------------------------------------------------------------------------------------------------

    @admin.display(description="State", ordering="state")
    def badge(self, obj: Posting) -> str:
        """Word, shape and colour."""
        return badge_html(obj.state)

    @admin.display(description="Number", ordering="id")
    def number(self, obj: Posting) -> str:
        """The portal's own."""
        return obj.transaction.number

    @admin.display(description="In the books", ordering="external_number")
    def in_the_books(self, obj: Posting) -> str:
        """The accounting system's number."""
        return obj.external_number

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: Posting) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="Kind", ordering="kind")
    def shown_kind(self, obj: Posting) -> str:
        """What it is."""
        return f"{obj.get_kind_display()}, memo" if obj.kept else str(obj.get_kind_display())

    @admin.display(description="Supplier or customer")
    def party(self, obj: Posting) -> str:
        """Who is owed, or owes."""
        return obj.transaction.supplier_name

    @admin.display(description="Gross")
    def gross(self, obj: Posting) -> str:
        """With its currency."""
        return money(obj.transaction.gross, obj.transaction.currency)

    @admin.display(description="Age", ordering="id")
    def waiting(self, obj: Posting) -> str:
        """Since it came in."""
        return age(obj.created_at, timezone.now())

    @admin.display(description="Reason")
    def shown_reason(self, obj: Posting) -> str:
        """The beginning of it."""
        return truncatechars(obj.reason, 120)

    # --- repairs -----------------------------------------------------------------------------------------------------

    def retry(self, request: HttpRequest, obj: Posting) -> HttpResponse:
        """Retry this one."""
        return self._repair(request, obj, RETRY.button.name)

    def mark_posted(self, request: HttpRequest, obj: Posting) -> HttpResponse:
        """Mark this one as posted."""
        return self._repair(request, obj, MARK_POSTED.button.name)

    def void(self, request: HttpRequest, obj: Posting) -> HttpResponse:
        """Void this one."""
        return self._repair(request, obj, VOID.button.name)

    def same(self, request: HttpRequest, obj: Posting) -> HttpResponse:
        """Say that this payment is the one that stands there."""
        return self._repair(request, obj, SAME.button.name)

    def another(self, request: HttpRequest, obj: Posting) -> HttpResponse:
        """Send this payment all the same."""
        return self._repair(request, obj, ANOTHER.button.name)

    def hand_over(self, request: HttpRequest, obj: Posting) -> HttpResponse:
        """Ask, then have its files handed over."""
        return ask_for(request, obj, self.page_context(request, obj, HAND_OVER.label))

    def repair_chosen(self, request: HttpRequest, queryset: QuerySet[Posting], name: str) -> HttpResponse:
        """Repair what was ticked in the list."""
        wanted = REPAIRS[name]
        chosen = list(queryset.order_by("pk")[: wanted.most + 1])
        context = self.page_context(request, None, wanted.button.label)
        here = changelist_url("postings_posting")
        return handle(request, wanted, chosen, context, back=self._back(request, here), action=here)

    def _repair(self, request: HttpRequest, obj: Posting, name: str) -> HttpResponse:
        wanted = REPAIRS[name]
        context = self.page_context(request, obj, wanted.button.label)
        return handle(request, wanted, [obj], context, back=row_url(obj))

    def _back(self, request: HttpRequest, here: str) -> str:
        query = QueryDict(request.POST.get("filters", request.GET.urlencode())).urlencode()

        return f"{here}?{query}" if query else here
