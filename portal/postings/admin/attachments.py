"""Attachments for staff: every handover with its files, done again with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.defaultfilters import truncatechars

from portal.postings.admin.attachment_repairs import AGAIN, ask_again
from portal.postings.admin.attachment_sections import files_table, handover_badge
from portal.postings.attachments import asking
from portal.postings.attachments.models import FileState, Handover
from portal.postings.search import HELP, postings_with
from portal.staff.base import Button, ReadOnlyAdmin, changelist_url, row_url
from portal.staff.filters import CompanyFilter
from portal.staff.formats import copyable, link, moment
from portal.staff.sections import Fact, Section

MOST_AT_ONCE: Final = 500


class HandoverCompanyFilter(CompanyFilter):
    """A handover belongs to the company of its connection."""

    path = "connection__company_id"


@admin.action(description="Hand over again", permissions=["start"])
def again(modeladmin: HandoverAdmin, request: HttpRequest, queryset: QuerySet[Handover]) -> HttpResponse:
    """The chosen ones are due again."""
    return modeladmin.again_chosen(request, queryset)


@admin.register(Handover)
class HandoverAdmin(ReadOnlyAdmin[Handover]):
    """Made and tried by themselves; done again by staff, with a reason."""

    list_display = (
        "badge",
        "number",
        "company",
        "integration",
        "handed",
        "refused",
        "tries",
        "next_try",
        "shown_message",
    )
    list_display_links = ("badge", "number")
    list_filter = ("state", HandoverCompanyFilter)
    search_fields = ("id",)
    search_help_text = HELP
    actions = (again,)
    buttons = (AGAIN,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Handover]:
        """With what every page needs of the neighbours."""
        related = ("posting__transaction", "posting__connection", "connection__company", "asked_by")
        heavy = ("posting__transaction__content", "posting__traceback", "posting__booked", "connection__secrets")
        return super().get_queryset(request).select_related(*related).defer(*heavy, "posting__connection__secrets")

    def for_list(self, queryset: QuerySet[Handover]) -> QuerySet[Handover]:
        """With how many files went over, and how many did not."""
        counts = {name: Count("files", filter=Q(files__state=name)) for name in (FileState.HANDED, FileState.REFUSED)}
        return queryset.annotate(**{f"{name}_files": count for name, count in counts.items()})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Handover], search_term: str
    ) -> tuple[QuerySet[Handover], bool]:
        """By any number of the posting."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(posting__in=postings_with(term).order_by().values("pk")), False

    def has_start_permission(self, request: HttpRequest) -> bool:
        """May have files handed over."""
        return bool(request.user.has_perm(AGAIN.permission))

    def offers(self, button: Button, obj: Handover) -> bool:
        """Not while a worker has it."""
        return not asking.why_not_again(obj)

    def sections(self, request: HttpRequest, obj: Handover) -> Sequence[Section]:
        """Where it stands, and each file."""
        return [Section(title="Where it stands", facts=_facts(obj)), Section(title="Files", table=files_table(obj))]

    # --- columns -----------------------------------------------------------------------------------------------------

    @admin.display(description="State", ordering="state")
    def badge(self, obj: Handover) -> str:
        """Word, shape and colour."""
        return handover_badge(obj)

    @admin.display(description="Number", ordering="id")
    def number(self, obj: Handover) -> str:
        """The portal's own."""
        return obj.posting.transaction.number

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: Handover) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="In", ordering="connection__integration")
    def integration(self, obj: Handover) -> str:
        """The accounting system."""
        return obj.connection.integration

    @admin.display(description="Handed over")
    def handed(self, obj: Handover) -> str:
        """How many files."""
        return f"{getattr(obj, 'handed_files', 0):,}"

    @admin.display(description="Refused")
    def refused(self, obj: Handover) -> str:
        """How many files."""
        return f"{getattr(obj, 'refused_files', 0):,}"

    @admin.display(description="Next try", ordering="next_at")
    def next_try(self, obj: Handover) -> str:
        """While it waits."""
        return moment(obj.next_at)

    @admin.display(description="Message")
    def shown_message(self, obj: Handover) -> str:
        """The beginning of it."""
        return truncatechars(obj.message, 120)

    # --- done again --------------------------------------------------------------------------------------------------

    def again(self, request: HttpRequest, obj: Handover) -> HttpResponse:
        """This one."""
        return ask_again(request, [obj], self.page_context(request, obj, AGAIN.label), back=row_url(obj))

    def again_chosen(self, request: HttpRequest, queryset: QuerySet[Handover]) -> HttpResponse:
        """What was ticked in the list."""
        here = changelist_url("postings_handover")
        query = QueryDict(request.POST.get("filters", request.GET.urlencode())).urlencode()
        chosen = list(self.get_queryset(request).filter(pk__in=queryset.values("pk")).order_by("pk")[:MOST_AT_ONCE])
        back = f"{here}?{query}" if query else here
        return ask_again(request, chosen, self.page_context(request, None, AGAIN.label), back=back, action=here)


def _facts(handover: Handover) -> list[Fact]:
    posting, connection = handover.posting, handover.connection
    return [
        Fact("State", handover_badge(handover)),
        *([Fact("Message", handover.message, wide=True)] if handover.message else []),
        Fact("Posting", link(row_url(posting), posting.transaction.number)),
        Fact("Company", link(row_url(connection.company), connection.company.name)),
        Fact("From", posting.transaction.source),
        Fact("Into", link(row_url(connection), connection.integration)),
        Fact("Id there", copyable(posting.external_id or "")),
        Fact("Next try", moment(handover.next_at, seconds=True)),
        Fact("Failures", str(handover.tries)),
        Fact("Asked for by", handover.asked_by.get_username() if handover.asked_by else "Nobody had to"),
        Fact("Ended", moment(handover.ended_at, seconds=True)),
    ]
