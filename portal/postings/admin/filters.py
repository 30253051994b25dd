"""List filters of postings and transactions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portal.postings.states import NEEDS_A_PERSON, UNDER_WAY, State
from portal.staff.filters import CompanyFilter

GROUPS: Final = {"person": NEEDS_A_PERSON, "under-way": UNDER_WAY}
OLDER_THAN: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


class StateFilter(admin.SimpleListFilter):
    """By state, or by what the state asks for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What needs a person first."""
        groups = [("person", "Needs a person"), ("under-way", "Under way")]
        return groups + [(state.value, str(state.label)) for state in State]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """A group of states, or one."""
        value = self.value()
        return queryset.filter(state__in=sorted(GROUPS.get(value, {value}))) if value else queryset


class AgeFilter(admin.SimpleListFilter):
    """By how long ago it came in."""

    title = "age"
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Young and old."""
        return [
            ("today", "Less than a day"),
            ("hour", "More than an hour"),
            ("day", "More than a day"),
            ("week", "More than a week"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Before or after a moment."""
        value, now = self.value(), timezone.now()
        if value == "today":
            return queryset.filter(created_at__gt=now - timedelta(days=1))
        if value in OLDER_THAN:
            return queryset.filter(created_at__lte=now - OLDER_THAN[value])
        return queryset


class PostingCompanyFilter(CompanyFilter):
    """A posting belongs to the company of its connection."""

    path = "connection__company_id"
