"""Tenants, their members and their companies for staff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from integrations.currencies import MINOR_UNITS
from portal.staff.base import StaffAdmin, TabularInline, changelist_url, row_url
from portal.staff.formats import NOTHING, copyable, link, moment
from portal.staff.sections import Fact, Section, Table
from portal.tenants.models import Company, Member, Tenant

WAYS_ON = (
    ("Postings", "postings_posting"),
    ("Transactions", "postings_transaction"),
    ("Deliveries", "intake_delivery"),
)


class MemberInline(TabularInline[Member, Tenant]):
    """Who may log in for a tenant."""

    model = Member
    fields = ("user", "role")
    autocomplete_fields = ("user",)
    extra = 0


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]
    """A tenant whose time zone exists."""

    def clean_time_zone(self) -> str:
        """A name of the tz database, such as Europe/London."""
        name = str(self.cleaned_data["time_zone"])
        if name not in available_timezones():
            raise ValidationError(f"There is no time zone “{name}”. Europe/London is one.")
        return name


class CompanyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A company whose currency exists."""

    def clean_base_currency(self) -> str:
        """An ISO 4217 code, in whatever case it was typed."""
        code = str(self.cleaned_data["base_currency"]).upper()
        if code not in MINOR_UNITS:
            raise ValidationError(f"“{code}” is no ISO 4217 code of a currency. GBP is one.")
        return code


@admin.register(Tenant)
class TenantAdmin(StaffAdmin[Tenant]):
    """Our customers."""

    form = TenantForm
    list_display = ("name", "time_zone", "company_count", "member_count", "since")
    search_fields = ("name", "=id")
    search_help_text = "A part of the name, or the whole id."
    fields = ("name", "time_zone")
    inlines = (MemberInline,)

    def for_list(self, queryset: QuerySet[Tenant]) -> QuerySet[Tenant]:
        """With the numbers that it shows."""
        return queryset.annotate(
            companies_in_all=Count("companies", distinct=True), members_in_all=Count("members", distinct=True)
        )

    def sections(self, request: HttpRequest, obj: Tenant) -> Sequence[Section]:
        """The tenant's companies."""
        companies = obj.companies.prefetch_related("connections")[:200]
        rows = [(link(row_url(company), company.name), _live(company), _links(company)) for company in companies]
        table = Table(head=("Company", "Live", "Connections"), rows=rows, empty="No companies yet.")
        return [
            Section(title="Companies", table=table),
            Section(title="Identity", facts=[Fact("Id", copyable(str(obj.pk)), wide=True)]),
        ]

    @admin.display(description="Companies", ordering="companies_in_all")
    def company_count(self, obj: Tenant) -> int:
        """How many legal entities."""
        return int(getattr(obj, "companies_in_all", 0))

    @admin.display(description="Members", ordering="members_in_all")
    def member_count(self, obj: Tenant) -> int:
        """How many people."""
        return int(getattr(obj, "members_in_all", 0))

    @admin.display(description="Since", ordering="created_at")
    def since(self, obj: Tenant) -> str:
        """When it was made."""
        return moment(obj.created_at)


class LiveFilter(admin.SimpleListFilter):
    """Companies whose deliveries are booked, and those that are still being set up."""

    title = "live"
    parameter_name = "live"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two choices."""
        return [("yes", "Live"), ("no", "Not live yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Company]) -> QuerySet[Company]:
        """Live means that the moment has come."""
        live = Q(live_at__isnull=False, live_at__lte=timezone.now())
        return {"yes": queryset.filter(live), "no": queryset.exclude(live)}.get(self.value() or "", queryset)


@admin.register(Company)
class CompanyAdmin(StaffAdmin[Company]):
    """One legal entity, and how it is linked. It stays with its tenant: its transactions are that tenant's alone."""

    form = CompanyForm
    list_display = ("name", "tenant", "base_currency", "live", "links")
    list_select_related = ("tenant",)
    list_filter = (LiveFilter,)
    search_fields = ("name", "tenant__name", "=id")
    search_help_text = "A part of the company's or the tenant's name, or the whole id."
    fields = ("tenant", "name", "base_currency", "live_at")
    autocomplete_fields = ("tenant",)

    def for_list(self, queryset: QuerySet[Company]) -> QuerySet[Company]:
        """With the connections that it shows."""
        return queryset.prefetch_related("connections")

    def get_readonly_fields(self, request: HttpRequest, obj: Company | None = None) -> tuple[str, ...]:
        """The tenant is chosen once."""
        return ("tenant",) if obj else ()

    def sections(self, request: HttpRequest, obj: Company) -> Sequence[Section]:
        """How it is linked, and the way to its postings."""
        connections = obj.connections.order_by("side", "-created_at")[:50]
        rows = [
            (
                link(row_url(one), one.integration),
                one.get_side_display(),
                _status(one),
                one.external_company_name,
                moment(one.linked_at),
            )
            for one in connections
        ]
        table = Table(head=("Connection", "Side", "Status", "Over there", "Linked"), rows=rows, empty="Not linked yet.")
        return [Section(title="Connections", table=table), Section(title="Where to look", facts=_ways_on(obj))]

    @admin.display(description="Live", ordering="live_at")
    def live(self, obj: Company) -> str:
        """Since when its deliveries are booked."""
        return _live(obj)

    @admin.display(description="Connections")
    def links(self, obj: Company) -> str:
        """What it is linked to, in words."""
        return _links(obj)


def _live(company: Company) -> str:
    if company.live_at is None:
        return "Not live yet"
    return (
        moment(company.live_at)
        if company.live_at <= timezone.now()
        else format_html("From {}", moment(company.live_at))
    )


def _links(company: Company) -> str:
    return ", ".join(f"{one.integration}: {_status(one)}" for one in company.connections.all()) or NOTHING


def _status(connection: Any) -> str:
    """This room may not know the next one, but a company's rows may be asked what they say of themselves."""
    status = str(connection.get_status_display())
    return f"{status}, paused" if connection.paused else status


def _ways_on(company: Company) -> list[Fact]:
    return [
        Fact("Id", copyable(str(company.pk)), wide=True),
        *(
            Fact(label, link(changelist_url(name, f"company={company.pk}"), f"{label} of this company"))
            for label, name in WAYS_ON
        ),
    ]
