"""Ranges of journal numbers that were left out, with the reason, for staff and for auditors."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.postings.models import VoidNumbers
from portal.staff.base import ReadOnlyAdmin, row_url
from portal.staff.filters import CompanyFilter
from portal.staff.formats import link, moment
from portal.staff.sections import Fact, Section


@admin.register(VoidNumbers)
class VoidNumbersAdmin(ReadOnlyAdmin[VoidNumbers]):
    """Written by `manage.py after_restore` alone."""

    list_display = ("range", "company", "count", "when", "who")
    list_display_links = ("range",)
    list_filter = (CompanyFilter,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[VoidNumbers]:
        """With the company that it shows."""
        return super().get_queryset(request).select_related("company")

    def sections(self, request: HttpRequest, obj: VoidNumbers) -> Sequence[Section]:
        """The range and its reason."""
        facts = [
            Fact("Numbers", str(obj)),
            Fact("How many", f"{obj.last - obj.first + 1:,}"),
            Fact("Company", link(row_url(obj.company), obj.company.name)),
            Fact("Left out", moment(obj.at, seconds=True)),
            Fact("By", obj.who),
            Fact("Why", obj.why, wide=True),
        ]
        note = "None of these numbers is ever given again. Documents under them may stand in the accounting system."
        return [Section(title="Numbers left out", facts=facts, note=note)]

    @admin.display(description="Numbers", ordering="id")
    def range(self, obj: VoidNumbers) -> str:
        """From, and to."""
        return str(obj)

    @admin.display(description="How many")
    def count(self, obj: VoidNumbers) -> str:
        """The length of the range."""
        return f"{obj.last - obj.first + 1:,}"

    @admin.display(description="Left out", ordering="at")
    def when(self, obj: VoidNumbers) -> str:
        """When it was left out."""
        return moment(obj.at)
