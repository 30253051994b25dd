"""The mapping of each accounting connection for staff: its rules, its tables, files in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.reference.admin.import_pages import ImportPages
from portal.reference.admin.overview import in_words, what_becomes, whose
from portal.reference.mending import gaps_url, refused_url
from portal.reference.models import CodeMapping
from portal.reference.rules_form import fieldsets_for, form_for
from portal.reference.services import save_rules
from portal.reference.table_files import csv_lines
from portal.staff.base import Button, name_of, row_url, say
from portal.staff.filters import CompanyFilter
from portal.staff.sections import Section

VIEW = "reference.view_codemapping"
EXPORT = Button(name="export", label="Export", permission=VIEW)
GAPS = Button(name="gaps", label="Gaps", permission="postings.view_posting")
RETRY = Button(name="refused", label="Retry what was refused", permission="postings.retry_posting")

SAVED = "Saved. It counts for whatever is sent from now on; what was refused stays so until it is retried."


@admin.register(CodeMapping)
class CodeMappingAdmin(ImportPages):
    """A mapping exists with its connection: it is neither added nor deleted."""

    list_display = ("integration", "company", "tenant", "summary")
    list_display_links = ("integration", "company")
    list_select_related = ("company__tenant",)
    list_filter = (CompanyFilter,)
    search_fields = ("company__name", "external_company_name", "=integration", "=id")
    search_help_text = "A part of a company's name, or a whole id."
    ordering = ("-created_at",)
    buttons = (*ImportPages.buttons, EXPORT, GAPS, RETRY)
    sections_first = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[CodeMapping]:
        """Secrets are not even read."""
        return super().get_queryset(request).select_related("company__tenant").defer("secrets", "settings")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: link a company instead."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    # --- the form ----------------------------------------------------------------------------------------------------

    def get_form(
        self, request: HttpRequest, obj: CodeMapping | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The fields follow the rules."""
        if obj is not None and self.has_change_permission(request, obj):
            kwargs = {**kwargs, "form": form_for(obj), "fields": None}
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: CodeMapping | None = None) -> Any:
        """Nothing to fill in for who may only look: the sections say it all."""
        if obj is None or not self.has_change_permission(request, obj):
            return []
        return fieldsets_for(form_for(obj))

    def save_model(self, request: HttpRequest, obj: CodeMapping, form: Any, change: bool) -> None:
        """Write the rules."""
        save_rules(obj, form.rules(), who=name_of(request.user))

    def log_change(self, request: HttpRequest, obj: CodeMapping, message: Any) -> Any:
        """The service has told the audit trail already, with the rules before and after."""
        return admin.ModelAdmin.log_change(self, request, obj, message)

    def response_change(self, request: HttpRequest, obj: CodeMapping) -> HttpResponse:
        """Back to the page: what was refused may be retried next."""
        say(
            request, "Saved. It counts for whatever is sent from now on; what was refused stays so until it is retried."
        )
        return HttpResponseRedirect(row_url(obj))

    # --- the pages behind the buttons --------------------------------------------------------------------------------

    def button_url(self, obj: CodeMapping, button: Button) -> str:
        """Two of them belong to a room above this one."""
        if button is GAPS:
            return gaps_url(obj.pk)
        return refused_url(obj.pk) if button is RETRY else super().button_url(obj, button)

    def export(self, request: HttpRequest, obj: CodeMapping) -> HttpResponse:
        """All tables as one CSV file."""
        answer = HttpResponse(csv_lines(obj), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="mapping-{obj.pk}.csv"'
        return answer

    def gaps(self, request: HttpRequest, obj: CodeMapping) -> HttpResponse:
        """On to the postings."""
        return HttpResponseRedirect(gaps_url(obj.pk))

    def refused(self, request: HttpRequest, obj: CodeMapping) -> HttpResponse:
        """On to the postings."""
        return HttpResponseRedirect(refused_url(obj.pk))

    # --- what the pages show -----------------------------------------------------------------------------------------

    def sections(self, request: HttpRequest, obj: CodeMapping) -> Sequence[Section]:
        """Whose it is, and what becomes of each family."""
        return [whose(obj), what_becomes(obj)]

    @admin.display(description="Company", ordering="company__name")
    def company(self, obj: CodeMapping) -> str:
        """Whose."""
        return obj.company.name

    @admin.display(description="Tenant", ordering="company__tenant__name")
    def tenant(self, obj: CodeMapping) -> str:
        """Whose company it is."""
        return obj.company.tenant.name

    @admin.display(description="Codes")
    def summary(self, obj: CodeMapping) -> str:
        """What is not plain, in words."""
        return in_words(obj)
