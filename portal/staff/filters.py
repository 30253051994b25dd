"""List filters that never ask a long table for its distinct values."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

COMPANIES_SHOWN: Final = 100


class CompanyFilter(admin.SimpleListFilter):
    """By company; `path` leads from the row to its id. Beyond a hundred companies, come from a company's own page."""

    title = "company"
    parameter_name = "company"
    path = "company_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The companies by name, and the one that is chosen whatever its place."""
        companies = apps.get_model("tenants", "Company").objects.order_by("name")
        shown = [(str(pk), name) for pk, name in companies.values_list("pk", "name")[:COMPANIES_SHOWN]]
        chosen = self._chosen()
        if chosen and str(chosen) not in dict(shown):
            shown += [(str(pk), name) for pk, name in companies.filter(pk=chosen).values_list("pk", "name")]
        return shown

    def has_output(self) -> bool:
        """Also with one company: it says what the list is about."""
        return bool(self.lookup_choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the chosen company; none for something that is no id."""
        if not self.value():
            return queryset
        chosen = self._chosen()
        return queryset.filter(**{self.path: chosen}) if chosen else queryset.none()

    def _chosen(self) -> UUID | None:
        try:
            return UUID(self.value() or "")
        except ValueError:
            return None
