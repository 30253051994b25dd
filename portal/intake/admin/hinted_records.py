"""What webhooks hinted at, until it was read, for staff; and the hints that named no record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.intake.feeds import by_hand
from portal.intake.feeds.by_hand import CannotStart
from portal.intake.feeds.hints import SEARCHED, STRANGE
from portal.intake.feeds.tasks import ring_hints
from portal.intake.models import Delivery, HintedRecord, Verdict
from portal.reference.admin.filters import CodeCompanyFilter, ConnectionFilter
from portal.staff.asking import Question, SureForm, ask, form_data
from portal.staff.base import Button, ReadOnlyAdmin, changelist_url, name_of, row_url, say
from portal.staff.formats import copyable, link, moment
from portal.staff.sections import Fact, Section

FOLLOW: Final = Button(name="follow_now", label="Read it now", permission="intake.change_hintedrecord")
EFFECTS: Final = ("The source is asked for this record within seconds, and what it says then is judged.",)
HEAVY: Final = ("connection__secrets", "connection__settings", "connection__mapping", "connection__told")
"""What no list needs of a connection."""


class HintFilter(admin.SimpleListFilter):
    """Deliveries that are hints, and of them those that named no record."""

    title = "hints"
    parameter_name = "hint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Only what is worth a look."""
        return [("unmatched", "Named no record")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """By the sentence with which they were judged."""
        if self.value() != "unmatched":
            return queryset
        return queryset.filter(verdict=Verdict.HINT, reason__in=(SEARCHED, STRANGE))


@admin.register(HintedRecord)
class HintedRecordAdmin(ReadOnlyAdmin[HintedRecord]):
    """A record that a webhook hinted at, until it was read."""

    list_display = ("external_id", "feed", "company", "source", "hinted", "due", "tries", "problem")
    list_display_links = ("external_id",)
    list_select_related = ("connection__company",)
    list_filter = (CodeCompanyFilter, ConnectionFilter)
    ordering = ("next_at",)
    buttons = (FOLLOW,)

    def for_list(self, queryset: QuerySet[HintedRecord]) -> QuerySet[HintedRecord]:
        """Without the connections' settings."""
        return queryset.defer(*HEAVY)

    def sections(self, request: HttpRequest, obj: HintedRecord) -> Sequence[Section]:
        """What it is about, and what stood in the way."""
        connection = obj.connection
        facts = [
            Fact("Record", copyable(obj.external_id)),
            Fact("Feed", obj.feed),
            Fact("Company", link(row_url(connection.company), connection.company.name)),
            Fact("Connection", link(row_url(connection), str(connection))),
            Fact("Hinted", moment(obj.hinted_at, seconds=True)),
            Fact("It says", "That it was deleted" if obj.is_gone else "That it was made or changed"),
            Fact("Asked for", moment(obj.next_at, seconds=True)),
            Fact("Tries that failed", f"{obj.tries:,}"),
            Fact("Problem", obj.problem, wide=True),
        ]
        note = "A hint is not believed: the record itself is asked for. After five tries its feed has to find it."
        return [Section(title="Hint", note=note, facts=facts)]

    def follow_now(self, request: HttpRequest, obj: HintedRecord) -> HttpResponse:
        """Ask for the record at once."""
        form = SureForm(form_data(request))
        if not form.is_valid():
            question = Question(
                title=FOLLOW.label, effects=EFFECTS, submit=FOLLOW.label, cancel_url=row_url(obj), form=form
            )
            return ask(request, self.page_context(request, obj, FOLLOW.label), question)
        try:
            by_hand.follow_now(obj, who=name_of(request.user))
        except CannotStart as error:
            say(request, error.message, level=messages.ERROR)
            return HttpResponseRedirect(row_url(obj))
        ring_hints(str(obj.connection_id))
        say(request, "It is asked for now. When it was read, it leaves this list.")
        return HttpResponseRedirect(changelist_url("intake_hintedrecord"))

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: HintedRecord) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="Source", ordering="connection__integration")
    def source(self, obj: HintedRecord) -> str:
        """Who hinted."""
        return obj.connection.integration

    @admin.display(description="Hinted", ordering="hinted_at")
    def hinted(self, obj: HintedRecord) -> str:
        """When."""
        return moment(obj.hinted_at)

    @admin.display(description="Asked for", ordering="next_at")
    def due(self, obj: HintedRecord) -> str:
        """When it is asked for."""
        return moment(obj.next_at)
