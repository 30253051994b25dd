"""Amendments for staff: what changed where, what became of it, and what a person decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import truncatechars

from portal.amending import deciding, tasks
from portal.amending.models import WAITING_FOR_A_PERSON, AmendmentDuty, BooksReader
from portal.amending.wording import badge, effect_of, shown
from portal.postings.repair import CannotRepair
from portal.postings.search import HELP, postings_with
from portal.staff.asking import Question, ReasonForm, ask, form_data
from portal.staff.base import Button, ReadOnlyAdmin, row_url, say
from portal.staff.filters import CompanyFilter
from portal.staff.formats import copyable, link, moment
from portal.staff.sections import Fact, Section

PERMISSION: Final = "amending.settle_amendment"
BUTTONS: Final = tuple(Button(name=name, label=label, permission=PERMISSION) for name, label in deciding.LABELS.items())


class AmendmentCompanyFilter(CompanyFilter):
    """An amendment belongs to the company of its connection."""

    path = "connection__company_id"


class WaitsFilter(admin.SimpleListFilter):
    """What waits for a person, in one click."""

    title = "who has to act"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One choice."""
        return [("person", "A person")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AmendmentDuty]) -> QuerySet[AmendmentDuty]:
        """Refused ones, too."""
        return queryset.filter(state__in=WAITING_FOR_A_PERSON) if self.value() == "person" else queryset


@admin.register(AmendmentDuty)
class AmendmentAdmin(ReadOnlyAdmin[AmendmentDuty]):
    """Made and tried by themselves; decided by staff, with a reason."""

    list_display = ("shown_state", "number", "company", "member", "change", "into", "noticed", "shown_message")
    list_display_links = ("shown_state", "number")
    list_filter = (WaitsFilter, "state", "member", AmendmentCompanyFilter)
    search_fields = ("id",)
    search_help_text = HELP
    buttons = BUTTONS

    def get_queryset(self, request: HttpRequest) -> QuerySet[AmendmentDuty]:
        """With what every page needs of the neighbours."""
        related = ("posting__transaction", "posting__connection", "connection__company", "user")
        heavy = ("posting__transaction__content", "posting__traceback", "posting__booked", "connection__secrets")
        return super().get_queryset(request).select_related(*related).defer(*heavy, "posting__connection__secrets")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AmendmentDuty], search_term: str
    ) -> tuple[QuerySet[AmendmentDuty], bool]:
        """By any number of the posting."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(posting__in=postings_with(term).order_by().values("pk")), False

    def offers(self, button: Button, obj: AmendmentDuty) -> bool:
        """What can be decided about it now."""
        return button.name in deciding.choices(obj)

    def sections(self, request: HttpRequest, obj: AmendmentDuty) -> Sequence[Section]:
        """All of it."""
        return [Section(title="Where it stands", facts=_facts(obj))]

    # --- columns -----------------------------------------------------------------------------------------------------

    @admin.display(description="State", ordering="state")
    def shown_state(self, obj: AmendmentDuty) -> str:
        """Word, shape and colour."""
        return badge(obj)

    @admin.display(description="Number", ordering="id")
    def number(self, obj: AmendmentDuty) -> str:
        """The portal's own."""
        return obj.posting.transaction.number

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: AmendmentDuty) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="Change")
    def change(self, obj: AmendmentDuty) -> str:
        """From what to what."""
        return f"{shown(obj, obj.before)} → {shown(obj, obj.after)}"

    @admin.display(description="Into", ordering="connection__integration")
    def into(self, obj: AmendmentDuty) -> str:
        """The side that it is written into."""
        return obj.connection.integration

    @admin.display(description="Noticed", ordering="noticed_at")
    def noticed(self, obj: AmendmentDuty) -> str:
        """When."""
        return moment(obj.noticed_at)

    @admin.display(description="Message")
    def shown_message(self, obj: AmendmentDuty) -> str:
        """The beginning of it."""
        return truncatechars(obj.message, 120)

    # --- decisions ---------------------------------------------------------------------------------------------------

    def again(self, request: HttpRequest, obj: AmendmentDuty) -> HttpResponse:
        """Try again."""
        return self._decide(request, obj, deciding.AGAIN)

    def by_hand(self, request: HttpRequest, obj: AmendmentDuty) -> HttpResponse:
        """It was changed by hand."""
        return self._decide(request, obj, deciding.BY_HAND)

    def not_needed(self, request: HttpRequest, obj: AmendmentDuty) -> HttpResponse:
        """It need not be."""
        return self._decide(request, obj, deciding.NOT_NEEDED)

    def use_source(self, request: HttpRequest, obj: AmendmentDuty) -> HttpResponse:
        """The source is right."""
        return self._decide(request, obj, deciding.USE_SOURCE)

    def use_books(self, request: HttpRequest, obj: AmendmentDuty) -> HttpResponse:
        """The books are right."""
        return self._decide(request, obj, deciding.USE_BOOKS)

    def _decide(self, request: HttpRequest, duty: AmendmentDuty, choice: str) -> HttpResponse:
        label, form = deciding.LABELS[choice], ReasonForm(form_data(request))
        if form.is_valid() and choice in deciding.choices(duty):
            _carry_out(request, duty, choice, form.cleaned_data["reason"])
            return HttpResponseRedirect(row_url(duty))
        possible = choice in deciding.choices(duty)
        effect = effect_of(duty, choice)
        question = Question(
            title=f"{label}: {duty}",
            effects=(effect,) if possible else (deciding.MOVED.format(duty=duty),),
            submit=label if possible else "",
            cancel_url=row_url(duty),
            form=form,
        )
        return ask(request, self.page_context(request, duty, label), question)


