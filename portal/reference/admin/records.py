"""Mirrored reference data and the lists at the sources, for staff: to look at, never to change."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.reference.admin.filters import CodeCompanyFilter, ConnectionFilter
from portal.reference.sync.models import Record, SourceList
from portal.staff.base import ReadOnlyAdmin, row_url
from portal.staff.formats import copyable, link, moment
from portal.staff.sections import Fact, Section, Table
from portal.tones import CLOSED, PERSON, POSTED, tone


class RefusedFilter(admin.SimpleListFilter):
    """Only what the source does not take."""

    title = "refused"
    parameter_name = "refused"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """One choice beside all."""
        return [("yes", "Refused by the source")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Record]) -> QuerySet[Record]:
        """The rows with a reason."""
        return queryset.exclude(refused="") if self.value() == "yes" else queryset


@admin.register(Record)
class RecordAdmin(ReadOnlyAdmin[Record]):
    """One row as the accounting system told it last, and what the source has of it."""

    list_display = ("code", "name", "kind", "dimension", "company_name", "integration", "there", "changed")
    list_display_links = ("code", "name")
    list_filter = (RefusedFilter, "kind", "is_active", CodeCompanyFilter, ConnectionFilter)
    search_fields = ("code__startswith", "=external_id")
    search_help_text = "The beginning of a code, in its own letters, or the accounting system’s whole id."
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Record]:
        """With the company."""
        return super().get_queryset(request).select_related("connection__company")

    def for_list(self, queryset: QuerySet[Record]) -> QuerySet[Record]:
        """Without what it does not show."""
        return queryset.defer("connection__secrets", "connection__settings", "details")

    def sections(self, request: HttpRequest, obj: Record) -> Sequence[Section]:
        """Both sides of it."""
        connection = obj.connection
        here = [
            Fact("Company", link(row_url(connection.company), connection.company.name)),
            Fact("Accounting system", link(row_url(connection), connection.integration)),
            Fact("Kind", str(obj.get_kind_display())),
            Fact("Dimension", obj.dimension),
            Fact("Code", copyable(obj.code)),
            Fact("Name", obj.name, wide=True),
            Fact("External id", copyable(obj.external_id)),
            Fact("Active", "Yes" if obj.is_active else "No"),
            Fact("Last different", moment(obj.changed_at, seconds=True)),
        ]
        there = [Fact("State", at_the_source(obj)), Fact("Code there", copyable(obj.pushed_code))]
        there += [Fact("Why not", obj.refused, wide=True)] if obj.refused else []
        details = Table(head=("Detail", "Value"), rows=[(name, str(value)) for name, value in obj.details.items()])
        return [
            Section(title="As the accounting system told it", facts=here),
            Section(title="At the source", facts=there),
            Section(title="Details", table=details),
        ]

    @admin.display(description="Company", ordering="connection__company__name")
    def company_name(self, obj: Record) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="From", ordering="connection__integration")
    def integration(self, obj: Record) -> str:
        """The accounting system."""
        return obj.connection.integration

    @admin.display(description="At the source")
    def there(self, obj: Record) -> str:
        """Whether the source has it."""
        return at_the_source(obj)

    @admin.display(description="Changed", ordering="changed_at")
    def changed(self, obj: Record) -> str:
        """When it was last different."""
        return moment(obj.changed_at)


@admin.register(SourceList)
class SourceListAdmin(ReadOnlyAdmin[SourceList]):
    """One list at a source, as we keep it there."""

    list_display = ("company_name", "kind", "dimension", "state", "rows", "replaced", "broke_off")
    list_display_links = ("company_name", "kind")
    list_filter = ("is_incomplete", "kind", CodeCompanyFilter)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SourceList]:
        """With the company."""
        return super().get_queryset(request).select_related("connection__company")

    def for_list(self, queryset: QuerySet[SourceList]) -> QuerySet[SourceList]:
        """Without the connection's settings."""
        return queryset.defer("connection__secrets", "connection__settings")

    def sections(self, request: HttpRequest, obj: SourceList) -> Sequence[Section]:
        """How it stands."""
        facts = [
            Fact("State", self.state(obj)),
            Fact("Company", link(row_url(obj.connection.company), obj.connection.company.name)),
            Fact("Source", link(row_url(obj.connection), obj.connection.integration)),
            Fact("Rows of ours", f"{obj.rows:,}"),
            Fact("Replaced", moment(obj.replaced_at, seconds=True)),
            Fact("Broke off", moment(obj.broke_off_at, seconds=True)),
        ]
        note = "A replacement broke off: the next sync sends the list from its first row." if obj.is_incomplete else ""
        return [Section(title="At the source", note=note, facts=facts)]

    @admin.display(description="Company", ordering="connection__company__name")
    def company_name(self, obj: SourceList) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="State", ordering="is_incomplete")
    def state(self, obj: SourceList) -> str:
        """Whole, or broken off in the middle."""
        return tone(PERSON, "Incomplete") if obj.is_incomplete else tone(POSTED, "Whole")

    @admin.display(description="Replaced", ordering="replaced_at")
    def replaced(self, obj: SourceList) -> str:
        """When the last replacement reached its end."""
        return moment(obj.replaced_at)

    @admin.display(description="Broke off", ordering="broke_off_at")
    def broke_off(self, obj: SourceList) -> str:
        """When one did not."""
        return moment(obj.broke_off_at)


def at_the_source(record: Record) -> str:
    """Whether the source has a record."""
    if record.refused:
        return tone(PERSON, "Refused")
    return tone(POSTED, "There") if record.pushed_code else tone(CLOSED, "Not there")
