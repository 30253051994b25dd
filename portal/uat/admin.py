"""Rounds of acceptance tests, for staff. Read-only: customers record what they find on their own pages."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.http import HttpRequest

from portal.staff.base import ReadOnlyAdmin
from portal.staff.formats import moment
from portal.staff.sections import Fact, Section, Table
from portal.uat.models import Round
from portal.uat.services import stands


@admin.register(Round)
class RoundAdmin(ReadOnlyAdmin[Round]):
    """What a customer tried, and what came of it."""

    list_display = ("shown", "connection", "began", "began_by")
    list_display_links = ("shown",)
    list_select_related = ("connection__company",)
    search_fields = ("=connection__id",)
    search_help_text = "A connection's whole id."

    def sections(self, request: HttpRequest, obj: Round) -> Sequence[Section]:
        """Every step, with all that was found."""
        facts = [
            Fact("Connection", str(obj.connection)), Fact("Begun", moment(obj.began_at)), Fact("By", obj.began_by),
        ]  # fmt: skip
        rows = [
            (each.step.title, one.get_outcome_display(), one.note, one.who, moment(one.at))
            for each in stands(obj)
            for one in each.findings
        ]
        table = Table(head=("Step", "Outcome", "Note", "Who", "When"), rows=rows)
        return [Section(title=str(obj), facts=facts), Section(title="What was found", table=table)]

    @admin.display(description="Round", ordering="number")
    def shown(self, obj: Round) -> str:
        """Its number."""
        return str(obj)

    @admin.display(description="Begun", ordering="began_at")
    def began(self, obj: Round) -> str:
        """When it was begun."""
        return moment(obj.began_at)