@admin.register(BooksReader)
class BooksReaderAdmin(ReadOnlyAdmin[BooksReader]):
    """How far each accounting connection was asked what changed there."""

    list_display = ("connection", "read_through", "numbered_through", "ended_at", "next_at", "tries", "problem")
    list_select_related = ("connection__company",)

    def sections(self, request: HttpRequest, obj: BooksReader) -> Sequence[Section]:
        """All of it."""
        facts = [
            Fact("Connection", link(row_url(obj.connection), str(obj.connection))),
            Fact("Changes read up to", moment(obj.read_through, seconds=True)),
            Fact("Numbers told up to", moment(obj.numbered_through, seconds=True)),
            Fact("Last pass ended", moment(obj.ended_at, seconds=True)),
            Fact("Next pass", moment(obj.next_at, seconds=True)),
            Fact("Failures", str(obj.tries)),
            Fact("Problem", obj.problem, wide=True),
        ]
        return [Section(title="Where it stands", facts=facts)]


def _carry_out(request: HttpRequest, duty: AmendmentDuty, choice: str, why: str) -> None:
    if not isinstance(request.user, User):
        raise PermissionDenied
    try:
        deciding.decide(duty.pk, choice, by=request.user, why=why)
    except CannotRepair as error:
        say(request, error.message, level=messages.ERROR)
        return
    tasks.ring_due()
    say(request, f"{duty}: {deciding.LABELS[choice].lower()}.")


def _facts(duty: AmendmentDuty) -> list[Fact]:
    posting, connection = duty.posting, duty.connection
    return [
        Fact("State", badge(duty)),
        *([Fact("Message", duty.message, wide=True)] if duty.message else []),
        Fact(str(duty.get_member_display()), f"{shown(duty, duty.before)} → {shown(duty, duty.after)}", wide=True),
        Fact("Why", duty.why),
        Fact("Posting", link(row_url(posting), posting.transaction.number)),
        Fact("Company", link(row_url(connection.company), connection.company.name)),
        Fact("Into", link(row_url(connection), connection.integration)),
        Fact("Source’s id", copyable(posting.transaction.external_id)),
        Fact("Id in the books", copyable(posting.external_id or "")),
        Fact("Delivery", str(duty.delivery_id or "")),
        Fact("Noticed", moment(duty.noticed_at, seconds=True)),
        Fact("Ended", moment(duty.ended_at, seconds=True)),
        Fact("Decided by", duty.user.get_username() if duty.user else "Nobody had to"),
        Fact("Reason", duty.note, wide=True),
    ]
