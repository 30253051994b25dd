"""The readers of feeds for staff: how far each is, what stopped it, and how it is started."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html

from portal.connections.models import Connection
from portal.intake.admin.hinted_records import HEAVY
from portal.intake.feeds import by_hand
from portal.intake.feeds.by_hand import CannotStart
from portal.intake.feeds.tasks import ring_reader
from portal.intake.models import FeedReader
from portal.reference.admin.filters import CodeCompanyFilter, ConnectionFilter
from portal.staff.asking import Question, ReasonForm, SureForm, ask, form_data
from portal.staff.base import Button, ReadOnlyAdmin, changelist_url, name_of, row_url, say
from portal.staff.formats import link, moment
from portal.staff.sections import Fact, Section, Table
from portal.tones import PERSON, POSTED, UNDER_WAY, WAITING, tone

CHANGE: Final = "intake.change_feedreader"
READ: Final = Button(name="read_now", label="Read now", permission=CHANGE)
AGAIN: Final = Button(name="read_again", label="Read again from a date", permission=CHANGE)
READ_EFFECTS: Final = (
    "The source is asked within seconds for what is new or has changed since this feed was read last.",
    "It goes on from where it stands; nothing is read twice, and nothing is written at the source.",
)
AGAIN_EFFECTS: Final = (
    "The feed is read anew from the day that you choose. Records that are not known yet, or have changed, are taken.",
    "What was left out or refused before is judged again under the settings of now, such as another start date.",
    "What is booked stays as it is: nothing is booked a second time. It may take many requests.",
)
STARTED: Final = "It is read now. Look at it again in a moment."


class AgainForm(ReasonForm):
    """From which day, and why."""

    field_order: Any = ("since", "reason")
    since = forms.DateField(
        label="From", widget=forms.DateInput(attrs={"type": "date"}), help_text="Midnight of this day, UTC."
    )

    def moment(self) -> datetime:
        """The day's beginning, aware UTC."""
        day = self.cleaned_data["since"]
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


@admin.register(FeedReader)
class FeedReaderAdmin(ReadOnlyAdmin[FeedReader]):
    """One way of reading one feed of one connection."""

    list_display = ("badge", "company", "feed", "way", "through", "last", "due", "problem")
    list_display_links = ("badge", "company")
    list_select_related = ("connection__company",)
    list_filter = ("still_open", CodeCompanyFilter, ConnectionFilter)
    ordering = ("next_at",)
    buttons = (READ, AGAIN)

    def for_list(self, queryset: QuerySet[FeedReader]) -> QuerySet[FeedReader]:
        """Without the connections' settings."""
        return queryset.defer(*HEAVY)

    def sections(self, request: HttpRequest, obj: FeedReader) -> Sequence[Section]:
        """Where it stands, the latest pass, and the way to what was read."""
        return [
            Section(title="Where it stands", html=_look_again(obj), facts=_standing(obj)),
            Section(title="The latest pass", facts=_latest(obj)),
        ]

    def offers(self, button: Button, obj: FeedReader) -> bool:
        """What is still open is always read whole."""
        return button is READ or not obj.still_open

    def read_now(self, request: HttpRequest, obj: FeedReader) -> HttpResponse:
        """Due at once."""
        form = SureForm(form_data(request))
        return self._start(request, obj, READ, READ_EFFECTS, form, lambda who: by_hand.read_now(obj, who=who))

    def read_again(self, request: HttpRequest, obj: FeedReader) -> HttpResponse:
        """From a day on, with a reason."""
        form = AgainForm(form_data(request))

        def service(who: str) -> None:
            by_hand.read_again(obj, form.moment(), who=who, why=form.cleaned_data["reason"])

        return self._start(request, obj, AGAIN, AGAIN_EFFECTS, form, service)

    def _start(
        self, request: HttpRequest, obj: FeedReader, button: Button, effects: Sequence[str], form: forms.Form,
        service: Callable[[str], None],
    ) -> HttpResponse:  # fmt: skip
        if not form.is_valid():
            question = Question(
                title=button.label, effects=effects, submit=button.label, cancel_url=row_url(obj), form=form
            )
            return ask(request, self.page_context(request, obj, button.label), question)
        try:
            service(name_of(request.user))
        except CannotStart as error:
            say(request, error.message, level=messages.ERROR)
        else:
            ring_reader(obj.pk)
            say(request, STARTED)
        return HttpResponseRedirect(row_url(obj))

    @admin.display(description="State")
    def badge(self, obj: FeedReader) -> str:
        """Word, shape and colour."""
        return reader_badge(obj)

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: FeedReader) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="Reads")
    def way(self, obj: FeedReader) -> str:
        """What it reads of the feed."""
        return "Still open" if obj.still_open else "New"

    @admin.display(description="Read through", ordering="read_through")
    def through(self, obj: FeedReader) -> str:
        """Everything before it has been read."""
        return moment(obj.read_through)

    @admin.display(description="Last end", ordering="ended_at")
    def last(self, obj: FeedReader) -> str:
        """When a pass reached its end."""
        return moment(obj.ended_at)

    @admin.display(description="Due", ordering="next_at")
    def due(self, obj: FeedReader) -> str:
        """When it is read next."""
        return moment(obj.next_at)


