"""Messages of outside systems' own webhooks, for staff. Read-only."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.http import HttpRequest

from portal.intake.models import VendorMessage
from portal.staff.base import ReadOnlyAdmin, row_url
from portal.staff.formats import copyable, link, moment
from portal.staff.sections import Fact, Section, Table

EMPTY = "It hinted at nothing that we ask for."


@admin.register(VendorMessage)
class VendorMessageAdmin(ReadOnlyAdmin[VendorMessage]):
    """What vendors said, and what it made us ask."""

    list_display = ("received", "integration", "about", "connection", "repeats")
    list_display_links = ("received",)
    list_select_related = ("connection__company",)
    list_filter = ("integration",)
    search_fields = ("=message_id", "=about")
    search_help_text = "A message's whole id, or what it is called, such as connection.disconnected."

    def sections(self, request: HttpRequest, obj: VendorMessage) -> Sequence[Section]:
        """When, from whom, and what came of it."""
        there = link(row_url(obj.connection), str(obj.connection)) if obj.connection else "None of ours"
        facts = [
            Fact("Received", moment(obj.received_at, seconds=True)),
            Fact("Integration", obj.integration),
            Fact("About", obj.about),
            Fact("Connection", there),
            Fact("Sent again", f"{obj.repeats:,} times"),
            Fact("Id", copyable(obj.message_id), wide=True),
        ]
        effects = Table(head=("What it led to",), rows=[(word,) for word in obj.effects], empty=EMPTY)
        note = "A message is a hint: what it says is asked for at the system itself before anything changes."
        return [Section(title="Message", facts=facts), Section(title="Effects", note=note, table=effects)]

    @admin.display(description="Received", ordering="received_at")
    def received(self, obj: VendorMessage) -> str:
        """When it came first."""
        return moment(obj.received_at, seconds=True)
