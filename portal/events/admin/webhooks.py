"""For staff: where customers are told by webhook, what they were told, and whether it arrived."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString

from integrations.exact import to_json
from portal.events.models import Announcement, Consumer, Dispatch
from portal.events.webhooks import services
from portal.events.webhooks.addresses import shown
from portal.events.webhooks.badges import consumer_badge, dispatch_badge
from portal.events.webhooks.sending import envelope
from portal.staff.asking import Question, SureForm, ask, form_data
from portal.staff.base import Button, ReadOnlyAdmin, name_of, row_url, say
from portal.staff.formats import block, copyable, indented, link, moment
from portal.staff.sections import Fact, Section, Table

MOST_SHOWN: Final = 100


class SwitchFilter(admin.SimpleListFilter):
    """Whether it is told anything."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """On, off or deleted."""
        return [("on", "On"), ("off", "Switched off"), ("deleted", "Deleted")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the chosen state."""
        value = self.value()
        rows = queryset.filter(deleted_at__isnull=value != "deleted") if value else queryset
        return rows if value in (None, "deleted") else rows.filter(disabled_at__isnull=value == "on")


@admin.register(Consumer)
class ConsumerAdmin(ReadOnlyAdmin[Consumer]):
    """Where customers are told by webhook. Never a secret, and of an address nothing behind its question mark."""

    list_display = ("badge", "address", "tenant_id", "added", "failing")
    list_display_links = ("address",)
    list_filter = (SwitchFilter,)
    search_fields = ("=tenant_id", "=company_id", "=id")
    search_help_text = "The whole id of a tenant, a company or a consumer."
    buttons = (Button(name="disable", label="Switch off", permission="events.change_consumer"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consumer]:
        """Without the secrets."""
        return super().get_queryset(request).defer("secrets")

    def offers(self, button: Button, obj: Consumer) -> bool:
        """What is off or deleted cannot be switched off."""
        return obj.disabled_at is None and obj.deleted_at is None

    def sections(self, request: HttpRequest, obj: Consumer) -> Sequence[Section]:
        """The consumer, and its latest messages."""
        facts = [
            Fact("State", consumer_badge(obj)),
            Fact("Address", shown(obj.url), wide=True),
            Fact("Events", ", ".join(obj.event_types) or "All", wide=True),
            Fact("Tenant", copyable(str(obj.tenant_id))),
            Fact("Company", copyable(str(obj.company_id or ""))),
            Fact("Secret", f"ends in {obj.hint}"),
            Fact("Added", f"{obj.created_at:%d %b %Y} by {obj.created_by}"),
            Fact("Failing since", moment(obj.failing_since)),
            Fact("Switched off", moment(obj.disabled_at)),
            Fact("Why", obj.disabled_why, wide=True),
            Fact("Deleted", moment(obj.deleted_at)),
        ]
        rows = obj.dispatches.select_related("announcement").defer("announcement__payload").order_by("-pk")
        return [Section(title="Webhook", facts=facts), _messages(rows[:MOST_SHOWN])]

    def disable(self, request: HttpRequest, obj: Consumer) -> HttpResponse:
        """Ask, and then switch it off."""
        form, back = SureForm(form_data(request)), row_url(obj)
        if form.is_valid():
            try:
                services.disable(obj, name_of(request.user))
            except services.CannotDo as error:
                say(request, error.message, level=messages.ERROR)
            return HttpResponseRedirect(back)
        effects = (
            "Nothing is sent to it any more; what waits is given up, and can be sent again later.",
            "Its owners see it, and can switch it on again.",
        )
        question = Question(title="Switch off", effects=effects, submit="Switch off", cancel_url=back, form=form)
        return ask(request, self.page_context(request, obj, question.title), question)

    @admin.display(description="State", ordering="disabled_at")
    def badge(self, obj: Consumer) -> SafeString:
        """Word, shape and colour."""
        return consumer_badge(obj)

    @admin.display(description="Address")
    def address(self, obj: Consumer) -> str:
        """Without its query."""
        return shown(obj.url)

    @admin.display(description="Added", ordering="created_at")
    def added(self, obj: Consumer) -> str:
        """When it was added."""
        return moment(obj.created_at)

    @admin.display(description="Failing since", ordering="failing_since")
    def failing(self, obj: Consumer) -> str:
        """Since when nothing arrived."""
        return moment(obj.failing_since)


@admin.register(Announcement)
class AnnouncementAdmin(ReadOnlyAdmin[Announcement]):
    """What customers were told by webhook; kept for 30 days."""

    list_display = ("happened", "type", "public_id", "tenant_id")
    list_display_links = ("happened",)
    search_fields = ("=tenant_id", "=public_id", "=origin")
    search_help_text = "The whole id of a tenant or a message, or its origin (transition:123)."

    def for_list(self, queryset: QuerySet[Announcement]) -> QuerySet[Announcement]:
        """Without what is told."""
        return queryset.defer("payload")

    def sections(self, request: HttpRequest, obj: Announcement) -> Sequence[Section]:
        """What is told, and to whom."""
        facts = [
            Fact("Type", obj.type),
            Fact("Id", copyable(str(obj.public_id))),
            Fact("Made of", obj.origin),
            Fact("Happened", moment(obj.happened_at, seconds=True)),
            Fact("Made", moment(obj.made_at, seconds=True)),
        ]
        body = Section(title="What is sent", html=block(indented(to_json(envelope(obj)))))
        return [
            Section(title="Announcement", facts=facts),
            body,
            _messages(obj.dispatches.order_by("-pk")[:MOST_SHOWN]),
        ]

    @admin.display(description="Happened", ordering="id")
    def happened(self, obj: Announcement) -> str:
        """When."""
        return moment(obj.happened_at, seconds=True)


@admin.register(Dispatch)
class DispatchAdmin(ReadOnlyAdmin[Dispatch]):
    """Each message to a consumer, and what came of its tries."""

    list_display = ("badge", "what", "address", "made", "tries", "next_try", "problem")
    list_display_links = ("what",)
    list_filter = ("state",)
    search_fields = ("=consumer__id", "=announcement__public_id")
    search_help_text = "The whole id of a consumer or a message."
    buttons = (Button(name="replay", label="Send again", permission="events.change_dispatch"),)

    def for_list(self, queryset: QuerySet[Dispatch]) -> QuerySet[Dispatch]:
        """With what it names, without what is long or secret."""
        rows = queryset.select_related("announcement", "consumer")
        return rows.defer("tries_told", "announcement__payload", "consumer__secrets")

    def sections(self, request: HttpRequest, obj: Dispatch) -> Sequence[Section]:
        """The message, and its latest tries."""
        facts = [
            Fact("State", dispatch_badge(obj)),
            Fact("What", link(row_url(obj.announcement), obj.announcement.type)),
            Fact("To", link(row_url(obj.consumer), shown(obj.consumer.url)), wide=True),
            Fact("Made", moment(obj.made_at, seconds=True)),
            Fact("Arrived", moment(obj.arrived_at, seconds=True)),
            Fact("Next try", moment(obj.next_try_at, seconds=True)),
            Fact("Replay of", link(row_url(obj.replay_of), str(obj.replay_of_id)) if obj.replay_of else ""),
        ]
        rows = [(one["at"], str(one["status"] or ""), f"{one['milliseconds']} ms", one["problem"]) for one in
                obj.tries_told]  # fmt: skip
        tries = Table(head=("At", "Status", "Took", "Problem"), rows=rows, empty="It was not tried yet.")
        return [Section(title="Message", facts=facts), Section(title="Latest tries", table=tries)]

    def replay(self, request: HttpRequest, obj: Dispatch) -> HttpResponse:
        """Ask, and then send it again."""
        form, back = SureForm(form_data(request)), row_url(obj)
        if form.is_valid():
            try:
                return HttpResponseRedirect(row_url(services.replay(obj, name_of(request.user))))
            except services.CannotDo as error:
                say(request, error.message, level=messages.ERROR)
                return HttpResponseRedirect(back)
        effects = ("The same message goes out once more, with the same id. What waits still is tried at once instead.",)
        question = Question(title="Send again", effects=effects, submit="Send again", cancel_url=back, form=form)
        return ask(request, self.page_context(request, obj, question.title), question)

    @admin.display(description="State", ordering="state")
    def badge(self, obj: Dispatch) -> SafeString:
        """Word, shape and colour."""
        return dispatch_badge(obj)

    @admin.display(description="What")
    def what(self, obj: Dispatch) -> str:
        """The type."""
        return obj.announcement.type

    @admin.display(description="To")
    def address(self, obj: Dispatch) -> str:
        """Without its query."""
        return shown(obj.consumer.url)

    @admin.display(description="Made", ordering="id")
    def made(self, obj: Dispatch) -> str:
        """When."""
        return moment(obj.made_at)

    @admin.display(description="Next try", ordering="next_try_at")
    def next_try(self, obj: Dispatch) -> str:
        """When it is tried again."""
        return moment(obj.next_try_at)


def _messages(found: Iterable[Dispatch]) -> Section:
    rows = [
        (moment(one.made_at, seconds=True), dispatch_badge(one), link(row_url(one), f"Message {one.pk}"), one.problem)
        for one in found
    ]
    return Section(title="Messages", table=Table(head=("Made", "State", "Message", "Problem"), rows=rows))
