"""Calls that were refused, for staff: counted, with the header names of the latest. Read-only."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.http import HttpRequest

from portal.intake.models import RefusedCalls
from portal.staff.base import ReadOnlyAdmin
from portal.staff.formats import copyable, moment
from portal.staff.sections import Fact, Section, Table


@admin.register(RefusedCalls)
class RefusedCallsAdmin(ReadOnlyAdmin[RefusedCalls]):
    """Calls without a good token, counted per endpoint and hour."""

    list_display = ("hour_called", "endpoint_id_called", "count", "shown_names", "last")
    list_display_links = ("hour_called",)
    search_fields = ("=endpoint_id_called",)
    search_help_text = "An endpoint's whole id, or unknown."

    def sections(self, request: HttpRequest, obj: RefusedCalls) -> Sequence[Section]:
        """The count, and which headers the latest call had."""
        facts = [
            Fact("Hour", moment(obj.hour)),
            Fact("Endpoint called", copyable(obj.endpoint_id_called)),
            Fact("Refused calls", f"{obj.count:,}"),
            Fact("Latest", moment(obj.last_at, seconds=True)),
        ]
        names = Table(head=("Header names of the latest call",), rows=[(name,) for name in obj.header_names])
        note = "Values are never kept. Does one look like a token's header? Name it at the endpoint, or open discovery."
        return [Section(title="Refused calls", facts=facts), Section(title="Headers", note=note, table=names)]

    @admin.display(description="Hour", ordering="hour")
    def hour_called(self, obj: RefusedCalls) -> str:
        """The hour in which they came."""
        return moment(obj.hour)

    @admin.display(description="Header names of the latest call")
    def shown_names(self, obj: RefusedCalls) -> str:
        """What the latest call brought."""
        return ", ".join(obj.header_names)

    @admin.display(description="Latest", ordering="last_at")
    def last(self, obj: RefusedCalls) -> str:
        """When the latest came."""
        return moment(obj.last_at, seconds=True)
