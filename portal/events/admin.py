"""The audit trail for staff: everything that somebody did, newest first, read-only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.events.models import AuditEvent
from portal.staff.base import ReadOnlyAdmin
from portal.staff.formats import block, copyable, json_text, moment
from portal.staff.sections import Fact, Section


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
