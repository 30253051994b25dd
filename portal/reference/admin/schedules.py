"""When each kind of reference data is synchronised, for staff: changed, and run now."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from portal.reference.admin.filters import CodeCompanyFilter, ConnectionFilter
from portal.reference.admin.syncs import AGAIN, FULL, start
from portal.reference.sync import schedules
from portal.reference.sync.models import SyncSchedule
from portal.staff.base import StaffAdmin, name_of
from portal.staff.formats import moment


@admin.register(SyncSchedule)
class SyncScheduleAdmin(StaffAdmin[SyncSchedule]):
    """One kind of one connection. The row is made with the link, and goes with it."""

    fields = ("frequency", "at", "weekday", "day")
    list_display = ("company_name", "kind", "integration", "shown_words", "next_run")
    list_display_links = ("company_name", "kind")
    list_filter = ("frequency", "kind", CodeCompanyFilter, ConnectionFilter)
    buttons = (AGAIN, FULL)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncSchedule]:
        """With the company, and its clock."""
        return super().get_queryset(request).select_related("connection__company__tenant")

    def for_list(self, queryset: QuerySet[SyncSchedule]) -> QuerySet[SyncSchedule]:
        """Without the connection's settings."""
        return queryset.defer("connection__secrets", "connection__settings")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: each kind that a system reads has one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: switch it off."""
        return False

    def save_model(self, request: HttpRequest, obj: SyncSchedule, form: forms.ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        """Through the service, which also says when it runs next."""
        chosen = {name: form.cleaned_data[name] for name in self.fields}
        schedules.save(obj, who=name_of(request.user), **chosen)

    def log_change(self, request: HttpRequest, obj: SyncSchedule, message: Any) -> Any:
        """The service has told the audit trail already."""
        return admin.ModelAdmin.log_change(self, request, obj, message)

    def again(self, request: HttpRequest, obj: SyncSchedule) -> HttpResponse:
        """Synchronise it now."""
        return start(request, self.page_context(request, obj, AGAIN.label), obj, full=False)

    def full(self, request: HttpRequest, obj: SyncSchedule) -> HttpResponse:
        """Synchronise it now and send everything."""
        return start(request, self.page_context(request, obj, FULL.label), obj, full=True)

    @admin.display(description="Company", ordering="connection__company__name")
    def company_name(self, obj: SyncSchedule) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="From", ordering="connection__integration")
    def integration(self, obj: SyncSchedule) -> str:
        """The accounting system."""
        return obj.connection.integration

    @admin.display(description="When", ordering="frequency")
    def shown_words(self, obj: SyncSchedule) -> str:
        """In words, on the tenant's clock."""
        return schedules.words(obj)

    @admin.display(description="Next", ordering="next_at")
    def next_run(self, obj: SyncSchedule) -> str:
        """When it runs by itself."""
        return moment(obj.next_at)
