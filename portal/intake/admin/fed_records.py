"""What is known of the records of feeds, for staff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.connections.models import Connection, Side
from portal.intake.admin.deliveries import verdict_html
from portal.intake.admin.hinted_records import HEAVY
from portal.intake.feeds import by_hand
from portal.intake.feeds.asking import fed_sources
from portal.intake.feeds.by_hand import CannotStart
from portal.intake.feeds.tasks import ring_hints
from portal.intake.models import Delivery, FedRecord
from portal.reference.admin.filters import CodeCompanyFilter, ConnectionFilter
from portal.staff.asking import Question, ReasonForm, ask, form_data
from portal.staff.base import Button, ReadOnlyAdmin, name_of, row_url, say
from portal.staff.formats import copyable, link, moment
from portal.staff.sections import Fact, Section

TAKE: Final = Button(name="take_again", label="Take again", permission="intake.change_fedrecord")
ASK: Final = Button(name="ask_again", label="Ask again", permission="intake.change_fedrecord")
TAKE_EFFECTS: Final = (
    "What was read of it last is judged once more within a minute, under the settings and the mapping of now.",
    "The source is not asked. What was booked before is not booked again.",
)
ASK_EFFECTS: Final = (
    "The source is asked for this record within seconds, and what it says then is judged, also if it says the same.",
    "What was booked before is not booked again; a change of it waits for a person.",
)


class AgainFilter(admin.SimpleListFilter):
    """Those that could not be taken so far."""

    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One choice: it has an index."""
        return [("again", "Is taken again by itself")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that are due some day."""
        return queryset.filter(again_at__isnull=False) if self.value() == "again" else queryset


@admin.register(FedRecord)
class FedRecordAdmin(ReadOnlyAdmin[FedRecord]):
    """One record as it was read last."""

    list_display = ("external_id", "feed", "company", "source", "verdict", "reason", "read", "again")
    list_display_links = ("external_id",)
    list_select_related = ("connection__company", "delivery")
    list_filter = (AgainFilter, CodeCompanyFilter, ConnectionFilter)
    search_fields = ("=external_id",)
    search_help_text = "A record's whole id, as the source writes it: 10482 or invoice-10482."
    ordering = ("-id",)
    buttons = (TAKE, ASK)

    def for_list(self, queryset: QuerySet[FedRecord]) -> QuerySet[FedRecord]:
        """Without settings and bodies."""
        return queryset.defer(*HEAVY, "delivery__body", "delivery__headers", "delivery__answer_body")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[FedRecord], search_term: str
    ) -> tuple[QuerySet[FedRecord], bool]:
        """By the index, which begins with the connection and the feed."""
        term = search_term.strip().lower()
        if not term:
            return queryset, False
        feeds = {feed.name for one in fed_sources().values() for feed in one.feeds}
        ids = {term, *(f"{feed}-{term}" for feed in feeds)}
        linked = Connection.objects.filter(side=Side.SOURCE, integration__in=list(fed_sources()))
        return queryset.filter(connection__in=linked.values("pk"), feed__in=feeds, external_id__in=ids), False

    def offers(self, button: Button, obj: FedRecord) -> bool:
        """Taking makes sense for what was kept and not taken."""
        return button is ASK or by_hand.may_be_taken(obj)

    def sections(self, request: HttpRequest, obj: FedRecord) -> Sequence[Section]:
        """What was read, and what became of it."""
        connection, delivery = obj.connection, obj.delivery
        facts = [
            Fact("Record", copyable(obj.external_id)),
            Fact("Feed", obj.feed),
            Fact("Company", link(row_url(connection.company), connection.company.name)),
            Fact("Connection", link(row_url(connection), str(connection))),
            Fact("Read", moment(obj.read_at, seconds=True)),
            Fact("Could not be taken", f"{obj.tries:,} times"),
            Fact("Taken again", moment(obj.again_at, seconds=True)),
            Fact("What it said", link(row_url(delivery), str(delivery)) if delivery else "Not kept any more"),
            *(_judged(delivery) if delivery else []),
        ]
        return [Section(title="As it was read last", facts=facts)]

    def take_again(self, request: HttpRequest, obj: FedRecord) -> HttpResponse:
        """Judge what is kept once more."""
        return self._do(request, obj, TAKE, TAKE_EFFECTS, by_hand.take_again, "It is taken again within a minute.")

    def ask_again(self, request: HttpRequest, obj: FedRecord) -> HttpResponse:
        """Ask the source for it."""
        answer = self._do(request, obj, ASK, ASK_EFFECTS, by_hand.ask_again, "It is asked for now.")
        if answer.status_code == 302:
            ring_hints(str(obj.connection_id))
        return answer

    def _do(
        self, request: HttpRequest, obj: FedRecord, button: Button, effects: Sequence[str],
        service: Callable[..., None], done: str,
    ) -> HttpResponse:  # fmt: skip
        form = ReasonForm(form_data(request))
        if not form.is_valid():
            question = Question(
                title=button.label, effects=effects, submit=button.label, cancel_url=row_url(obj), form=form
            )
            return ask(request, self.page_context(request, obj, button.label), question)
        try:
            service(obj, who=name_of(request.user), why=form.cleaned_data["reason"])
        except CannotStart as error:
            say(request, error.message, level=messages.ERROR)
        else:
            say(request, done)
        return HttpResponseRedirect(row_url(obj))

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: FedRecord) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="Source", ordering="connection__integration")
    def source(self, obj: FedRecord) -> str:
        """Where it stands."""
        return obj.connection.integration

    @admin.display(description="Verdict")
    def verdict(self, obj: FedRecord) -> str:
        """What became of what was read last."""
        return verdict_html(obj.delivery.verdict) if obj.delivery else ""

    @admin.display(description="Reason")
    def reason(self, obj: FedRecord) -> str:
        """In one sentence."""
        return obj.delivery.reason if obj.delivery else ""

    @admin.display(description="Read", ordering="id")
    def read(self, obj: FedRecord) -> str:
        """When it was read last."""
        return moment(obj.read_at)

    @admin.display(description="Taken again", ordering="again_at")
    def again(self, obj: FedRecord) -> str:
        """When it is taken again by itself."""
        return moment(obj.again_at)


def _judged(delivery: Delivery) -> list[Fact]:
    transaction = delivery.transaction
    return [
        Fact("Verdict", verdict_html(delivery.verdict)),
        Fact("Reason", delivery.reason, wide=True),
        Fact("Transaction", link(row_url(transaction), str(transaction)) if transaction else ""),
    ]