def reader_badge(reader: FeedReader) -> str:
    """Whether it is read, waits, or needs somebody."""
    now = timezone.now()
    if reader.lease_until is not None and reader.lease_until > now:
        return tone(UNDER_WAY, "Reading")
    if reader.problem:
        return tone(PERSON, "Stopped")
    if reader.ended_at is None:
        return tone(WAITING, "Not read yet")
    return tone(WAITING, "Half way") if reader.since is not None else tone(POSTED, "Read")


def reader_section(connection: Connection) -> Section:
    """The readers of one connection, for its own page."""
    rows = [
        (link(row_url(one), str(one)), reader_badge(one), moment(one.read_through), moment(one.ended_at), one.problem)
        for one in connection.feed_readers.order_by("feed", "still_open")[:50]
    ]
    head = ("Feed", "State", "Read through", "Last end", "Problem")
    ways = format_html(
        '<p class="note">{} · {} · {}</p>',
        link(changelist_url("intake_fedrecord", f"connection={connection.pk}"), "Records that were read"),
        link(changelist_url("intake_hintedrecord", f"connection={connection.pk}"), "Hints that are followed"),
        link(changelist_url("intake_delivery", f"company={connection.company_id}&hint=unmatched"), "Unmatched hints"),
    )
    empty = "Nothing is read yet: the readers are made within a minute of going live."
    return Section(title="Feeds", html=ways, table=Table(head=head, rows=rows, empty=empty))


def _look_again(reader: FeedReader) -> str:
    """A link to the page itself while it goes on: the policy of these pages allows no script of its own."""
    if reader.lease_until is None or reader.lease_until <= timezone.now():
        return ""
    return format_html('<p class="note">{} records read so far. <a href="">Look again</a></p>', f"{reader.read:,}")


def _standing(reader: FeedReader) -> list[Fact]:
    connection = reader.connection
    return [
        Fact("State", reader_badge(reader)),
        *([Fact("Problem", reader.problem, wide=True)] if reader.problem else []),
        Fact("Company", link(row_url(connection.company), connection.company.name)),
        Fact("Connection", link(row_url(connection), str(connection))),
        Fact("Feed", reader.feed),
        Fact("Reads", "What is still open" if reader.still_open else "What is new or has changed"),
        Fact("Every", f"{reader.every_seconds // 60:,} min"),
        Fact("Read through", moment(reader.read_through, seconds=True)),
        Fact("Due", moment(reader.next_at, seconds=True)),
        Fact("Tries that failed", f"{reader.tries:,}"),
        Fact("Taken by a worker until", moment(reader.lease_until, seconds=True)),
    ]


def _latest(reader: FeedReader) -> list[Fact]:
    return [
        Fact("Began", moment(reader.began_at, seconds=True)),
        Fact("Last reached its end", moment(reader.ended_at, seconds=True)),
        Fact("Under way since the moment", moment(reader.since, seconds=True)),
        Fact("Records", f"{reader.read:,}"),
        Fact("New or changed", f"{reader.taken:,}"),
        Fact("Rows that name no record", f"{reader.unreadable:,}"),
    ]
