"""For staff: the audit trail, what waits for a person, and who was told of it. All of it read-only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from portal.events.models import Alert, AuditEvent, Matter
from portal.staff.base import ReadOnlyAdmin, row_url
from portal.staff.formats import age, block, copyable, json_text, link, moment
from portal.staff.sections import Fact, Section, Table
from portal.tones import CLOSED, PERSON, POSTED, WAITING, tone

MOST_SHOWN = 100


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin[AuditEvent]):
    """Who did what to what, and when."""

    list_display = ("shown_at", "who", "verb", "message", "subject")
    list_display_links = ("shown_at",)
    list_filter = ("at",)
    search_fields = ("=who", "=verb", "=subject_id")
    search_help_text = "A whole user name, verb (posting.retried) or id."

    def for_list(self, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """Without the details."""
        return queryset.defer("details")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Other pages link here with the row that they are about."""
        return lookup in {"subject_type", "subject_id"} or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def sections(self, request: HttpRequest, obj: AuditEvent) -> Sequence[Section]:
        """The whole event."""
        facts = [
            Fact("When", moment(obj.at, seconds=True)),
            Fact("Who", obj.who),
            Fact("Did", obj.verb),
            Fact("To", f"{obj.subject_type} {obj.subject_id}"),
            Fact("Tenant", copyable(str(obj.tenant_id or ""))),
            Fact("Company", copyable(str(obj.company_id or ""))),
        ]
        return [
            Section(title="Event", facts=facts, note=obj.message),
            Section(title="Details", html=block(json_text(obj.details))),
        ]

    @admin.display(description="At", ordering="id")
    def shown_at(self, obj: AuditEvent) -> str:
        """When."""
        return moment(obj.at, seconds=True)

    @admin.display(description="Subject")
    def subject(self, obj: AuditEvent) -> str:
        """What it was done to."""
        return f"{obj.subject_type} {obj.subject_id}"


class OpenFilter(admin.SimpleListFilter):
    """Whether it waits still."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Waiting, or settled."""
        return [("waiting", "Waiting"), ("settled", "Settled")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the chosen state."""
        value = self.value()
        return queryset.filter(settled_at__isnull=value == "waiting") if value else queryset


@admin.register(Matter)
class MatterAdmin(ReadOnlyAdmin[Matter]):
    """What waits for a person, or did."""

    list_display = ("badge", "title", "kind", "waits_since", "noticed", "settled")
    list_display_links = ("title",)
    list_filter = (OpenFilter,)
    search_fields = ("=kind", "=subject_id")
    search_help_text = "A whole kind (posting.held), or the id of what waits."

    def sections(self, request: HttpRequest, obj: Matter) -> Sequence[Section]:
        """The matter, and who was told when."""
        facts = [
            Fact("State", self.badge(obj)),
            Fact("Kind", obj.kind),
            Fact("What", link(obj.path, obj.title), wide=True),
            Fact("Waits since", moment(obj.since, seconds=True)),
            Fact("Noticed", moment(obj.noticed_at, seconds=True)),
            Fact("Settled", moment(obj.settled_at, seconds=True)),
        ]
        told = obj.alerts.defer("text", "html").order_by("-id")[:MOST_SHOWN]
        rows = [
            (moment(one.made_at), one.recipient, moment(one.sent_at), link(row_url(one), one.subject)) for one in told
        ]
        table = Table(head=("Written", "To", "Sent", "Mail"), rows=rows, empty="Nobody was told by mail.")
        return [Section(title="What waits", facts=facts), Section(title="Who was told", table=table)]

    @admin.display(description="State", ordering="settled_at")
    def badge(self, obj: Matter) -> SafeString:
        """Word, shape and colour."""
        return tone(PERSON, "Waiting") if obj.settled_at is None else tone(CLOSED, "Settled")

    @admin.display(description="Waits for", ordering="since")
    def waits_since(self, obj: Matter) -> str:
        """For how long, or for how long it did."""
        return age(obj.since, obj.settled_at or timezone.now())

    @admin.display(description="Noticed", ordering="noticed_at")
    def noticed(self, obj: Matter) -> str:
        """When the portal saw it first."""
        return moment(obj.noticed_at)

    @admin.display(description="Settled", ordering="settled_at")
    def settled(self, obj: Matter) -> str:
        """Since when it waits no more."""
        return moment(obj.settled_at)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin[Alert]):
    """Mails about what waits: to whom, when, and whether they went out."""

    list_display = ("badge", "subject", "recipient", "written", "sent", "tries", "problem")
    list_display_links = ("subject",)
    search_fields = ("=recipient",)
    search_help_text = "A whole address."

    def for_list(self, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        """Without the texts."""
        return queryset.defer("text", "html")

    def sections(self, request: HttpRequest, obj: Alert) -> Sequence[Section]:
        """The mail, and what it tells."""
        facts = [
            Fact("State", self.badge(obj)),
            Fact("To", copyable(obj.recipient)),
            Fact("Written", moment(obj.made_at, seconds=True)),
            Fact("Sent", moment(obj.sent_at, seconds=True)),
            Fact("Tries", str(obj.tries)),
            Fact("Tried again", moment(obj.next_try_at, seconds=True)),
            Fact("Problem", obj.problem, wide=True),
        ]
        rows = [(link(row_url(one), one.title), one.kind) for one in obj.matters.order_by("since")[:MOST_SHOWN]]
        note = f"The {MOST_SHOWN} that have waited longest." if len(rows) == MOST_SHOWN else ""
        told = Section(title="What it tells", note=note, table=Table(head=("What", "Kind"), rows=rows))
        return [Section(title="Mail", facts=facts), Section(title="Text", html=block(obj.text)), told]

    @admin.display(description="State", ordering="sent_at")
    def badge(self, obj: Alert) -> SafeString:
        """Word, shape and colour."""
        if obj.sent_at is not None:
            return tone(POSTED, "Sent")
        return tone(PERSON, "Not sent") if obj.tries else tone(WAITING, "Written")

    @admin.display(description="Written", ordering="made_at")
    def written(self, obj: Alert) -> str:
        """When it was put together."""
        return moment(obj.made_at)

    @admin.display(description="Sent", ordering="sent_at")
    def sent(self, obj: Alert) -> str:
        """When the mail server took it."""
        return moment(obj.sent_at)
