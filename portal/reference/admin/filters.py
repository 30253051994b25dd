"""Filters of the list of mapped codes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.reference.rules import DIMENSION, FAMILIES, family_words
from portal.staff.filters import CompanyFilter


class CodeCompanyFilter(CompanyFilter):
    """A row belongs to the company of its connection."""

    path = "connection__company_id"


class FamilyFilter(admin.SimpleListFilter):
    """By family; all dimensions together, or the one that a link names."""

    title = "codes"
    parameter_name = "family"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The families, never asked of the table."""
        shown = [(family, words.capitalize()) for family, words in FAMILIES.items()]
        shown.append((DIMENSION, "Dimensions"))
        chosen = self.value()
        return [*shown, (chosen, family_words(chosen))] if chosen and chosen not in dict(shown) else shown

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the chosen family."""
        chosen = self.value()
        if chosen == DIMENSION:
            return queryset.filter(family__startswith=DIMENSION)
        return queryset.filter(family=chosen) if chosen else queryset


class ConnectionFilter(admin.SimpleListFilter):
    """By connection, for links from its mapping: a company that was linked anew has two."""

    title = "connection"
    parameter_name = "connection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Only the one that is chosen."""
        return [(self.value() or "", "One connection")] if self.value() else []

    def has_output(self) -> bool:
        """Only while one is chosen."""
        return bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the chosen one; none for something that is no id."""
        if not self.value():
            return queryset
        try:
            return queryset.filter(connection_id=UUID(self.value() or ""))
        except ValueError:
            return queryset.none()
